//! Modules in the process of the engine, for embedders that can not start children.

use super::{
    runner::{ModuleRunner, RunAnswer, RunLimits},
    session::{Budget, CancelHandle, RunSession},
    verify::VerifiedOperation,
    worker,
};
use crate::{
    command::ModuleResult,
    module::{Effects, Registry, Stop},
    scheduler::flow::AnswerStatus,
};
use async_trait::async_trait;
use std::time::Duration;
use tokio::{task::spawn_blocking, time::timeout};

/// How long a module may take from one checkpoint to the next before it is left alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs modules on threads of this process.
///
/// Weaker than [`ChildRunner`](super::ChildRunner): a module that passes no checkpoint can not be ended, its thread is left
/// to itself; its memory and its faults are those of this process.
#[derive(Clone, Debug)]
pub struct InProcessRunner {
    registry: Registry,
    budget: Budget,
}

impl InProcessRunner {
    /// A runner of these modules. The time of the budget is shortened to the limit of each run.
    #[must_use]
    pub fn new(registry: Registry, budget: Budget) -> Self {
        Self { registry, budget }
    }
}

#[async_trait]
impl ModuleRunner for InProcessRunner {
    fn effects(&self, module: &str) -> Option<Effects> {
        Some(self.registry.module(module)?.info().effects)
    }

    async fn run(&self, operation: VerifiedOperation<'_>, limits: RunLimits) -> RunAnswer {
        let operation = operation.get();
        let Some(module) = self.registry.module(&operation.module) else {
            return RunAnswer::unavailable(&operation.module);
        };
        let parameters = match operation.expanded_parameters() {
            Ok(parameters) => parameters,
            Err(error) => {
                return RunAnswer { status: AnswerStatus::Failed, result: module.failure(error.to_string()) };
            }
        };
        let time = self.budget.time.min(limits.time);
        let session = RunSession::new(Budget { time, ..self.budget.clone() });
        let _cancel = CancelOnDrop(session.cancel_handle());
        let run = spawn_blocking(move || worker::run_in_session(module, &parameters, session));
        match timeout(time.saturating_add(PATIENCE), run).await {
            Err(_) => RunAnswer::timeout(time, ModuleResult::default()),
            Ok(Err(error)) => RunAnswer::failed(format!("the run was lost: {error}")),
            Ok(Ok((result, Some(Stop::Deadline)))) => RunAnswer { status: AnswerStatus::Timeout, result },
            Ok(Ok((result, _))) => RunAnswer::success(result),
        }
    }
}

/// Ends a run that nobody waits for any more.
#[derive(Debug)]
struct CancelOnDrop(CancelHandle);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
