//! Actions run here and now, by somebody who sits at this machine: without a platform, a journal or child processes.

use super::{session::Budget, verify::VerifiedAction, worker};
use crate::{
    action::{Action, Operation},
    command::ModuleResult,
    module::Registry,
};

/// Runs the operations of a verified action in this process, one after the other; `results[i]` answers `operations[i]`.
#[must_use]
pub fn run_locally(action: &VerifiedAction, registry: &Registry, budget: &Budget) -> Vec<ModuleResult> {
    action.operations().map(|operation| run(operation.get(), registry, budget)).collect()
}

/// Like [`run_locally`], for an action **that nobody has checked**: no signature, no access control, no validity window,
/// no target. It is what the person who calls could also do by calling each module by hand.
///
/// No engine calls it, and it makes no [`VerifiedAction`]: an action that arrived over a transport can not come here.
#[must_use]
pub fn run_locally_unverified(action: &Action, registry: &Registry, budget: &Budget) -> Vec<ModuleResult> {
    action.operations.iter().flatten().map(|operation| run(operation, registry, budget)).collect()
}

fn run(operation: &Operation, registry: &Registry, budget: &Budget) -> ModuleResult {
    let Some(module) = registry.module(&operation.module) else {
        return ModuleResult {
            errors: Some(vec![worker::unavailable(&operation.module)]),
            ..ModuleResult::default()
        };
    };
    match operation.expanded_parameters() {
        Ok(parameters) => worker::run_module(module, &parameters, budget.clone()),
        Err(error) => module.failure(error.to_string()),
    }
}
