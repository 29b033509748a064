//! The agent itself: from its configuration to its clean end.

mod background;
mod check_in;
mod discovery;
mod place;
mod query;
mod relay;
mod service;
mod settings;
mod status;
mod work;

use crate::cli::{Cli, Mode};
use anyhow::{Context, Result};
use mig_core::{
    config::{AgentConfig, Config as _, Loaded},
    logging::Severity,
    module::Registry,
};

/// Does what `mode` says; it is none of those that need no configuration.
pub(crate) fn run(mode: Mode<'_>, cli: &Cli, registry: &Registry) -> Result<()> {
    match mode {
        Mode::Query(question) => query::ask(question, &cli.config),
        Mode::Install => service::install(&cli.config),
        Mode::Settings => settings::print(&AgentConfig::load(&cli.config)?.config, cli),
        Mode::CheckIn => begin(cli, registry, true),
        _ => begin(cli, registry, false),
    }
}

fn begin(cli: &Cli, registry: &Registry, check_in: bool) -> Result<()> {
    let Loaded { mut config, warnings } = AgentConfig::load(&cli.config)?;
    config.is_check_in |= check_in;
    if cli.debug {
        config.is_immortal = false;
    }
    let stays = cli.foreground || cli.debug || config.is_check_in || background::is_service();
    if !stays {
        return match config.installs_service && service::is_possible() {
            true => service::install(&cli.config),
            false => background::detach(&cli.config),
        };
    }
    start_logging(cli, &config)?;
    for warning in warnings {
        tracing::warn!(file = %cli.config.display(), "{warning}");
    }
    // One thread serves all: modules have processes of their own, and what blocks has threads that end when they idle.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build();
    runtime.context("the system refuses a runtime")?.block_on(work::work(&config, cli, registry))
}

fn start_logging(cli: &Cli, config: &AgentConfig) -> Result<()> {
    let mut logging = config.logging.clone().unwrap_or_else(mig_daemon::logging::default_config);
    if cli.debug {
        logging = mig_daemon::logging::default_config();
        logging.level = Severity::Debug;
    }
    Ok(mig_daemon::logging::start("mig-agent", &logging)?)
}
