//! What the agent does and did, for people and programs on its machine.

use super::place;
use hyper::{StatusCode, http::request::Parts};
use mig_core::{
    agent::{Refusal, Watcher},
    agent_info::AgentInfo,
    command::Command,
    json, safe,
    scheduler::flow::AnswerStatus,
    time::Time,
};
use mig_daemon::pages::{Page, Site, escape};
use serde::Serialize;
use std::{
    collections::VecDeque,
    fmt::Write as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// Longest name of an action that is shown, in characters: others choose it.
const SHOWN_NAME: usize = 200;

/// The memory of the status page.
#[derive(Debug)]
pub(super) struct Status {
    known: Mutex<Known>,
    info: watch::Sender<AgentInfo>,
    /// What proves that somebody may end the agent: who can read the run directory.
    agent_name: String,
    settings: Vec<(&'static str, String)>,
    run_directory: PathBuf,
    shown_actions: usize,
    /// Somebody asked the agent to end.
    pub(super) shutdown: Notify,
    /// Messages that are being worked on, and when the number changed.
    pub(super) working: watch::Sender<usize>,
    /// True once the relay has taken a heartbeat.
    pub(super) is_heard: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Known {
    recent: VecDeque<Asked>,
    accepted: u64,
    refused: u64,
    last_heartbeat: Option<Time>,
}

/// One action that came.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Asked {
    time: Time,
    action: String,
    name: String,
    modules: String,
    /// `accepted` and then how it ended, or why it was refused.
    verdict: String,
}

/// The status as a document.
#[derive(Debug, Serialize)]
struct Document {
    agent: AgentInfo,
    #[serde(rename = "lastheartbeat")]
    last_heartbeat: Time,
    accepted: u64,
    refused: u64,
    running: usize,
    recent: Vec<Asked>,
}

impl Status {
    pub(super) fn new(
        info: AgentInfo,
        agent_name: &str,
        run_directory: PathBuf,
        settings: Vec<(&'static str, String)>,
        shown_actions: usize,
    ) -> Self {
        Self {
            known: Mutex::default(),
            info: watch::Sender::new(info),
            agent_name: agent_name.to_owned(),
            settings,
            run_directory,
            shown_actions,
            shutdown: Notify::new(),
            working: watch::Sender::new(0),
            is_heard: watch::Sender::new(false),
        }
    }

    /// What the agent says of itself now.
    pub(super) fn set_info(&self, info: AgentInfo) {
        self.info.send_replace(info);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn document(&self) -> Document {
        let known = self.known();
        Document {
            agent: self.info.borrow().clone(),
            last_heartbeat: known.last_heartbeat.unwrap_or_default(),
            accepted: known.accepted,
            refused: known.refused,
            running: *self.working.borrow(),
            recent: known.recent.iter().rev().cloned().collect(),
        }
    }

    fn json(&self) -> Page {
        match json::to_string_pretty(&self.document()) {
            Ok(text) => Page { content_type: "application/json", ..Page::text(StatusCode::OK, text + "\n") },
            Err(error) => Page::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }

    fn html(&self) -> Page {
        let Document { agent, last_heartbeat, accepted, refused, running, recent } = self.document();
        let heard = if last_heartbeat.is_zero() { "not yet".to_owned() } else { last_heartbeat.to_string() };
        let environment = &agent.environment;
        let tags: Vec<_> = agent.tags.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        let mut rows = vec![
            ("name", agent.name.clone()),
            ("version", agent.version.clone()),
            ("process", agent.pid.to_string()),
            ("started", agent.start_time.to_string()),
            ("last heartbeat", heard),
            (
                "system",
                format!(
                    "{} ({}/{}), {}",
                    environment.ident, environment.os, environment.arch, environment.init
                ),
            ),
            ("addresses", environment.addresses.join(", ")),
            ("public address", environment.public_ip.clone()),
            ("tags", tags.join(", ")),
            ("modules", environment.modules.join(", ")),
            ("actions", format!("{accepted} accepted, {refused} refused, {running} messages in hand")),
        ];
        rows.extend(self.settings.iter().cloned());
        let mut html = String::from(HEAD);
        for (name, value) in rows {
            // Writing to a String does not fail.
            write!(html, "<tr><th>{}<td>{}", escape(name), escape(&safe::line(&value))).unwrap_or_default();
        }
        html.push_str("</table><h2>What was asked of this machine</h2><table><tr><th>when<th>action<th>name<th>modules<th>verdict");
        for Asked { time, action, name, modules, verdict } in &recent {
            let cells =
                [&time.to_string(), action, name, modules, verdict].map(|cell| escape(&safe::line(cell)));
            write!(html, "<tr><td>{}", cells.join("<td>")).unwrap_or_default();
        }
        html.push_str("</table>\n");
        Page { content_type: "text/html; charset=utf-8", ..Page::text(StatusCode::OK, html) }
    }

    fn end(&self, request: &Parts) -> Page {
        let given = request.headers.get("AGENTID").map(|id| id.as_bytes()).unwrap_or_default();
        if !is_same(given, self.agent_name.as_bytes()) {
            return Page::text(
                StatusCode::UNAUTHORIZED,
                "the header AGENTID has to be the identity of this agent\n",
            );
        }
        self.shutdown.notify_one();
        Page::text(StatusCode::OK, "the agent ends\n")
    }
}

const HEAD: &str = "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>mig-agent</title>\
    <style>body{font:15px sans-serif;margin:2em}th{text-align:left;padding-right:1em}td,th{vertical-align:top}</style>\
    <h1>mig-agent</h1><table>";

/// In a time that does not tell how many bytes are right.
fn is_same(given: &[u8], right: &[u8]) -> bool {
    given.len() == right.len()
        && given.iter().zip(right).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

impl Watcher for Status {
    fn received(&self) {
        self.working.send_modify(|working| *working += 1);
    }

    fn ended(&self) {
        self.working.send_modify(|working| *working = working.saturating_sub(1));
    }

    fn judged(&self, command: &Command, refusal: Option<&Refusal>) {
        let action = &command.action;
        let modules: Vec<&str> =
            action.operations.iter().flatten().map(|operation| operation.module.as_str()).collect();
        let verdict = match refusal {
            None => "accepted".to_owned(),
            Some(refusal) => format!("refused: {refusal}"),
        };
        let asked = Asked {
            time: Time::now(),
            action: action.id.to_string(),
            name: cut(&action.name),
            modules: cut(&modules.join(", ")),
            verdict: cut(&verdict),
        };
        tracing::info!(action = %action.id, command = %command.id, name = asked.name, verdict = asked.verdict, "asked");
        let mut known = self.known();
        *(if refusal.is_some() { &mut known.refused } else { &mut known.accepted }) += 1;
        known.recent.push_back(asked);
        while known.recent.len() > self.shown_actions {
            known.recent.pop_front();
        }
    }

    fn answers(&self, command: &Command, status: AnswerStatus) {
        let (id, status) = (command.action.id.to_string(), status.command_status().as_str());
        tracing::info!(action = %command.action.id, command = %command.id, status, "answers");
        let mut known = self.known();
        let asked =
            known.recent.iter_mut().rev().find(|asked| asked.action == id && asked.verdict == "accepted");
        if let Some(asked) = asked {
            asked.verdict = format!("accepted, {status}");
        }
    }

    fn heartbeat(&self, at: Time) {
        self.known().last_heartbeat = Some(at);
        self.is_heard.send_replace(true);
        if let Err(error) = place::note_heartbeat(&self.run_directory, at) {
            tracing::warn!(%error, "the time of the heartbeat is not noted in the run directory");
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN_NAME).collect()
}

impl Site for Status {
    async fn answer(&self, request: &Parts) -> Page {
        match request.uri.path() {
            "/" => self.html(),
            "/status" => self.json(),
            "/pid" => Page::text(StatusCode::OK, std::process::id().to_string()),
            "/shutdown" => self.end(request),
            _ => Page::not_found("/, /status, /pid, /shutdown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;
    use mig_core::{action::Action, id::ActionId};

    fn status() -> Status {
        let info = AgentInfo { name: "web1".into(), ..AgentInfo::default() };
        Status::new(info, "secret", PathBuf::new(), vec![("relay", "amqp://u@h".into())], 2)
    }

    fn parts(path: &str, id: &str) -> Parts {
        Request::get(path).header("AGENTID", id).body(()).unwrap().into_parts().0
    }

    fn command(id: u64, name: &str) -> Command {
        Command {
            action: Action { id: ActionId::new(id), name: name.into(), ..Action::default() },
            ..Command::default()
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn only_who_knows_the_identity_ends_the_agent() {
        let status = status();
        for wrong in ["", "secreT", "secret1"] {
            assert_eq!(status.answer(&parts("/shutdown", wrong)).await.status, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(status.answer(&parts("/shutdown", "secret")).await.status, StatusCode::OK);
        status.shutdown.notified().await;
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_page_shows_the_last_actions_and_what_they_say_is_text() {
        let status = status();
        for (id, name) in [(1, "first"), (2, "<b>second"), (3, "third")] {
            status.judged(&command(id, name), None);
        }
        status.judged(&command(3, "third"), Some(&Refusal::OtherTarget("x".into())));
        status.answers(&command(3, "third"), AnswerStatus::Success);
        let page = status.answer(&parts("/", "")).await.body;
        assert!(
            page.contains("third") && page.contains("accepted, success") && page.contains("refused: "),
            "{page}"
        );
        assert!(!page.contains("first") && !page.contains("<b>") && !page.contains("secret"), "{page}");
        let document = status.answer(&parts("/status", "")).await.body;
        assert!(document.contains(r#""accepted": 3"#) && !document.contains("secret"), "{document}");
    }
}
