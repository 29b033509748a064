//! The scheduler: from an accepted action to one stored answer per targeted agent.
//!
//! * [`intake`]: what an action must be to be accepted.
//! * [`Scheduler`]: claims actions in the store, finds their agents, hands commands to the relay, takes answers and
//!   heartbeats, and lets expire what nobody answers.
//! * [`flow`]: the states of actions and commands, as pure functions.
//!
//! Any number of schedulers may share a store, and each may die at any instruction: what it has claimed is free for others
//! when its lease lapses or is released. Everything is done at least once, and doing it again changes nothing.

mod allow_list;
mod answers;
mod batch;
mod census;
mod engine;
mod events;
pub mod flow;
mod hand_over;
mod heartbeats;
pub mod intake;
mod launch;
mod periodic;
mod sweep;

pub(crate) use self::launch::Earlier;
pub use self::{
    allow_list::{AllowList, AllowListError},
    answers::{AnswerError, check_answer},
    census::Census,
    engine::{Options, Scheduler, SchedulerError},
    heartbeats::{HeartbeatError, check_heartbeat},
    launch::targeted_by_pages,
};
