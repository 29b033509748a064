//! Every document: decode, encode, compare.

use crate::{
    common::{judge, text},
    forms_2015::{Action2015, Agent2015, Command2015, Investigator2015, Message2015},
};
use mig_core::{
    acl::Acl,
    action::Action,
    agent_info::AgentInfo,
    command::{Command, ModuleResult},
    heartbeat::Heartbeat,
    investigator::Investigator,
    json::{self, Value},
    loader::LoaderEntry,
    manifest::{ManifestFetchResponse, ManifestParameters, ManifestRecord, ManifestResponse},
    message::{ConfigParameters, Message},
    statistics::{AgentsStatistics, RunnerResult},
};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) fn document(case: &Value) -> Result<(), String> {
    let convert = match text(case, "type")? {
        "action" => again::<Action>,
        "action_2015" => again_2015::<Action2015, Action>,
        "command" => again::<Command>,
        "command_2015" => again_2015::<Command2015, Command>,
        "agent" => again::<AgentInfo>,
        "agent_2015" => again::<Agent2015>,
        "investigator" => again::<Investigator>,
        "investigator_2015" => again_2015::<Investigator2015, Investigator>,
        "message" => again::<Message>,
        "message_2015" => again_2015::<Message2015, Message>,
        "heartbeat" => again::<Heartbeat>,
        "agents_stats" => again::<AgentsStatistics>,
        "runner_result" => again::<RunnerResult>,
        "loader_entry" => again::<LoaderEntry>,
        "manifest_record" => again::<ManifestRecord>,
        "manifest_response" => again::<ManifestResponse>,
        "manifest_parameters" => again::<ManifestParameters>,
        "manifest_fetch_response" => again::<ManifestFetchResponse>,
        "result" => again::<ModuleResult>,
        "config_params" => again::<ConfigParameters>,
        "acl" => again::<Acl>,
        other => return Err(format!("no type for '{other}'")),
    };
    judge(case, convert(text(case, "input")?), "output")
}

fn again<T: DeserializeOwned + Serialize>(text: &str) -> Result<String, String> {
    let document: T = json::from_str(text).map_err(|error| error.to_string())?;
    json::to_string(&document).map_err(|error| error.to_string())
}

/// The form of 2015, and that the type of today reads it too.
fn again_2015<Old: DeserializeOwned + Serialize, New: DeserializeOwned>(
    text: &str,
) -> Result<String, String> {
    let written = again::<Old>(text)?;
    json::from_str::<New>(text).map_err(|error| format!("today's type refuses it: {error}"))?;
    Ok(written)
}
