//! `mig-agent.cfg`: the original's keys and ours.

use super::{
    Config, Reader,
    shared::{Proxy, logging},
};
use crate::logging::LoggingConfig;
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use zeroize::Zeroizing;

/// What an agent is told of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    /// Where commands come from: `amqp://` or `amqps://` with credentials, or `https://` of an API; `None` for the API below.
    pub relay: Option<Zeroizing<String>>,
    /// Base of the API, such as `https://mig.example.net/api/v1/`: heartbeats and the public address.
    pub api: Option<String>,
    /// Where the local status page listens; `None` for nowhere.
    pub socket: Option<SocketAddr>,
    /// Time between two heartbeats (default 5 minutes).
    pub heartbeat_interval: Duration,
    /// Longest time for one module (default 5 minutes).
    pub module_timeout: Duration,
    /// Time between two looks at the environment; zero for never (default 5 minutes).
    pub refresh_interval: Duration,
    /// Start again after a failure (default on).
    pub is_immortal: bool,
    /// Install itself as a service when it is started by hand (default on).
    pub installs_service: bool,
    /// Ask the API for the public address (default on).
    pub discovers_public_address: bool,
    /// Ask the cloud for metadata of the machine (default on).
    pub discovers_cloud: bool,
    /// Fetch commands once and end.
    pub is_check_in: bool,
    /// Proxies, tried in order before the environment's and none.
    pub proxies: Vec<Proxy>,
    /// Leave names out of results.
    pub extra_privacy: bool,
    /// Start no persistent modules.
    pub no_persistent_modules: bool,
    /// Any key of the keyring may run anything: no access control. An honest name for a dangerous switch.
    pub only_verifies_keys: bool,
    /// Run actions whose target is in no language that we know; for fleets under a scheduler of the original.
    pub allows_unparsed_targets: bool,
    /// For people and targets.
    pub tags: BTreeMap<String, String>,
    /// Recent actions on the status page, 0 to 30 (default 15).
    pub shown_actions: usize,
    /// Operations that run at the same time (default 2). Ours.
    pub parallel_operations: usize,
    /// Where identity, journal and what else has to be kept lie (default `/var/lib/mig`; on macOS `/Library/Preferences/mig`, on
    /// Windows `C:\mig`). Ours.
    pub run_directory: PathBuf,
    /// Files of the client certificate.
    pub certificates: Certificates,
    /// Where lines go; `None` for the default.
    pub logging: Option<LoggingConfig>,
}

/// PEM files of a TLS client; `None` for what is not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Authorities that the server's certificate has to come from.
    pub ca: Option<PathBuf>,
    /// Our certificate.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

impl Default for AgentConfig {
    fn default() -> Self {
        const FIVE_MINUTES: Duration = Duration::from_secs(300);
        Self {
            relay: None,
            api: None,
            socket: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 51664))),
            heartbeat_interval: FIVE_MINUTES,
            module_timeout: FIVE_MINUTES,
            refresh_interval: FIVE_MINUTES,
            is_immortal: true,
            installs_service: true,
            discovers_public_address: true,
            discovers_cloud: true,
            is_check_in: false,
            proxies: Vec::new(),
            extra_privacy: false,
            no_persistent_modules: false,
            only_verifies_keys: false,
            allows_unparsed_targets: false,
            tags: BTreeMap::new(),
            shown_actions: 15,
            parallel_operations: 2,
            run_directory: DEFAULT_RUN_DIRECTORY.into(),
            certificates: Certificates::default(),
            logging: None,
        }
    }
}

const DEFAULT_RUN_DIRECTORY: &str = match std::env::consts::OS.as_bytes() {
    b"macos" => "/Library/Preferences/mig",
    b"windows" => "C:\\mig",
    _ => "/var/lib/mig",
};
/// Most actions that the status page shows.
const MAX_SHOWN_ACTIONS: usize = 30;
/// Most operations at the same time.
const MAX_PARALLEL_OPERATIONS: usize = 64;

impl Config for AgentConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let mut switch = |key, default| reader.switch("agent", key).unwrap_or(default);
        let config = Self {
            is_immortal: switch("isimmortal", default.is_immortal),
            installs_service: switch("installservice", default.installs_service),
            discovers_public_address: switch("discoverpublicip", default.discovers_public_address),
            discovers_cloud: switch("discoverawsmeta", default.discovers_cloud),
            is_check_in: switch("checkin", default.is_check_in),
            extra_privacy: switch("extraprivacymode", default.extra_privacy),
            no_persistent_modules: switch("nopersistmods", default.no_persistent_modules),
            only_verifies_keys: switch("onlyverifypubkey", default.only_verifies_keys),
            allows_unparsed_targets: switch("allowunparsedtarget", default.allows_unparsed_targets),
            ..default
        };
        let mut interval = |key, default| reader.duration("agent", key).unwrap_or(default);
        let config = Self {
            heartbeat_interval: interval("heartbeatfreq", config.heartbeat_interval),
            module_timeout: interval("moduletimeout", config.module_timeout),
            refresh_interval: refresh_interval(reader, config.refresh_interval),
            ..config
        };
        for (key, time) in
            [("heartbeatfreq", config.heartbeat_interval), ("moduletimeout", config.module_timeout)]
        {
            if time.is_zero() {
                reader.fault("agent", key, "it has to be more than nothing, such as 300s");
            }
        }
        Self {
            relay: reader.word("agent", "relay").map(Zeroizing::new),
            api: url(reader, "api"),
            socket: reader.address("agent", "socket").unwrap_or(config.socket),
            proxies: proxies(reader),
            tags: tags(reader),
            shown_actions: bounded(reader, ("stats", "maxactions"), 0..=MAX_SHOWN_ACTIONS).unwrap_or(15),
            parallel_operations: bounded(
                reader,
                ("agent", "paralleloperations"),
                1..=MAX_PARALLEL_OPERATIONS,
            )
            .unwrap_or(config.parallel_operations),
            run_directory: reader.path("agent", "rundir").unwrap_or(config.run_directory),
            certificates: Certificates {
                ca: reader.path("certs", "ca"),
                certificate: reader.path("certs", "cert"),
                key: reader.path("certs", "key"),
            },
            logging: logging(reader),
            ..config
        }
    }
}

/// Empty keeps the default, as in the original.
fn refresh_interval(reader: &mut Reader<'_>, default: Duration) -> Duration {
    if reader.text("agent", "refreshenv").is_some_and(|text| text.is_empty()) {
        return default;
    }
    reader.duration("agent", "refreshenv").unwrap_or(default)
}

/// A URL of HTTP, with a slash at its end.
fn url(reader: &mut Reader<'_>, key: &'static str) -> Option<String> {
    let mut url = reader.word("agent", key)?;
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        reader.fault("agent", key, &format!("'{url}' is no URL such as https://mig.example.net/api/v1/"));
    }
    if !url.ends_with('/') {
        url.push('/');
    }
    Some(url)
}

fn proxies(reader: &mut Reader<'_>) -> Vec<Proxy> {
    let text = reader.text("agent", "proxies").unwrap_or_default();
    let mut proxies = Vec::new();
    for proxy in text.split(',').map(str::trim).filter(|proxy| !proxy.is_empty()) {
        match Proxy::parse(proxy) {
            Ok(proxy) => proxies.push(proxy),
            Err(error) => reader.fault("agent", "proxies", &error),
        }
    }
    proxies
}

/// `name:value`, repeated. The original keeps what stands before a second colon; we keep it all, and say so.
fn tags(reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (line, tag) in reader.list("agent", "tags") {
        match tag.split_once(':') {
            Some((name, value)) if !name.is_empty() => {
                if value.contains(':') {
                    let text =
                        format!("the value of tag '{name}' is '{value}'; the original cuts it at its colon");
                    reader.warn(Some(line), "agent.tags", text);
                }
                tags.insert(name.to_owned(), value.to_owned());
            }
            _ => reader.fault("agent", "tags", &format!("'{tag}' is no tag such as operator:IT")),
        }
    }
    tags
}

fn bounded(
    reader: &mut Reader<'_>,
    (section, key): (&'static str, &'static str),
    range: std::ops::RangeInclusive<usize>,
) -> Option<usize> {
    let number = reader.number(section, key)?;
    if !range.contains(&number) {
        reader.fault(section, key, &format!("{number} is not from {} to {}", range.start(), range.end()));
    }
    Some(number)
}
