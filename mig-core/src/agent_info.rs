//! Who an agent is: what it says of itself, and what the platform knows of it.

use crate::{
    action::{is_false, is_zero},
    id::AgentId,
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One agent process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentInfo {
    /// Names the process in the store.
    #[serde(skip_serializing_if = "AgentId::is_zero")]
    pub id: AgentId,
    /// Host name.
    pub name: String,
    /// Address on the relay: `<os>.<agent id>`.
    #[serde(rename = "queueloc")]
    pub queue_location: String,
    /// `daemon`, `checkin` or empty.
    pub mode: String,
    /// Version of the agent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Process id.
    #[serde(skip_serializing_if = "is_zero")]
    pub pid: i64,
    /// Loader that installed it.
    #[serde(rename = "loadername", skip_serializing_if = "String::is_empty")]
    pub loader_name: String,
    /// When the process started.
    #[serde(rename = "starttime")]
    pub start_time: Time,
    /// When it was destroyed; year 9998 if it was not.
    #[serde(rename = "destructiontime")]
    pub destruction_time: Time,
    /// Last heartbeat.
    #[serde(rename = "heartbeatts")]
    pub heartbeat_time: Time,
    /// Last change of its environment.
    #[serde(rename = "refreshts")]
    pub refresh_time: Time,
    /// `online`, `idle`, `offline`, `destroyed`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// True if the platform knows its key.
    #[serde(skip_serializing_if = "is_false")]
    pub authorized: bool,
    /// What it found out about its machine.
    pub environment: Environment,
    /// Labels from its configuration.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// What an agent found out about its machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Init system, such as `systemd`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub init: String,
    /// Name and version of the operating system, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ident: String,
    /// `linux`, `darwin` or `windows`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os: String,
    /// `amd64`, `386`, `arm64`, ...
    #[serde(skip_serializing_if = "String::is_empty")]
    pub arch: String,
    /// True if it reaches the platform through a proxy.
    #[serde(rename = "isproxied")]
    pub is_proxied: bool,
    /// That proxy, as `host:port`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proxy: String,
    /// Addresses with prefix length.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Address the platform sees.
    #[serde(rename = "publicip", skip_serializing_if = "String::is_empty")]
    pub public_ip: String,
    /// Coordinates in AWS.
    pub aws: AwsEnvironment,
    /// Modules compiled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
}

/// Where a machine stands in AWS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsEnvironment {
    /// Instance id.
    #[serde(rename = "instanceid", skip_serializing_if = "String::is_empty")]
    pub instance_id: String,
    /// Private address.
    #[serde(rename = "localipv4", skip_serializing_if = "String::is_empty")]
    pub local_ipv4: String,
    /// Image id.
    #[serde(rename = "amiid", skip_serializing_if = "String::is_empty")]
    pub ami_id: String,
    /// Instance type.
    #[serde(rename = "instancetype", skip_serializing_if = "String::is_empty")]
    pub instance_type: String,
}
