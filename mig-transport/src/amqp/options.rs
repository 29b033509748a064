//! What a connection to a broker is made from.

use super::error::{AmqpError, Peer};
use crate::tls::{self, TlsOptions};
use lapin::uri::{AMQPScheme, AMQPUri};
use std::{
    fmt,
    num::{NonZeroU16, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

/// Which half of the topology we declare. Permissions of the original's accounts allow each no more than that.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Declares exchanges and the shared queues. Publishes and consumes over two connections: a broker that is short of
    /// memory blocks those who publish, and must still hear from those who empty it.
    Scheduler,
    /// Declares its own queue only; everything over one connection.
    Agent,
}

/// How to use a broker. Change the fields after [`AmqpOptions::new`].
#[non_exhaustive]
#[derive(Clone)]
pub struct AmqpOptions {
    /// Which half of the topology we declare.
    pub role: Role,
    /// What the broker's administrator sees (default `mig-scheduler` or `mig-agent`).
    pub connection_name: String,
    /// How long one attempt to connect may take, with TLS and login (default 10 s).
    pub connect_timeout: Duration,
    /// Messages that may be in our hands unacknowledged, per subscription (default 256 for schedulers, 4 for agents).
    /// The memory they take is bounded by this number and the size that the broker lets pass.
    pub prefetch: NonZeroU16,
    /// Messages that may wait for the broker's confirmation at once (default 64 for schedulers, 4 for agents). Each takes a
    /// channel. Further senders wait.
    pub window: NonZeroUsize,
    /// Whether schedulers declare the exchange of events too (default no: the original of 2019 has none).
    pub has_events: bool,
    /// Longest pause before the first attempt to connect again (default 1 s); doubled each time, shortened by chance.
    pub first_pause: Duration,
    /// Longest pause between attempts (default 5 s for schedulers, of which there are few, 60 s for agents). We never give up.
    pub longest_pause: Duration,
    pub(super) uri: AMQPUri,
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
}

/// A silent broker is noticed after two of these, in seconds.
const HEARTBEAT_SECONDS: u16 = 30;

/// Largest frame of an agent, in bytes. The driver has room for 64 of them per connection from its beginning, and the broker's
/// 128 KiB would be half of the memory of an idle agent. Messages may be larger: they take several frames.
const AGENT_FRAME_BYTES: u32 = 16 << 10;

impl AmqpOptions {
    /// Options for `amqp://` or `amqps://user:password@host:port/vhost`. Query parameters: `heartbeat` (seconds), `frame_max` (bytes).
    ///
    /// # Errors
    /// [`AmqpError::Url`]; [`AmqpError::OwnCertificate`] if an `amqps` URL needs authorities and the system has none.
    pub fn new(url: &str, role: Role) -> Result<Self, AmqpError> {
        Self::with_tls(url, role, &TlsOptions::default())
    }

    /// [`AmqpOptions::new`] with certificates of our own. They are ignored for `amqp://`.
    ///
    /// # Errors
    /// [`AmqpError::Url`], [`AmqpError::OwnCertificate`].
    pub fn with_tls(url: &str, role: Role, tls: &TlsOptions) -> Result<Self, AmqpError> {
        // The driver repeats the whole text of what is no such URL, password and all.
        if !["amqp://", "amqps://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(AmqpError::Url { reason: "it does not begin with amqp:// or amqps://".to_owned() });
        }
        let mut uri: AMQPUri = url.parse().map_err(|reason| AmqpError::Url { reason })?;
        if uri.authority.host.is_empty() {
            return Err(AmqpError::Url { reason: "it names no host".to_owned() });
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        if role == Role::Agent {
            uri.query.frame_max.get_or_insert(AGENT_FRAME_BYTES);
        }
        let tls = match uri.scheme {
            AMQPScheme::AMQPS => Some(tls::client(tls)?),
            AMQPScheme::AMQP => None,
        };
        let (name, prefetch, window, longest_pause) = match role {
            Role::Scheduler => ("mig-scheduler", 256, 64, 5),
            Role::Agent => ("mig-agent", 4, 4, 60),
        };
        Ok(Self {
            role,
            connection_name: name.to_owned(),
            connect_timeout: Duration::from_secs(10),
            prefetch: NonZeroU16::MIN.saturating_add(prefetch - 1),
            window: NonZeroUsize::MIN.saturating_add(window - 1),
            has_events: false,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(longest_pause),
            uri,
            tls,
        })
    }

    pub(super) fn peer(&self) -> Peer {
        let authority = &self.uri.authority;
        let host = match authority.host.contains(':') && !authority.host.starts_with('[') {
            true => format!("[{}]", authority.host),
            false => authority.host.clone(),
        };
        Peer {
            endpoint: format!("{host}:{}", authority.port),
            user: authority.userinfo.username.clone(),
            vhost: self.uri.vhost.clone(),
        }
    }
}

/// Without the password.
impl fmt::Debug for AmqpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpOptions")
            .field("relay", &self.peer())
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_says_how_to_write_one_and_tells_no_password() {
        for url in ["http://u:secret@host", "u:secret@host", "amqp://u:secret@host:99999/mig"] {
            let error = AmqpOptions::new(url, Role::Agent).unwrap_err().to_string();
            assert!(error.contains("amqp://user:password@host"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn names_with_signs_are_read_from_the_url() {
        let options = AmqpOptions::new("amqp://a%40b:p%3A%2F@host/v%2Fh", Role::Agent).unwrap();
        let Peer { endpoint, user, vhost } = options.peer();
        assert_eq!((endpoint.as_str(), user.as_str(), vhost.as_str()), ("host:5672", "a@b", "v/h"));
        assert_eq!(options.uri.authority.userinfo.password, "p:/");
        assert!(!format!("{options:?}").contains("p:/"));
    }
}
