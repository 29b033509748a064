//! The question before machines are changed.

use super::Context;
use crate::printer::Colour;
use anyhow::{Context as _, Result, bail};
use mig_core::module::{Effects, Registry};
use std::io::{self, IsTerminal};

/// Asks before modules that change machines are launched. Where nobody can be asked, `--yes` has to be given.
///
/// # Errors
/// If the answer is no, or nobody can be asked.
pub(super) fn confirm<'n>(context: &Context<'_>, modules: impl Iterator<Item = &'n str>) -> Result<()> {
    let changing = changing(context.registry, modules);
    if changing.is_empty() || context.cli.question.yes {
        return Ok(());
    }
    let names = changing.join(", ");
    if context.cli.output.quiet || !io::stdin().is_terminal() {
        bail!("{names}: changes machines, and there is nobody to ask: --yes launches it without a question");
    }
    context.printer.note(Colour::Yellow, &format!("mig: {names}: changes machines. Type yes to launch it"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    if answer.trim() != "yes" {
        bail!("nothing was launched");
    }
    Ok(())
}

/// Those that change machines, each once. What this program does not know is refused by agents that do not either.
fn changing<'n>(registry: &Registry, modules: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let changes = |name: &&str| {
        registry.module(&name.to_lowercase()).is_some_and(|module| module.info().effects == Effects::Changes)
    };
    let mut names: Vec<&str> = modules.filter(changes).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_change_machines_are_told_from_those_that_look() {
        let registry = Registry::from_modules(mig_modules::BUILTIN).unwrap();
        let names = ["file", "agentdestroy", "nosuch", "AgentDestroy", "agentdestroy"];
        assert_eq!(changing(&registry, names.into_iter()), ["AgentDestroy", "agentdestroy"]);
    }
}
