//! The scheduler: from an accepted action to one stored answer per targeted agent.

pub mod flow;
