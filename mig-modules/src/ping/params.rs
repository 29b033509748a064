//! From parameters as they travel to a question that can be asked, or to the first error.

use super::wire::Parameters;
use crate::{
    net::{self, LookupError},
    parameters,
};
use mig_core::{
    json::{self, Value},
    module::{ParamsError, Stop},
};
use std::{
    fmt::{self, Display, Formatter},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// Attempts if nothing is said.
const DEFAULT_COUNT: u64 = 3;
/// Wait for each answer if nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for one answer: clocks can not count further than some centuries, and nobody waits for a day.
const MAX_TIMEOUT_SECONDS: u64 = 86_400;

/// How a host is asked whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Echo request and reply.
    Icmp,
    /// A connection to a port, closed at once.
    Tcp(u16),
    /// A datagram to a port, and any datagram back.
    Udp(u16),
}

impl Protocol {
    /// TCP and UDP have one.
    pub(super) fn port(self) -> Option<u16> {
        match self {
            Self::Icmp => None,
            Self::Tcp(port) | Self::Udp(port) => Some(port),
        }
    }
}

impl Display for Protocol {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Icmp => "icmp",
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
        })
    }
}

/// Parameters that were checked completely, but for the name: it has to be looked up where it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) destination: String,
    pub(super) protocol: Protocol,
    /// Attempts; at least one.
    pub(super) count: u64,
    /// Longest wait for each answer.
    pub(super) timeout: Duration,
}

impl Params {
    pub(super) fn parse(params: &Value) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        let protocol = protocol(&parameters)?;
        let destination = parameters.destination;
        if !is_destination(&destination) {
            return Err(invalid(
                "destination",
                &destination,
                format!("destination IP is invalid: {destination}"),
            ));
        }
        let count = whole("count", parameters.count)?.unwrap_or(DEFAULT_COUNT);
        let timeout = whole("timeout", parameters.timeout)?
            .map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.min(MAX_TIMEOUT_SECONDS)));
        Ok(Self { destination, protocol, count, timeout })
    }

    /// The addresses of the destination, in the resolver's order.
    pub(super) fn resolve(
        &self,
        checkpoint: &dyn Fn() -> Result<(), Stop>,
    ) -> Result<Vec<SocketAddr>, DestinationError> {
        let port = self.protocol.port().unwrap_or_default();
        let mut addresses =
            net::resolve(&self.destination, port, checkpoint).map_err(|error| match error {
                LookupError::Stopped(stop) => DestinationError::Stopped(stop),
                LookupError::Nowhere { .. } => DestinationError::Nowhere,
                source => DestinationError::Unknown { destination: self.destination.clone(), source },
            })?;
        addresses.iter_mut().for_each(plain);
        Ok(addresses)
    }
}

/// Why a destination has no address, in the original's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum DestinationError {
    #[error(transparent)]
    Stopped(#[from] Stop),
    #[error("FQDN does not resolve to any known ip")]
    Nowhere,
    #[error("destination IP is invalid: {destination}")]
    Unknown { destination: String, source: LookupError },
}

/// An IPv4 address inside an IPv6 address is an IPv4 address; "any address" is this machine.
fn plain(address: &mut SocketAddr) {
    let ip = match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    // The scope of a link-local address would be lost.
    if ip != address.ip() {
        address.set_ip(ip);
    }
}

fn protocol(parameters: &Parameters) -> Result<Protocol, ParamsError> {
    let name = parameters.protocol.as_str();
    let with_port = match name {
        "icmp" => return Ok(Protocol::Icmp),
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return Err(invalid("protocol", name, format!("{name} is not a supported ping protocol"))),
    };
    if !(0.0..=65535.0).contains(&parameters.port) {
        let port = json::to_string(&parameters.port).unwrap_or_default();
        let reason = format!("{name} ping requires a valid destination port between 0 and 65535, got {port}");
        return Err(invalid("destinationport", &port, reason));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range; fractions are cut"
    )]
    let port = parameters.port as u16;
    Ok(with_port(port))
}

/// An address, perhaps with a zone, or what may be a host name.
fn is_destination(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<IpAddr>().is_ok_and(|ip| address == text || ip.is_ipv6()) || net::is_host_name(text)
}

/// A number without its fraction; `None` for 0.
fn whole(field: &str, number: f64) -> Result<Option<u64>, ParamsError> {
    if number <= -1.0 {
        let number = json::to_string(&number).unwrap_or_default();
        return Err(invalid(field, &number, format!("{field} must not be negative, got {number}")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; fractions are cut"
    )]
    let whole = number as u64;
    Ok(Some(whole).filter(|whole| *whole > 0))
}

fn invalid(field: &str, value: &str, reason: String) -> ParamsError {
    ParamsError { reason, place: Some(format!("{field} '{value}'")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Params, String> {
        Params::parse(&json::from_str(text).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_has_a_default_and_fractions_are_cut() {
        let params = parsed(r#"{"destination":"::1","protocol":"icmp","destinationport":-1}"#).unwrap();
        assert_eq!((params.count, params.timeout), (3, Duration::from_secs(5)));
        let text =
            r#"{"destination":"a","protocol":"tcp","destinationport":80.6,"count":2.5,"timeout":1e300}"#;
        let params = parsed(text).unwrap();
        assert_eq!((params.protocol, params.count), (Protocol::Tcp(80), 2));
        assert_eq!(params.timeout, Duration::from_secs(86_400));
        assert_eq!(
            parsed(r#"{"destination":"a","protocol":"udp","timeout":0.5}"#).unwrap().timeout,
            DEFAULT_TIMEOUT
        );
    }

    #[test]
    fn the_protocol_is_checked_before_the_port_and_the_port_before_the_name() {
        for (text, error) in [
            ("null", " is not a supported ping protocol"),
            (r#"{"protocol":"ICMP"}"#, "ICMP is not a supported ping protocol"),
            (
                r#"{"protocol":"udp","destinationport":65536}"#,
                "udp ping requires a valid destination port between 0 and 65535, got 65536",
            ),
            (
                r#"{"protocol":"tcp","destinationport":-0.5}"#,
                "tcp ping requires a valid destination port between 0 and 65535, got -0.5",
            ),
            (r#"{"protocol":"tcp","count":-1}"#, "destination IP is invalid: "),
            (r#"{"protocol":"icmp","destination":"a","count":-1}"#, "count must not be negative, got -1"),
            (
                r#"{"protocol":"icmp","destination":"a","timeout":-2.5}"#,
                "timeout must not be negative, got -2.5",
            ),
        ] {
            assert_eq!(parsed(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn destinations_are_names_and_addresses() {
        for text in ["localhost", "127.0.0.1", "::1", "fe80::1%eth0", "www.example.net."] {
            assert!(is_destination(text), "{text}");
        }
        for text in ["", "a b", "300.1.1.1", "[::1]", "127.0.0.1%eth0", "http://a", ":::"] {
            assert!(!is_destination(text), "{text}");
        }
    }

    #[test]
    fn addresses_are_made_plain() {
        let plain = |text: &str| {
            let mut address: SocketAddr = text.parse().unwrap();
            super::plain(&mut address);
            address.to_string()
        };
        assert_eq!(plain("[::ffff:192.0.2.1]:7"), "192.0.2.1:7");
        assert_eq!(plain("0.0.0.0:7"), "127.0.0.1:7");
        assert_eq!(plain("[::]:7"), "[::1]:7");
        assert_eq!(plain("[fe80::1%3]:7"), "[fe80::1%3]:7");
    }
}
