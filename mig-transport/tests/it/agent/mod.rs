//! The agent over the relay in memory.

mod answers;
mod crashes;
mod refusals;
mod support;
mod watching;
