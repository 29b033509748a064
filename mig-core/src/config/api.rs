//! `api.cfg`: the original's keys and ours.

use super::{
    Config, Reader,
    shared::{Database, logging},
};
use crate::logging::LoggingConfig;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// What an API is told.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiConfig {
    /// Whether callers have to prove who they are. Off lets everybody do everything.
    pub authenticates: bool,
    /// How much the clock of a caller may be off (default 10 minutes).
    pub token_lifetime: Duration,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The URL that callers use, without a slash at its end.
    pub public_url: String,
    /// Before all routes (default `/api/v1`).
    pub base_route: String,
    /// Which entry of `X-Forwarded-For` is the caller, counted from the last one; `None` takes the address of the connection.
    pub forwarded_for: Option<usize>,
    /// Distinct signatures that make a manifest active, at least 1 (default 2).
    pub manifest_signatures: u32,
    /// Certificate chain and key, PEM; `None` serves plain HTTP. Ours.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The database; `None` for the embedded one.
    pub database: Option<Database>,
    /// Where lines go; `None` for the default.
    pub logging: Option<LoggingConfig>,
}

impl Config for ApiConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.obsolete("maxmind", "path", "reports of places are not made any more");
        let address = reader.number("server", "ip").unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let listen = SocketAddr::new(address, reader.number("server", "port").unwrap_or(1664));
        let public_url = reader.word("server", "host").unwrap_or_else(|| format!("http://{listen}"));
        let base_route = reader.text("server", "baseroute").unwrap_or_else(|| "/api/v1".to_owned());
        let base_route = base_route.trim_end_matches('/').to_owned();
        if !(base_route.is_empty() || base_route.starts_with('/')) {
            reader.fault("server", "baseroute", &format!("'{base_route}' does not begin with a slash"));
        }
        let manifest_signatures = reader.number("manifest", "requiredsignatures").unwrap_or(2);
        if manifest_signatures == 0 {
            reader.fault("manifest", "requiredsignatures", "it has to be at least 1");
        }
        Self {
            authenticates: reader.switch("authentication", "enabled").unwrap_or(true),
            token_lifetime: reader
                .duration("authentication", "tokenduration")
                .unwrap_or(Duration::from_secs(600)),
            listen,
            public_url: public_url.trim_end_matches('/').to_owned(),
            base_route,
            forwarded_for: forwarded_for(reader),
            manifest_signatures,
            tls: tls(reader),
            database: Database::read(reader),
            logging: logging(reader),
        }
    }
}

/// `peer`, or `x-forwarded-for:<n>`.
fn forwarded_for(reader: &mut Reader<'_>) -> Option<usize> {
    let text = reader.word("server", "clientpublicip")?.to_ascii_lowercase();
    if text == "peer" {
        return None;
    }
    let number = text.strip_prefix("x-forwarded-for:").and_then(|number| number.parse().ok());
    if number.is_none() {
        let fault = format!("'{text}' is neither peer nor x-forwarded-for:<number>");
        reader.fault("server", "clientpublicip", &fault);
    }
    number
}

fn tls(reader: &mut Reader<'_>) -> Option<(PathBuf, PathBuf)> {
    match (reader.path("server", "tlscert"), reader.path("server", "tlskey")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            reader.fault("server", "tlskey", "it is missing: a certificate needs its key");
            None
        }
        (None, Some(_)) => {
            reader.fault("server", "tlscert", "it is missing: a key needs its certificate");
            None
        }
    }
}
