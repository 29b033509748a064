//! Heartbeats as agents of 2019 post them to the API: camel case, nothing left out.

use crate::{limits, time::Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Heartbeat {
    /// Host name.
    pub name: String,
    /// `daemon` or `checkin`.
    pub mode: String,
    /// Version of the agent.
    pub version: String,
    /// Process id.
    pub pid: u64,
    /// Address on the relay.
    pub queue_loc: String,
    /// Time of this heartbeat, whatever the name says.
    pub start_time: Time,
    /// Last change of the environment.
    pub refresh_time: Time,
    /// What the agent found out about its machine.
    pub environment: HeartbeatEnvironment,
    /// Labels.
    pub tags: Option<Vec<Tag>>,
}

/// The machine of an agent, as a heartbeat describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HeartbeatEnvironment {
    /// Init system.
    pub init: String,
    /// Operating system, for people.
    pub ident: String,
    /// `linux`, `darwin` or `windows`.
    pub os: String,
    /// `amd64`, `386`, `arm64`, ...
    pub arch: String,
    /// True if the agent reaches the platform through a proxy.
    pub is_proxied: bool,
    /// That proxy.
    pub proxy: String,
    /// Addresses with prefix length.
    pub addresses: Option<Vec<String>>,
    /// Address the platform sees; its form is not checked.
    #[serde(rename = "publicIP")]
    pub public_ip: String,
    /// Modules compiled in.
    pub modules: Option<Vec<String>>,
}

/// A label of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Why a heartbeat is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// Fields that must not be empty, in document order.
    #[error("missing field(s): {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// Older than five minutes.
    #[error("heartbeat expired")]
    Expired,
    /// Neither `daemon` nor `checkin`.
    #[error("agent reported an invalid mode")]
    Mode,
    /// Name over [`limits::MAX_AGENT_NAME_BYTES`].
    #[error("agent reported a name that is too long")]
    NameTooLong,
    /// Version over [`limits::MAX_AGENT_VERSION_BYTES`].
    #[error("agent reported a version string that is too long")]
    VersionTooLong,
}

/// Oldest heartbeat that counts.
const MAX_AGE: Duration = Duration::from_secs(300);

impl Heartbeat {
    /// Checks a heartbeat as the API does.
    ///
    /// # Errors
    /// Missing fields first; of several other faults the last of the list, as the original reports them.
    pub fn validate(&self, now: Time) -> Result<(), HeartbeatError> {
        let missing = self.missing_fields();
        if !missing.is_empty() {
            return Err(HeartbeatError::Missing(missing));
        }
        if self.version.len() > limits::MAX_AGENT_VERSION_BYTES {
            return Err(HeartbeatError::VersionTooLong);
        }
        if self.name.len() > limits::MAX_AGENT_NAME_BYTES {
            return Err(HeartbeatError::NameTooLong);
        }
        if !matches!(self.mode.as_str(), "daemon" | "checkin") {
            return Err(HeartbeatError::Mode);
        }
        if self.start_time < now.minus(MAX_AGE) {
            return Err(HeartbeatError::Expired);
        }
        Ok(())
    }

    fn missing_fields(&self) -> Vec<&'static str> {
        let environment = &self.environment;
        let fields = [
            ("name", self.name.is_empty()),
            ("mode", self.mode.is_empty()),
            ("version", self.version.is_empty()),
            ("pid", self.pid == 0),
            ("queueLoc", self.queue_loc.is_empty()),
            ("environment.init", environment.init.is_empty()),
            ("environment.ident", environment.ident.is_empty()),
            ("environment.os", environment.os.is_empty()),
            ("environment.arch", environment.arch.is_empty()),
            ("environment.publicIP", environment.public_ip.is_empty()),
        ];
        fields.into_iter().filter_map(|(name, empty)| empty.then_some(name)).collect()
    }
}
