//! What can be wrong between an agent and its server, each with what to do about it.

use crate::tls::OwnCertificateError;

/// Why a server can not be used. Shown in one line, which says what to do.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// The URL can not be used.
    #[error("server URL '{url}' can not be used: {reason}; write https://host[:port][/path]")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not the address of an agent.
    #[error("'{queue_location}' is no queue location: one is <os>.<letters, digits, dots, dashes>")]
    QueueLocation {
        /// What was given.
        queue_location: String,
    },
    /// A certificate or key of ours can not be used.
    #[error(transparent)]
    OwnCertificate(#[from] OwnCertificateError),
    /// The proxy can not be used.
    #[error("the proxy can not be used: {reason}; write http://host:port or socks5://host:port")]
    Proxy {
        /// What is wrong with it.
        reason: String,
    },
    /// The client could not be made.
    #[error("no HTTP client can be made: {reason}")]
    Client {
        /// What the library says.
        reason: String,
    },
    /// There are no random numbers for a proof.
    #[error("this system has no random numbers: {reason}")]
    NoRandomNumbers {
        /// What it says.
        reason: String,
    },
    /// Nobody answers there, or a network is in between.
    #[error(
        "server {server} can not be reached: {reason}; check the URL, that the server runs, and proxies and firewalls"
    )]
    Unreachable {
        /// The server's URL.
        server: String,
        /// What the library says.
        reason: String,
    },
    /// The certificate of the server is not what it should be.
    #[error("server {server}: its certificate {reason}")]
    Certificate {
        /// The server's URL.
        server: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The server does not know our key.
    #[error("server {server} does not know this agent ({said}): enrol it with a new invitation")]
    NotEnrolled {
        /// The server's URL.
        server: String,
        /// What it says.
        said: String,
    },
    /// The invitation is not good, any more.
    #[error("server {server} does not accept the invitation ({said}): ask for a new one")]
    NotInvited {
        /// The server's URL.
        server: String,
        /// What it says.
        said: String,
    },
    /// Another agent has our queue location, or asks in its name.
    #[error(
        "server {server} knows another agent of this name ({said}): on a cloned machine, remove the agent's state directory and enrol it again"
    )]
    AnotherAgent {
        /// The server's URL.
        server: String,
        /// What it says.
        said: String,
    },
    /// Something else the server does not accept.
    #[error("server {server} answers {status} to {operation}: {said}")]
    Refused {
        /// The server's URL.
        server: String,
        /// What was tried.
        operation: &'static str,
        /// The status.
        status: u16,
        /// What it says.
        said: String,
    },
}

impl HttpError {
    /// True if the same may succeed later without help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500..=599),
            _ => false,
        }
    }
}
