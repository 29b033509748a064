//! `scheduler.cfg`: the original's keys and ours.

use super::{
    Certificates, Config, Reader,
    shared::{Database, logging},
};
use crate::logging::LoggingConfig;
use std::{
    fmt::{self, Debug, Formatter},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};
use zeroize::Zeroizing;

/// What a scheduler is told.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// Silence after which an agent is offline (default 20 minutes).
    pub agent_timeout: Duration,
    /// The agents' time between two heartbeats; idle is five times as long (default 5 minutes).
    pub heartbeat_interval: Duration,
    /// File of the agents that may take part; `None` lets all.
    pub allow_list: Option<PathBuf>,
    /// Look for several agents of one machine (default on).
    pub detects_duplicates: bool,
    /// End the older one of several.
    pub ends_duplicates: bool,
    /// Log the agents of each action.
    pub logs_actions: bool,
    /// Time between two looks at the store when nothing notifies (default 1 second).
    pub poll_interval: Duration,
    /// Time between two rounds of periodic work (default 87 seconds).
    pub sweep_interval: Duration,
    /// Time between two clean-ups of queues (default 24 hours).
    pub queue_cleanup_interval: Duration,
    /// How long ended actions and their commands are kept; `None` for ever. Ours.
    pub retention: Option<Duration>,
    /// How long agents are kept after their last heartbeat; `None` for ever. Ours.
    pub agent_retention: Option<Duration>,
    /// Tell new and refused agents and answers to listeners of the relay, as the original of 2015 did. Ours.
    pub publishes_events: bool,
    /// Where metrics and health are served; `None` for nowhere. Ours.
    pub metrics: Option<SocketAddr>,
    /// The database; `None` for the embedded one.
    pub database: Option<Database>,
    /// URL of the store if it is no database of a server, such as `sqlite:/var/lib/mig/mig.db`. Ours.
    pub store: Option<String>,
    /// The broker; `None` if there is none.
    pub relay: Option<RelayConfig>,
    /// Log heartbeats too.
    pub logs_heartbeats: bool,
    /// Where lines go; `None` for the default.
    pub logging: Option<LoggingConfig>,
}

/// The section `[mq]`: where the broker is.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayConfig {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Account.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
    /// Virtual host.
    pub virtual_host: String,
    /// Encrypt.
    pub uses_tls: bool,
    /// Files of the client certificate.
    pub certificates: Certificates,
    /// Longest time for connecting, and the heartbeat that is asked for (default 10 minutes).
    pub timeout: Duration,
}

impl Debug for RelayConfig {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, virtual_host, uses_tls, .. } = self;
        let scheme = if *uses_tls { "amqps" } else { "amqp" };
        write!(formatter, "RelayConfig({scheme}://{user}:...@{host}:{port}/{virtual_host})")
    }
}

const MINUTE: Duration = Duration::from_secs(60);

impl Config for SchedulerConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        for key in ["spool", "tmp"] {
            reader.obsolete("directories", key, "the database is the only queue: there is no spool");
        }
        reader.obsolete(
            "periodic",
            "deleteafter",
            "there are no files to delete: retention of the section periodic is what the store keeps",
        );
        let mut time = |section, key, default: Duration| reader.duration(section, key).unwrap_or(default);
        let agent_timeout = time("agent", "timeout", 20 * MINUTE);
        let heartbeat_interval = time("agent", "heartbeatfreq", 5 * MINUTE);
        let poll_interval = time("collector", "freq", Duration::from_secs(1));
        let sweep_interval = time("periodic", "freq", Duration::from_secs(87));
        let queue_cleanup_interval = time("periodic", "queuescleanupfreq", 24 * 60 * MINUTE);
        for (section, key, time) in [
            ("agent", "timeout", agent_timeout),
            ("agent", "heartbeatfreq", heartbeat_interval),
            ("collector", "freq", poll_interval),
            ("periodic", "freq", sweep_interval),
            ("periodic", "queuescleanupfreq", queue_cleanup_interval),
        ] {
            if time.is_zero() {
                reader.fault(section, key, "it has to be more than nothing");
            }
        }
        Self {
            agent_timeout,
            heartbeat_interval,
            allow_list: reader.path("agent", "whitelist"),
            detects_duplicates: reader.switch("agent", "detectmultiagents").unwrap_or(true),
            ends_duplicates: reader.switch("agent", "killdupagents").unwrap_or(false),
            logs_actions: reader.switch("agent", "logactions").unwrap_or(false),
            poll_interval,
            sweep_interval,
            queue_cleanup_interval,
            retention: reader.duration("periodic", "retention").filter(|time| !time.is_zero()),
            agent_retention: reader.duration("periodic", "agentretention").filter(|time| !time.is_zero()),
            publishes_events: reader.switch("events", "publish").unwrap_or(false),
            metrics: reader.address("metrics", "listen").flatten(),
            database: Database::read(reader),
            store: store(reader),
            relay: relay(reader),
            logs_heartbeats: reader.switch("debug", "heartbeats").unwrap_or(false),
            logging: logging(reader),
        }
    }
}

/// One of both: nobody can guess which of two stores is meant.
fn store(reader: &mut Reader<'_>) -> Option<String> {
    let url = reader.word("store", "url")?;
    if ["host", "dbname"].into_iter().any(|key| reader.word("postgres", key).is_some()) {
        reader.fault("store", "url", "the section postgres names a store too: remove one of them");
    }
    Some(url)
}

fn relay(reader: &mut Reader<'_>) -> Option<RelayConfig> {
    let mut word = |key| reader.word("mq", key);
    let (host, user, password, virtual_host) = (word("host"), word("user"), word("pass"), word("vhost"));
    let certificates = Certificates {
        ca: reader.path("mq", "cacert"),
        certificate: reader.path("mq", "tlscert"),
        key: reader.path("mq", "tlskey"),
    };
    let uses_tls = reader.switch("mq", "usetls").unwrap_or(false);
    let port = reader.number("mq", "port").unwrap_or(if uses_tls { 5671 } else { 5672 });
    let timeout = reader.duration("mq", "timeout").unwrap_or(10 * MINUTE);
    let host = host?;
    for (key, value) in [("user", &user), ("pass", &password)] {
        if value.is_none() {
            reader.fault("mq", key, "it is missing: a broker needs an account");
        }
    }
    Some(RelayConfig {
        host,
        port,
        user: user.unwrap_or_default(),
        password: Zeroizing::new(password.unwrap_or_default()),
        virtual_host: virtual_host.unwrap_or_else(|| "/".to_owned()),
        uses_tls,
        certificates,
        timeout,
    })
}
