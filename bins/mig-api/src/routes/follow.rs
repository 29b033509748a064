//! An action as a stream of events: how it stands, and each of its commands once, as it ends.
//!
//! * `progress`: `{"status", "reason"?, "counters"}`, at the beginning and after each change;
//! * `command`: a command that ended, without its action; the event's id resumes behind it (`Last-Event-ID`);
//! * `end`: like `progress`, and nothing follows;
//! * `error`: `{"message"}`: come again, with the last id.

use super::{FOLLOW, Shared, action};
use crate::{Api, access::Caller, answer::with_placeholders, error::ApiError, form::Parameters};
use axum::{
    Extension,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use mig_core::{
    action::ActionCounters,
    agent_info::AgentInfo,
    command::ModuleResult,
    id::{ActionId, CommandId},
    json,
    store::{EndMark, StoredAction, StoredCommand},
    time::Time,
};
use serde::Serialize;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// Commands that are read at once; they carry results of any size.
const COMMANDS: u32 = 50;
/// At most this often is the store asked about one action, however much else changes in it.
const PAUSE: Duration = Duration::from_millis(200);
/// At least this often rights are looked at again, and proxies see that somebody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How an action stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Progress {
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    counters: ActionCounters,
}

impl From<StoredAction> for Progress {
    fn from(stored: StoredAction) -> Self {
        Self { status: stored.status.as_str(), reason: stored.reason, counters: stored.action.counters }
    }
}

/// A command that ended. Its action is the one that is followed.
#[derive(Debug, Serialize)]
struct Ended {
    id: CommandId,
    agent: AgentInfo,
    status: &'static str,
    results: Vec<ModuleResult>,
    #[serde(rename = "starttime")]
    start_time: Time,
    #[serde(rename = "finishtime")]
    finish_time: Time,
}

pub(super) async fn follow(
    api: Shared,
    parameters: Parameters,
    headers: HeaderMap,
    Extension(caller): Extension<Caller>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let id: ActionId = parameters.id("actionid", "Action")?;
    let after = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default());
    let after = after.filter(|id| !id.is_empty()).map(mark).transpose()?;
    let busy = "too many actions are being followed: try again later";
    let permit = Arc::clone(&api.followers).try_acquire_owned();
    let permit = permit.map_err(|error| ApiError::unavailable(busy, error))?;
    // Whether it exists is told before the stream begins.
    action::stored(&api, id).await?;
    let follower = Follower {
        api: Arc::clone(&api),
        caller,
        id,
        after,
        seen: 0,
        told: None,
        waiting: VecDeque::new(),
        is_over: false,
        _permit: permit,
    };
    let events = stream::unfold(follower, |mut follower| async {
        follower.next().await.map(|event| (Ok(event), follower))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The id of an event: `<stamp>.<command>`.
fn mark(text: &str) -> Result<EndMark, ApiError> {
    let parts = text.split_once('.').and_then(|(stamp, id)| Some((stamp.parse().ok()?, id.parse().ok()?)));
    let (stamp, id) = parts.ok_or_else(|| {
        ApiError::bad_request("the header Last-Event-ID is not the id of an event of this stream")
    })?;
    Ok(EndMark { stamp, id })
}

/// Somebody who follows an action.
struct Follower {
    api: Arc<Api>,
    caller: Caller,
    id: ActionId,
    /// The last command that was told.
    after: Option<EndMark>,
    /// The state of the store at the last look.
    seen: u64,
    /// The last progress that was told.
    told: Option<Progress>,
    waiting: VecDeque<Event>,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.look().await {
                tracing::warn!(action = %self.id, message = error.message, source = ?error.source, "a follower is sent away");
                self.is_over = true;
                self.waiting.extend(event("error", &Message { message: error.message }));
            }
        }
    }

    /// Waits for news, and puts them into the queue. Commands are read after the status: when it is final, all of them are there.
    async fn look(&mut self) -> Result<(), ApiError> {
        if self.told.is_some() {
            self.wait().await?;
        }
        if !self.caller.may_still(&self.api, FOLLOW).await? {
            return Err(ApiError::unauthorized("you may not follow this action any more"));
        }
        let revision = self.api.store.revision();
        let stored = action::stored(&self.api, self.id).await?;
        let is_final = stored.status.is_final();
        let ended = self.api.store.ended_commands(self.id, self.after, COMMANDS).await?;
        let is_all = ended.len() < usize::try_from(COMMANDS).unwrap_or(usize::MAX);
        for command in ended {
            self.after = command.ended.or(self.after);
            self.waiting.extend(ended_event(command));
        }
        let progress = Progress::from(StoredAction { action: with_placeholders(stored.action), ..stored });
        if is_final && is_all {
            self.is_over = true;
            self.waiting.extend(event("end", &progress));
        } else if self.told.as_ref() != Some(&progress) {
            self.waiting.extend(event("progress", &progress));
        }
        self.told = Some(progress);
        // With more to read, the next look is at once.
        self.seen = if is_all { revision } else { 0 };
        Ok(())
    }

    async fn wait(&self) -> Result<(), ApiError> {
        if self.seen == 0 {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
        // Rights may go without a change that the store tells.
        let news = tokio::time::timeout(KEEP_ALIVE, self.api.store.changed(self.seen));
        match news.await {
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Message {
    message: String,
}

fn ended_event(command: StoredCommand) -> Option<Event> {
    let mark = command.ended?;
    let ended = Ended {
        id: command.id,
        agent: command.agent,
        status: command.status.as_str(),
        results: command.results,
        start_time: command.start_time,
        finish_time: command.finish_time,
    };
    event("command", &ended).map(|event| event.id(format!("{}.{}", mark.stamp, mark.id)))
}

fn event<T: Serialize>(name: &str, data: &T) -> Option<Event> {
    match json::to_string(data) {
        Ok(text) => Some(Event::default().event(name).data(text)),
        Err(error) => {
            tracing::error!(%error, name, "an event can not be written");
            None
        }
    }
}
