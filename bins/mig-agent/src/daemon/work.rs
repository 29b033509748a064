//! The parts, put together, from start to end.

use super::{check_in, discovery, place::Place, relay, settings, status::Status};
use crate::{WORKER_ARGUMENT, action, cli::Cli};
use anyhow::{Context, Result, bail};
use mig_core::{
    agent::{Agent, AgentOptions, AgentParts, ChildRunner, MaskingRunner, ModuleRunner, Policy, Stopper},
    agent_info::AgentInfo,
    clock::SystemClock,
    config::AgentConfig,
    module::Registry,
};
use mig_daemon::{pages, signals::StopSignals};
use mig_transport::amqp::AmqpRelay;
use std::{convert::Infallible, env, num::NonZeroUsize, pin::pin, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Notify, time::sleep};

/// How long what runs may take to end by itself, when the agent is to end. What is cut short is run again by the next agent.
const GRACE: Duration = Duration::from_secs(20);
/// Pause of an immortal agent that the relay refuses.
const AGAIN: Duration = Duration::from_secs(60);
/// Pause before the socket is tried again; the original's.
const SOCKET_AGAIN: Duration = Duration::from_secs(60);

/// Works until it is asked to end, or in check-in mode until nothing is left to do.
pub(super) async fn work(config: &AgentConfig, cli: &Cli, registry: &Registry) -> Result<()> {
    let mut signals = StopSignals::listen().context("the system lets nobody listen for signals")?;
    let amqp = relay::options(config)?;
    if let Some(socket) = config.socket
        && !socket.ip().is_loopback()
    {
        bail!(
            "agent.socket is {socket}: the status of the agent is for its machine only, use 127.0.0.1:{}",
            socket.port()
        );
    }
    warn_of_what_is_ignored(config);
    let policy = policy(config, cli)?;
    let place = Place::take(&config.run_directory).await?;
    let info = info(config, &place, registry).await;
    let settings = settings::list(config, cli)?;
    let run_directory = place.directory.clone();
    let status =
        Status::new(info.clone(), place.name.as_str(), run_directory, settings, config.shown_actions);
    let status = Arc::new(status);
    let relay = tokio::select! {
        relay = relay::connect(amqp, config.is_immortal) => relay?,
        signal = signals.next() => {
            tracing::info!(signal, "ending before anything began");
            return Ok(());
        }
    };
    let agent = agent(config, registry, &place, info, &relay, policy, &status)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), location = agent.queue_location(), "agent works");
    let worked = {
        let stopping = Notify::new();
        let mut working = pin!(keep_running(&agent, config, &stopping));
        let aside = async {
            tokio::select! {
                never = serve_status(config, &status) => never,
                never = discovery::keep_looking(&agent, config, registry) => never,
                never = tell_status(&agent, &status) => never,
            }
        };
        tokio::select! {
            worked = &mut working => worked,
            never = aside => match never {},
            reason = asked_to_end(config, &status, &mut signals) => {
                tracing::info!(reason, "ending");
                stopping.notify_one();
                end(&agent.stopper(), &mut signals, working).await
            }
        }
    };
    relay.close().await;
    worked
}

fn warn_of_what_is_ignored(config: &AgentConfig) {
    if !config.proxies.is_empty() {
        tracing::warn!("agent.proxies are used for the API only, not for the relay");
    }
}

fn policy(config: &AgentConfig, cli: &Cli) -> Result<Policy> {
    let mut policy = action::policy(cli)?;
    policy.only_verify_keys = config.only_verifies_keys;
    policy.allow_unparsed_target = config.allows_unparsed_targets;
    Ok(policy)
}

async fn info(config: &AgentConfig, place: &Place, registry: &Registry) -> AgentInfo {
    let info = AgentInfo::of_this_machine(&place.name, registry, config.tags.clone());
    let environment = discovery::look(config, registry, "").await;
    let mode = if config.is_check_in { "checkin" } else { "daemon" };
    AgentInfo { mode: mode.to_owned(), environment, ..info }
}

fn agent(
    config: &AgentConfig,
    registry: &Registry,
    place: &Place,
    info: AgentInfo,
    relay: &AmqpRelay,
    policy: Policy,
    status: &Arc<Status>,
) -> Result<Agent> {
    let program = env::current_exe().context("the path of this program")?;
    let children = ChildRunner::new(program, vec![WORKER_ARGUMENT.into()], registry.clone());
    let runner: Arc<dyn ModuleRunner> = match config.extra_privacy {
        true => Arc::new(MaskingRunner::new(children, registry.clone())),
        false => Arc::new(children),
    };
    let parts = AgentParts {
        info,
        transport: Arc::new(relay.clone()),
        runner,
        journal: Arc::new(place.journal()?),
        policy,
        clock: Arc::new(SystemClock),
        options: AgentOptions {
            parallel_commands: NonZeroUsize::new(config.parallel_operations).unwrap_or(NonZeroUsize::MIN),
            module_timeout: config.module_timeout,
            heartbeat_period: config.heartbeat_interval,
            ..AgentOptions::default()
        },
    };
    Ok(Agent::watched(parts, Arc::clone(status) as _))
}

/// Works until the agent is stopped. An immortal one begins again whatever the relay says, unless it is to end.
async fn keep_running(agent: &Agent, config: &AgentConfig, stopping: &Notify) -> Result<()> {
    loop {
        match agent.run().await {
            Ok(()) => return Ok(()),
            Err(error) if !config.is_immortal => return Err(error.into()),
            Err(error) => {
                let reason = mig_core::safe::chain(&error);
                tracing::error!(reason, again = ?AGAIN, "the agent can not work, trying again");
                tokio::select! {
                    () = sleep(AGAIN) => {}
                    () = stopping.notified() => return Ok(()),
                }
            }
        }
    }
}

async fn asked_to_end(config: &AgentConfig, status: &Status, signals: &mut StopSignals) -> &'static str {
    let nothing_left = async {
        match config.is_check_in {
            true => check_in::nothing_left(status, config.module_timeout).await,
            false => std::future::pending().await,
        }
    };
    tokio::select! {
        signal = signals.next() => signal,
        () = status.shutdown.notified() => "shutdown requested",
        () = nothing_left => "nothing left to do",
    }
}

/// Lets what runs come to its end, but not for ever; a second signal cuts it short.
async fn end(
    stopper: &Stopper,
    signals: &mut StopSignals,
    mut working: std::pin::Pin<&mut impl Future<Output = Result<()>>>,
) -> Result<()> {
    stopper.drain();
    tokio::select! {
        worked = &mut working => return worked,
        signal = signals.next() => tracing::info!(signal, "ending at once"),
        () = sleep(GRACE) => tracing::info!("what still runs is ended, and will be run again"),
    }
    stopper.cancel();
    working.await
}

/// Serves the page if there is an address for it. A port that is taken is tried again: it may be the former agent's.
async fn serve_status(config: &AgentConfig, status: &Arc<Status>) -> Infallible {
    let Some(address) = config.socket else { return std::future::pending().await };
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return pages::serve(listener, Arc::clone(status)).await,
            Err(error) => tracing::warn!(%address, %error, "no status page: the address can not be used"),
        }
        sleep(SOCKET_AGAIN).await;
    }
}

/// Keeps the page up to date with what the agent says of itself.
async fn tell_status(agent: &Agent, status: &Status) -> Infallible {
    loop {
        sleep(Duration::from_secs(5)).await;
        status.set_info(AgentInfo::clone(&agent.info()));
    }
}
