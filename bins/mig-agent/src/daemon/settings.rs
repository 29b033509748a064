//! The settings that are in force, without secrets.

use super::relay;
use crate::cli::Cli;
use anyhow::{Context, Result};
use mig_core::{config::AgentConfig, duration, safe};
use std::io::{self, Write as _};

/// Names as in the configuration where there are such, and values for people.
pub(super) fn list(config: &AgentConfig, cli: &Cli) -> Result<Vec<(&'static str, String)>> {
    let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
    let proxies: Vec<_> =
        config.proxies.iter().map(|proxy| format!("{}:{}", proxy.host, proxy.port)).collect();
    Ok(vec![
        ("configuration", cli.config.display().to_string()),
        ("keyring", cli.keyring().display().to_string()),
        ("acl", cli.acl().display().to_string()),
        ("rundir", config.run_directory.display().to_string()),
        // Without its password.
        ("relay", format!("{:?}", relay::options(config)?)),
        ("api", config.api.clone().unwrap_or_default()),
        ("socket", config.socket.map_or_else(String::new, |socket| socket.to_string())),
        ("heartbeatfreq", duration::format(config.heartbeat_interval)),
        ("moduletimeout", duration::format(config.module_timeout)),
        ("refreshenv", duration::format(config.refresh_interval)),
        ("paralleloperations", config.parallel_operations.to_string()),
        ("proxies", proxies.join(",")),
        ("isimmortal", switch(config.is_immortal)),
        ("discoverpublicip", switch(config.discovers_public_address)),
        ("extraprivacymode", switch(config.extra_privacy)),
        ("onlyverifypubkey", switch(config.only_verifies_keys)),
        ("allowunparsedtarget", switch(config.allows_unparsed_targets)),
    ])
}

pub(super) fn print(config: &AgentConfig, cli: &Cli) -> Result<()> {
    let mut output = io::stdout().lock();
    for (name, value) in list(config, cli)? {
        writeln!(output, "{name} = {}", safe::line(&value)).context("cannot write the settings")?;
    }
    Ok(())
}
