//! Documents from files, read more strictly than from the wire: the wire drops unknown fields without a word, but who asks
//! `mig` to sign a misspelt field wants to know.

use anyhow::{Context, Result, bail};
use mig_core::{
    action::{Action, Operation},
    json::{self, Value},
    limits,
    module::{Module, Registry},
};
use std::path::Path;

/// Reads an action that is to be signed or launched: every field is known, every module there, its parameters right.
///
/// # Errors
/// Names the file, the place and what is wrong.
pub fn load_action(path: &Path, registry: &Registry) -> Result<Action> {
    let in_file = || path.display().to_string();
    let text = limits::read_file(path, limits::MAX_ACTION_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let action: Action =
        json::from_slice(&text).with_context(|| format!("{} is not an action", in_file()))?;
    let given: Value = json::from_slice(&text).with_context(in_file)?;
    if let Some(field) = json::unread(&given, &json::to_value(&action)?) {
        bail!("{}: unknown field {field}", in_file());
    }
    for (index, operation) in action.operations.iter().flatten().enumerate() {
        check_operation(operation, registry)
            .with_context(|| format!("{}: operations[{index}]", in_file()))?;
    }
    Ok(action)
}

fn check_operation(operation: &Operation, registry: &Registry) -> Result<()> {
    let module = find_module(&operation.module, registry)?;
    let parameters = operation.expanded_parameters()?;
    if let Some(field) = module.unknown_parameter(&parameters) {
        bail!("module '{}' has no parameter {field}", module.name());
    }
    module.prepare(&parameters).with_context(|| format!("module '{}'", module.name()))?;
    Ok(())
}

/// The module of this name.
///
/// # Errors
/// If there is none; names those there are.
pub fn find_module(name: &str, registry: &Registry) -> Result<&'static dyn Module> {
    if let Some(module) = registry.module(name) {
        return Ok(module);
    }
    let known: Vec<&str> = registry.iter().map(Module::name).collect();
    bail!("unknown module '{name}'; modules are {}", known.join(", "))
}
