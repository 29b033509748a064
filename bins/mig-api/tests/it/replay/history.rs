//! The history of the captured platform, from the rows of its tables, told to a store in the order in which it happened.

use super::captures::read;
use mig_core::{
    action::{Action, SignedText},
    agent_info::AgentInfo,
    command::ModuleResult,
    id::{ActionId, AgentId, CommandId, InvestigatorId},
    json,
    permissions::Permissions,
    scheduler::flow::AnswerStatus,
    sign::Keyring,
    store::{Answer, Lease, NewAccount, NewAction, NewCommand, OwnerId, Store},
    time::Time,
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// What is called otherwise in our store.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Ids, as the original and as our store has them.
    pub(super) agents: BTreeMap<String, String>,
}

impl History {
    /// A captured text with our ids.
    pub(super) fn translate(&self, text: &str) -> String {
        self.agents.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    }
}

/// Rows of a table, each by the names of its columns; `None` is NULL.
type Row = BTreeMap<String, Option<String>>;

fn table(name: &str) -> Vec<Row> {
    let text = read(&format!("tables/{name}.tsv"));
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let values = line.split('\t').map(|value| (value != "\\N").then(|| unescape(value)));
        columns.iter().map(|column| (*column).to_owned()).zip(values).collect()
    };
    lines.map(row).collect()
}

fn unescape(value: &str) -> String {
    value.replace("\\\\", "\u{0}").replace("\\t", "\t").replace("\\n", "\n").replace('\u{0}', "\\")
}

fn text<'r>(row: &'r Row, column: &str) -> &'r str {
    row[column].as_deref().unwrap_or_default()
}

fn time(row: &Row, column: &str) -> Time {
    let text = text(row, column).replace(' ', "T").replace("+00", "Z");
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn moment(row: &Row, column: &str) -> SystemTime {
    time(row, column).into()
}

/// Investigators only: the platform before the investigation.
pub(super) async fn load_investigators(store: &dyn Store) -> History {
    for row in table("investigators") {
        let armored = text(&row, "publickey").trim_start_matches("\\x").as_bytes().chunks(2);
        let armored =
            armored.map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
        let armored = String::from_utf8(armored.collect()).unwrap();
        let fingerprint = Keyring::default().add(&armored).unwrap();
        assert_eq!(fingerprint.to_upper(), text(&row, "pgpfingerprint"));
        let permissions = Permissions::from_mask(text(&row, "permissions").parse().unwrap());
        let new = NewAccount {
            name: text(&row, "name").to_owned(),
            key: Some((fingerprint, armored)),
            permissions,
        };
        let id = store.create_account(&new, moment(&row, "createdat")).await.unwrap().unwrap();
        assert_eq!(id.to_string(), text(&row, "id"));
    }
    History::default()
}

/// Everything.
pub(super) async fn load(store: &dyn Store) -> History {
    let mut history = load_investigators(store).await;
    for row in table("agents") {
        load_agent(store, &row).await;
    }
    for (row, agent) in table("agents").iter().zip(store.agents(None, 100).await.unwrap()) {
        history.agents.insert(text(row, "id").to_owned(), agent.id.to_string());
    }
    age(store).await;
    let mut actions = table("actions");
    actions.sort_by_key(|row| text(row, "starttime").to_owned());
    for row in actions {
        load_action(store, &row, &history).await;
    }
    history
}

async fn load_agent(store: &dyn Store, row: &Row) {
    let agent = AgentInfo {
        name: text(row, "name").to_owned(),
        queue_location: text(row, "queueloc").to_owned(),
        mode: text(row, "mode").to_owned(),
        version: text(row, "version").to_owned(),
        pid: text(row, "pid").parse().unwrap(),
        start_time: time(row, "starttime"),
        refresh_time: time(row, "refreshtime"),
        environment: json::from_str(text(row, "environment")).unwrap(),
        tags: json::from_str(text(row, "tags")).unwrap(),
        ..AgentInfo::default()
    };
    store.record_heartbeats(&[agent], moment(row, "heartbeattime")).await.unwrap();
}

/// Those that were offline had been silent for longer than the others.
async fn age(store: &dyn Store) {
    let online = table("agents").into_iter().filter(|row| text(row, "status") == "online");
    let first = online.map(|row| moment(&row, "heartbeattime")).min().unwrap();
    for _ in 0..2 {
        store.age_agents(first, first).await.unwrap();
    }
}

async fn load_action(store: &dyn Store, row: &Row, history: &History) {
    let action = Action {
        id: text(row, "id").parse().unwrap(),
        name: text(row, "name").to_owned(),
        target: text(row, "target").to_owned(),
        description: json::from_str(text(row, "description")).unwrap(),
        threat: json::from_str(text(row, "threat")).unwrap(),
        valid_from: time(row, "validfrom"),
        expire_after: time(row, "expireafter"),
        operations: json::from_str(text(row, "operations")).unwrap(),
        signatures: json::from_str(text(row, "pgpsignatures")).unwrap(),
        syntax_version: text(row, "syntaxversion").parse().unwrap(),
        ..Action::default()
    };
    let (id, started) = (action.id, moment(row, "starttime"));
    let digest = Sha256::digest(SignedText::of(&action).unwrap().as_str().as_bytes()).into();
    let lease = Lease::new(OwnerId("history".to_owned()), started, Duration::from_secs(60));
    let new = NewAction { action, digest, signers: signers(id) };
    store.insert_action(&new, Some(&lease)).await.unwrap();
    assert_eq!(store.claim_actions(&lease, started, 9).await.unwrap().len(), 1);
    let rows: Vec<Row> =
        table("commands").into_iter().filter(|row| text(row, "actionid") == id.to_string()).collect();
    let command = |row: &Row| NewCommand {
        id: text(row, "id").parse().unwrap(),
        agent: history.agents[text(row, "agentid")].parse::<AgentId>().unwrap(),
    };
    let commands: Vec<NewCommand> = rows.iter().map(command).collect();
    let sent = rows.iter().map(|row| moment(row, "starttime")).min().unwrap();
    assert!(store.launch_action(id, &lease.owner, &commands, sent).await.unwrap());
    for row in rows {
        end_command(store, &row).await;
    }
}

fn signers(id: ActionId) -> Vec<InvestigatorId> {
    let rows = table("signatures").into_iter().filter(|row| text(row, "actionid") == id.to_string());
    rows.map(|row| text(&row, "investigatorid").parse().unwrap()).collect()
}

async fn end_command(store: &dyn Store, row: &Row) {
    let (command, ended): (CommandId, _) = (text(row, "id").parse().unwrap(), moment(row, "finishtime"));
    let status = match text(row, "status") {
        "success" => AnswerStatus::Success,
        "failed" => AnswerStatus::Failed,
        "expired" => {
            // Answers of others in this action come later or came before: only this one has none.
            store.expire_commands(ended + Duration::from_secs(3600), ended, 1).await.unwrap();
            return;
        }
        other => panic!("{other}"),
    };
    let results: Vec<ModuleResult> = json::from_str(text(row, "results")).unwrap();
    store.record_answers(&[Answer { command, status, results }], ended).await.unwrap();
}
