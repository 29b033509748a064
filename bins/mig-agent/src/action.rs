//! `-i`: an action from a file, run here and now.

use crate::{cli::Cli, tell};
use anyhow::{Context, Result};
use mig_core::{
    acl::Acl,
    action::Action,
    agent::{Budget, Policy, host_name, run_locally, run_locally_unverified},
    agent_info::{AgentInfo, Environment},
    json, limits,
    module::Registry,
    safe,
    sign::Keyring,
    time::Time,
};
use std::{io::Write, path::Path};

/// Writes the list of results as indented JSON; says on standard error why an action is refused.
pub(crate) fn run(path: &Path, cli: &Cli, registry: &Registry, output: &mut impl Write) -> Result<()> {
    let action = Action::load(path)?;
    let budget = Budget::default();
    let results = if cli.unverified {
        run_locally_unverified(&action, registry, &budget)
    } else {
        let verified = policy(cli)?.verify(action, &this_machine(registry), Time::now());
        run_locally(&verified.with_context(|| path.display().to_string())?, registry, &budget)
    };
    writeln!(output, "{}", json::to_string_pretty(&results)?).context("cannot write the results")
}

/// Whose actions count here, and what they may have run: by the files of this machine.
pub(crate) fn policy(cli: &Cli) -> Result<Policy> {
    let mut keyring = Keyring::default();
    let skipped = keyring
        .add_directory(&cli.keyring())
        .with_context(|| format!("cannot read the keys in {}", cli.keyring().display()))?;
    for key in skipped {
        tell(&format!("left out {}: {}", key.place, safe::chain(&key.error)));
    }
    let path = cli.acl();
    let text = limits::read_file(&path, limits::MAX_ACL_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let acl = Acl::from_slice(&text).with_context(|| path.display().to_string())?;
    Ok(Policy::new(keyring, acl))
}

/// What targets are held against. Without a platform there is no address on a relay.
fn this_machine(registry: &Registry) -> AgentInfo {
    AgentInfo {
        name: host_name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id().into(),
        environment: Environment::of_this_machine(registry),
        ..AgentInfo::default()
    }
}
