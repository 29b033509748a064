//! What can be wrong between us and a broker, each with what to do about it.

use crate::tls::OwnCertificateError;
use lapin::ErrorKind;
use std::{io, time::Duration};

/// Why a broker can not be used. Shown in one line, which says what to do; never with a password.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum AmqpError {
    /// The URL can not be used.
    #[error(
        "relay URL can not be used: {reason}; write amqp://user:password@host:5672/vhost, with @ : / in names as %40 %3A %2F"
    )]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate or key of ours can not be used.
    #[error(transparent)]
    OwnCertificate(#[from] OwnCertificateError),
    /// Nobody listens there, or a network is in between.
    #[error(
        "relay {endpoint} can not be reached: {reason}; check that the broker runs and that firewalls let this port through"
    )]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// What the system says.
        reason: String,
    },
    /// Something listens and does not answer.
    #[error(
        "relay {endpoint} did not answer within {limit:?}; check that it is a RabbitMQ broker, that amqp:// or amqps:// is right for this port, and its load"
    )]
    Silent {
        /// Host and port.
        endpoint: String,
        /// How long we waited.
        limit: Duration,
    },
    /// User or password are wrong.
    #[error(
        "relay {endpoint} refuses user '{user}': correct user or password in its URL, or `rabbitmqctl add_user {user}` on the broker"
    )]
    Credentials {
        /// Host and port.
        endpoint: String,
        /// Who we said we are.
        user: String,
    },
    /// There is no such virtual host.
    #[error(
        "relay {endpoint} has no virtual host '{vhost}': correct the end of its URL, or `rabbitmqctl add_vhost {vhost}` on the broker"
    )]
    NoVirtualHost {
        /// Host and port.
        endpoint: String,
        /// The virtual host asked for.
        vhost: String,
    },
    /// The user has no permissions in the virtual host at all.
    #[error(
        "relay {endpoint} does not let user '{user}' into virtual host '{vhost}': `rabbitmqctl set_permissions -p {vhost} {user} …` on the broker"
    )]
    VirtualHostRefused {
        /// Host and port.
        endpoint: String,
        /// Who we are.
        user: String,
        /// The virtual host asked for.
        vhost: String,
    },
    /// The certificate of the broker is not what it should be.
    #[error("relay {endpoint}: its certificate {reason}")]
    Certificate {
        /// Host and port.
        endpoint: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// TLS failed for another reason than the broker's certificate.
    #[error(
        "relay {endpoint} speaks no TLS that we accept: {reason}; check that the port is the TLS port (5671) and that our client certificate is of the broker's CA"
    )]
    Tls {
        /// Host and port.
        endpoint: String,
        /// What TLS says.
        reason: String,
    },
    /// The user may not do this.
    #[error(
        "{operation} is not permitted: {reply}; give the user that permission with `rabbitmqctl set_permissions`"
    )]
    Permission {
        /// What was tried.
        operation: &'static str,
        /// What the broker says.
        reply: String,
    },
    /// An exchange or queue is not there.
    #[error(
        "{operation} failed: {reply}; start a scheduler on this virtual host, it declares exchanges and shared queues"
    )]
    Missing {
        /// What was tried.
        operation: &'static str,
        /// What the broker says.
        reply: String,
    },
    /// An exchange or queue exists, but not as it should be.
    #[error(
        "{operation} failed: {reply}; something else declared it: delete it on the broker, it will be declared again"
    )]
    Different {
        /// What was tried.
        operation: &'static str,
        /// What the broker says.
        reply: String,
    },
    /// The broker refused to keep a message.
    #[error(
        "the broker refused to store a message for {queue}: look for a length limit on this queue and for full disks"
    )]
    NotStored {
        /// The queue it was for.
        queue: String,
    },
    /// The connection ended; it will be made again.
    #[error("{operation} failed, connecting again: {reason}")]
    Lost {
        /// What was tried.
        operation: &'static str,
        /// What the driver says.
        reason: String,
    },
}

/// Where and as whom we connect; what errors tell of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) endpoint: String,
    pub(super) user: String,
    pub(super) vhost: String,
}

const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const RESOURCE_LOCKED: u16 = 405;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

impl AmqpError {
    /// True if waiting does not help: somebody has to change something. It is tried again all the same.
    #[must_use]
    pub fn needs_an_operator(&self) -> bool {
        !matches!(
            self,
            Self::Unreachable { .. }
                | Self::Silent { .. }
                | Self::Missing { .. }
                | Self::NotStored { .. }
                | Self::Lost { .. }
        )
    }

    /// Of a connection that was refused.
    pub(super) fn connecting(error: &lapin::Error, peer: &Peer) -> Self {
        let Peer { endpoint, user, vhost } = peer.clone();
        match reply(error) {
            Some((ACCESS_REFUSED, _)) => Self::Credentials { endpoint, user },
            Some((NOT_ALLOWED, text)) if text.contains("not found") => {
                Self::NoVirtualHost { endpoint, vhost }
            }
            Some((NOT_ALLOWED, _)) => Self::VirtualHostRefused { endpoint, user, vhost },
            _ => match tls_failure(error) {
                Some(reason) => Self::Tls { endpoint, reason },
                None => Self::Unreachable { endpoint, reason: error.to_string() },
            },
        }
    }

    /// Of something tried on a connection.
    pub(super) fn during(operation: &'static str, error: &lapin::Error) -> Self {
        match reply(error) {
            Some((ACCESS_REFUSED, reply)) => Self::Permission { operation, reply },
            Some((NOT_FOUND, reply)) => Self::Missing { operation, reply },
            Some((RESOURCE_LOCKED | PRECONDITION_FAILED, reply)) => Self::Different { operation, reply },
            _ => Self::Lost { operation, reason: error.to_string() },
        }
    }
}

/// Code and text of an answer that refuses.
fn reply(error: &lapin::Error) -> Option<(u16, String)> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some((error.get_id(), error.get_message().to_string())),
        _ => None,
    }
}

/// Servers refuse our certificate after the handshake (TLS 1.3), when AMQP has begun.
fn tls_failure(error: &lapin::Error) -> Option<String> {
    let ErrorKind::IOError(error) = error.kind() else { return None };
    rustls_error(error).map(ToString::to_string)
}

pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
