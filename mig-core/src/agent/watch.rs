//! What an agent tells others of its work.

use super::verify::Refusal;
use crate::{command::Command, scheduler::flow::AnswerStatus, time::Time};
use std::fmt::Debug;

/// Is told what an agent does, for status pages and programs that end when there is nothing to do. Called on the agent's
/// tasks: it must not block.
pub trait Watcher: Debug + Send + Sync + 'static {
    /// A message came. [`ended`](Self::ended) follows, whatever becomes of it.
    fn received(&self) {}

    /// A command was read and checked.
    fn judged(&self, command: &Command, refusal: Option<&Refusal>) {
        let _ = (command, refusal);
    }

    /// A command was run, or had been before, and its answer is about to be sent.
    fn answers(&self, command: &Command, status: AnswerStatus) {
        let _ = (command, status);
    }

    /// A message needs no further work.
    fn ended(&self) {}

    /// The relay took a heartbeat.
    fn heartbeat(&self, at: Time) {
        let _ = at;
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nobody;

impl Watcher for Nobody {}
