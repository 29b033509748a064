//! The program: its command line, its configuration, its store.

mod bootstrap;
mod database;
mod log;

use crate::{
    Api, Settings, router,
    serve::{Stop, TlsFiles, serve},
};
use anyhow::{Context, Result};
use clap::Parser;
use mig_core::{
    config::{ApiConfig, Config, Loaded},
    safe,
};
use std::{
    io::{self, Write},
    net::TcpListener,
    path::PathBuf,
    process::ExitCode,
};

/// Where the original has it.
const USUAL_CONFIG: &str = "/etc/mig/api.cfg";
/// The original's code for a program that does not start.
const START_FAILED: u8 = 9;

/// The REST API of a MIG platform
#[derive(Clone, Debug, Parser)]
#[command(name = "mig-api", disable_version_flag = true)]
struct Cli {
    /// The configuration
    #[arg(short = 'c', value_name = "FILE", default_value = USUAL_CONFIG)]
    config: PathBuf,
    /// Log everything, to standard error
    #[arg(short = 'd')]
    debug: bool,
    /// Print the version
    #[arg(short = 'V', long = "version")]
    version: bool,
    /// The database, in place of the section [postgres]: sqlite:FILE, or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Add an investigator with all rights, and end: how a new platform gets its first one. Needs --key
    #[arg(long, value_name = "NAME", requires = "key")]
    add_administrator: Option<String>,
    /// The armored public key of --add-administrator
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if the text can not be printed.
            writeln!(io::stderr(), "mig-api: {}", safe::chain(error.as_ref())).ok();
            START_FAILED.into()
        }
    }
}

fn execute(cli: &Cli) -> Result<()> {
    if cli.version {
        return Ok(writeln!(io::stdout(), concat!("mig-api ", env!("CARGO_PKG_VERSION")))?);
    }
    let Loaded { config, warnings } = load(cli)?;
    log::start(config.logging.as_ref(), cli.debug)?;
    for warning in warnings {
        tracing::warn!(%warning, "configuration");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(work(cli, &config))
}

/// With a store on the command line a missing configuration at the usual place is an empty one.
fn load(cli: &Cli) -> Result<Loaded<ApiConfig>> {
    if cli.store.is_some() && cli.config.as_os_str() == USUAL_CONFIG && !cli.config.exists() {
        return Ok(ApiConfig::parse("")?);
    }
    Ok(ApiConfig::load(&cli.config)?)
}

async fn work(cli: &Cli, config: &ApiConfig) -> Result<()> {
    let store = database::open(cli.store.as_deref(), config.database.as_ref()).await?;
    if let (Some(name), Some(key)) = (&cli.add_administrator, &cli.key) {
        return bootstrap::add_administrator(&*store, name, key).await;
    }
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("cannot listen on {} (server.ip, server.port)", config.listen))?;
    let tls = config.tls.clone().map(|(certificates, key)| TlsFiles { certificates, key });
    let address = listener.local_addr()?;
    tracing::info!(%address, tls = tls.is_some(), route = config.base_route, "the API listens");
    let router = router(Api::new(store, Settings::from(config)));
    let stop = Stop::default();
    let watch = tokio::spawn(stop_at_signal(stop.clone()));
    let served = serve(listener, router, tls, stop).await;
    watch.abort();
    served.context("cannot serve")
}

async fn stop_at_signal(stop: Stop) {
    if let Err(error) = signal().await {
        tracing::error!(%error, "signals can not be received: the program ends by force only");
        return;
    }
    tracing::info!("stopping: requests may finish");
    stop.stop();
}

#[cfg(unix)]
async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

#[cfg(not(unix))]
async fn signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
