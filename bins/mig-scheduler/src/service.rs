//! The parts, put together, from start to end.

use crate::{StartError, pages, relay, store};
use mig_core::{
    agent::host_name,
    clock::SystemClock,
    config::{Database, RelayConfig, SchedulerConfig},
    scheduler::{AllowList, Options, Scheduler},
    store::{OwnerId, Store},
};
use mig_daemon::signals::StopSignals;
use mig_transport::amqp::AmqpRelay;
use std::{convert::Infallible, sync::Arc};
use tokio::net::TcpListener;

/// How a scheduler works that is told this.
#[must_use]
pub fn options(config: &SchedulerConfig) -> Options {
    Options {
        tick: config.poll_interval,
        idle_after: config.heartbeat_interval.saturating_mul(5),
        offline_after: config.agent_timeout,
        census_period: config.sweep_interval,
        reports_duplicates: config.detects_duplicates,
        publishes_events: config.publishes_events,
        logs_commands: config.logs_actions,
        logs_heartbeats: config.logs_heartbeats,
        queue_cleanup_period: config.queue_cleanup_interval,
        ..Options::default()
    }
}

/// Works until SIGTERM or SIGINT, and then hands back what it has claimed.
///
/// # Errors
/// [`StartError`] if it can not begin, or not go on.
pub async fn serve(config: &SchedulerConfig) -> Result<(), StartError> {
    let mut signals = StopSignals::listen().map_err(StartError::Runtime)?;
    let (place, relay_config) = parts(config)?;
    warn_of_what_is_ignored(config);
    let allow_list = config.allow_list.as_deref().map(AllowList::open).transpose()?;
    let mut amqp = relay::amqp_options(&relay_config)?;
    amqp.has_events = config.publishes_events;
    let listener = listen(config).await?;
    let opened = async { Ok::<_, StartError>((store::open(&place).await?, relay::connect(amqp).await?)) };
    let (store, relay) = tokio::select! {
        opened = opened => opened?,
        signal = signals.next() => {
            tracing::info!(signal, "ending before anything began");
            return Ok(());
        }
    };
    let scheduler = scheduler(config, &store, &relay, allow_list)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), store = ?place, relay = ?relay_config, "scheduler works");
    let pages = show(listener, &scheduler, &store, &relay)?;
    let stop = async {
        let signal = signals.next().await;
        tracing::info!(signal, "ending: what is not done is left to others");
    };
    let worked = tokio::select! {
        worked = scheduler.run(stop) => worked,
        never = pages => match never {},
    };
    relay.close().await;
    worked.map_err(StartError::Ended)
}

/// What a scheduler can not do without; everything that is missing is told at once.
fn parts(config: &SchedulerConfig) -> Result<(store::Place, RelayConfig), StartError> {
    match (store::place(config), config.relay.clone()) {
        (Some(place), Some(relay)) => Ok((place, relay)),
        (place, relay) => {
            let mut missing = Vec::new();
            if place.is_none() {
                missing.push("where the store is: host, dbname, user and password in the section postgres, or url in the section store");
            }
            if relay.is_none() {
                missing.push("where the relay is: host, user, pass and vhost in the section mq");
            }
            Err(StartError::Incomplete(missing))
        }
    }
}

fn warn_of_what_is_ignored(config: &SchedulerConfig) {
    if config.ends_duplicates {
        tracing::warn!(
            "agent.killdupagents has no effect: several agents of one address are reported, not ended"
        );
    }
    if let Some(Database { ssl_mode, host, .. }) = &config.database
        && matches!(ssl_mode.as_str(), "disable" | "prefer")
        && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1")
    {
        tracing::warn!(
            host,
            ssl_mode,
            "the password of the database may cross the network in clear: use verify-full"
        );
    }
}

async fn listen(config: &SchedulerConfig) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = config.metrics else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|source| StartError::Listen { address, source })
}

fn scheduler(
    config: &SchedulerConfig,
    store: &Arc<dyn Store>,
    relay: &AmqpRelay,
    allow_list: Option<AllowList>,
) -> Result<Scheduler, StartError> {
    // A new name for each process: what a dead one held is taken over when its lease lapses.
    let owner = format!("{}-{}-{:016x}", host_name(), std::process::id(), getrandom::u64()?);
    let transport = Arc::new(relay.clone());
    let scheduler =
        Scheduler::new(Arc::clone(store), transport, Arc::new(SystemClock), OwnerId(owner), options(config));
    Ok(match allow_list {
        Some(list) => scheduler.allowing(list),
        None => scheduler,
    })
}

/// Serves health and metrics if there is an address for them.
fn show(
    listener: Option<TcpListener>,
    scheduler: &Scheduler,
    store: &Arc<dyn Store>,
    relay: &AmqpRelay,
) -> Result<impl Future<Output = Infallible>, StartError> {
    let site = match listener {
        Some(listener) => {
            let site = pages::Health::new(scheduler.clone(), Arc::clone(store), relay.clone())?;
            Some((listener, Arc::new(site)))
        }
        None => None,
    };
    Ok(async move {
        match site {
            Some((listener, site)) => mig_daemon::pages::serve(listener, site).await,
            None => std::future::pending().await,
        }
    })
}
