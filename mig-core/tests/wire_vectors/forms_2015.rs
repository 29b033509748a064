//! The field sets of 2015, which the vectors know and the product does not need: it reads them with today's types.

use mig_core::{
    action::{ActionCounters, Description, Threat},
    command::ModuleResult,
    id::{ActionId, AgentId, CommandId, InvestigatorId},
    json::{Bytes, Value},
    time::Time,
};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Action2015 {
    id: ActionId,
    name: String,
    target: String,
    description: Description,
    threat: Threat,
    validfrom: Time,
    expireafter: Time,
    operations: Option<Vec<Operation2015>>,
    pgpsignatures: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    investigators: Vec<Investigator2015>,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    starttime: Time,
    finishtime: Time,
    lastupdatetime: Time,
    counters: ActionCounters,
    #[serde(skip_serializing_if = "Option::is_none")]
    syntaxversion: Option<u16>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Operation2015 {
    module: String,
    parameters: Value,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Command2015 {
    id: CommandId,
    action: Action2015,
    agent: Agent2015,
    status: String,
    results: Option<Vec<ModuleResult>>,
    starttime: Time,
    finishtime: Time,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Agent2015 {
    #[serde(skip_serializing_if = "AgentId::is_zero")]
    id: AgentId,
    name: String,
    queueloc: String,
    mode: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i64>,
    starttime: Time,
    destructiontime: Time,
    heartbeatts: Time,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorized: Option<bool>,
    environment: Environment2015,
    #[serde(skip_serializing_if = "Value::is_null")]
    tags: Value,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Environment2015 {
    #[serde(skip_serializing_if = "String::is_empty")]
    init: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    ident: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    os: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    arch: String,
    isproxied: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    proxy: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    publicip: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Investigator2015 {
    #[serde(skip_serializing_if = "InvestigatorId::is_zero")]
    id: InvestigatorId,
    name: String,
    pgpfingerprint: String,
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    publickey: Bytes,
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    privatekey: Bytes,
    status: String,
    createdat: Time,
    lastmodified: Time,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Message2015 {
    class: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    parameters: Value,
}
