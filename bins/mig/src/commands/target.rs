//! `mig target check`.

use super::Context;
use crate::{cli::TargetCommand, exit::Exit};
use anyhow::{Context as _, Result, bail};
use mig_core::{
    agent::host_name,
    agent_info::{AgentInfo, Environment},
    json, limits,
    module::Registry,
    target::{StoredAgent, Target},
    time::Time,
};
use std::path::Path;

pub(super) fn run(context: &mut Context<'_>, command: &TargetCommand) -> Result<Exit> {
    let TargetCommand::Check { expression, agent } = command;
    let target = Target::parse(expression)?;
    let matches = match agent {
        // A document says all there is to know of the agent, except what it found.
        Some(path) => {
            let agent = load(path)?;
            target.evaluate(&StoredAgent::new(&agent, |_, _| false), Time::now()).is_true()
        }
        None => !target.evaluate(&this_machine(context.registry), Time::now()).refuses(),
    };
    context.printer.line(if matches { "match" } else { "no match" })?;
    Ok(if matches { Exit::Done } else { Exit::No })
}

fn load(path: &Path) -> Result<AgentInfo> {
    let text = limits::read_file(path, limits::MAX_HEARTBEAT_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let agent: AgentInfo =
        json::from_slice(&text).with_context(|| format!("{} is not an agent", path.display()))?;
    if json::to_value(&agent)? == json::to_value(&AgentInfo::default())? {
        bail!("{} is not an agent: none of its fields is an agent's", path.display());
    }
    Ok(agent)
}

/// What this machine knows of itself.
fn this_machine(registry: &Registry) -> AgentInfo {
    AgentInfo {
        name: host_name(),
        environment: Environment::of_this_machine(registry),
        ..AgentInfo::default()
    }
}
