//! Who runs modules for the engine.

use super::{verify::VerifiedOperation, worker};
use crate::{command::ModuleResult, module::Effects, scheduler::flow::AnswerStatus};
use async_trait::async_trait;
use std::{fmt::Debug, time::Duration};

/// Runs operations, of verified actions only.
#[async_trait]
pub trait ModuleRunner: Debug + Send + Sync + 'static {
    /// Whether a module changes the machine; `None` if there is no such module.
    fn effects(&self, module: &str) -> Option<Effects>;

    /// Runs one operation to its end or to its limits. Every failure is an answer. Dropping the future ends the run.
    async fn run(&self, operation: VerifiedOperation<'_>, limits: RunLimits) -> RunAnswer;
}

/// What one operation may use.
#[derive(Clone, Copy, Debug)]
pub struct RunLimits {
    /// Wall-clock time.
    pub time: Duration,
    /// Size of its result, in bytes of JSON.
    pub result_bytes: usize,
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAnswer {
    /// What it makes of the status of the command.
    pub status: AnswerStatus,
    /// Its result.
    pub result: ModuleResult,
}

impl RunAnswer {
    /// A module answered.
    #[must_use]
    pub fn success(result: ModuleResult) -> Self {
        Self { status: AnswerStatus::Success, result }
    }

    /// No module answered.
    #[must_use]
    pub fn failed(reason: String) -> Self {
        Self::ended(AnswerStatus::Failed, ModuleResult::default(), reason)
    }

    /// There is no such module.
    #[must_use]
    pub fn unavailable(module: &str) -> Self {
        Self::failed(worker::unavailable(module))
    }

    /// The result is too large to be sent.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::failed(format!("the result is larger than {limit} bytes"))
    }

    /// The time limit ended the run; `partial` is what the module still could say.
    #[must_use]
    pub fn timeout(limit: Duration, partial: ModuleResult) -> Self {
        let reason = format!("the time limit of {limit:?} was reached");
        Self::ended(AnswerStatus::Timeout, partial, reason)
    }

    /// A run that ended badly, with the reason as last error of its result.
    #[must_use]
    pub fn ended(status: AnswerStatus, mut result: ModuleResult, reason: String) -> Self {
        result.success = false;
        result.errors.get_or_insert_default().push(reason);
        Self { status, result }
    }
}
