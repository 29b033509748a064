//! One command: check, claim, run, remember, answer, acknowledge - in this order, and each step may be the last.

use super::{
    engine::Shared,
    journal::{Claim, Decision, Journal, JournalError, StoredAnswer},
    runner::{RunAnswer, RunLimits},
    verify::{ActionDigest, Refusal, VerifiedAction, VerifiedOperation},
    watch::Watcher,
};
use crate::{
    command::{Command, ModuleResult},
    json,
    limits::{MAX_ACTION_VALUES, MAX_INCOMING_COMMAND_BYTES, MAX_OPERATIONS, MAX_RESULT_BYTES},
    module::Effects,
    scheduler::flow::AnswerStatus,
    time::Time,
    transport::{Address, Delivery, Envelope, TransportError},
};
use std::{sync::Arc, time::Duration};
use tokio::task::{JoinError, spawn_blocking};

/// How often to ask whether an action that somebody else runs has ended.
const BUSY_PAUSE: Duration = Duration::from_millis(100);
/// What an operation gets at least, when the validity window ends while it is being accepted.
const SHORTEST_RUN: Duration = Duration::from_secs(1);

/// Why a command is not answered now. It will be delivered again.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the journal failed unexpectedly: {0}")]
    Lost(#[from] JoinError),
    #[error("the answer can not be written: {0}")]
    Json(#[from] json::Error),
    #[error("the answer can not be sent: {0}")]
    Transport(#[from] TransportError),
    #[error("the agent is ending")]
    Ending,
}

/// A command that was read, and the verdict on its action.
#[derive(Debug)]
struct Received {
    command: Command,
    verdict: Result<VerifiedAction, Refusal>,
}

impl Shared {
    /// Answers one delivery. Dropped at any point it leaves the delivery to be delivered again.
    pub(super) async fn take(self: Arc<Self>, mut delivery: Delivery) {
        let _working = Working::begin(&self.watcher);
        let body = std::mem::take(&mut delivery.body);
        if let Err(error) = self.answer(body).await {
            tracing::error!(%error, "command not answered, it will be tried again");
            self.pause(self.parts.options.retry_pause).await;
            return;
        }
        if let Err(error) = delivery.acknowledge().await {
            tracing::warn!(%error, "command not acknowledged, it will be answered again");
        }
    }

    async fn answer(self: &Arc<Self>, body: Vec<u8>) -> Result<(), Unanswered> {
        let Some(Received { command, verdict }) = self.check(body).await else { return Ok(()) };
        self.watcher.judged(&command, verdict.as_ref().err());
        let answer = match verdict {
            Ok(action) => self.run(&command, action).await?,
            Err(refusal) => {
                tracing::warn!(command = %command.id, action = %command.action.name, %refusal, "action refused");
                if !command.id.is_positive() {
                    return Ok(());
                }
                refused(&command, &refusal.to_string())
            }
        };
        self.watcher.answers(&command, answer.status);
        self.send(command, answer).await
    }

    /// Reads and verifies. What can not be read can not be answered; what makes a parser fall can only do so once.
    async fn check(self: &Arc<Self>, body: Vec<u8>) -> Option<Received> {
        let shared = Arc::clone(self);
        match spawn_blocking(move || shared.read(&body)).await {
            Ok(Ok(received)) => Some(received),
            Ok(Err(error)) => {
                tracing::error!(%error, "message dropped: it is not a command");
                None
            }
            Err(error) => {
                tracing::error!(%error, "message dropped: checking it failed unexpectedly");
                None
            }
        }
    }

    fn read(&self, body: &[u8]) -> Result<Received, crate::BoxError> {
        if body.len() > MAX_INCOMING_COMMAND_BYTES {
            return Err(format!("{} bytes are more than {MAX_INCOMING_COMMAND_BYTES}", body.len()).into());
        }
        let command: Command = json::from_slice_within(body, MAX_ACTION_VALUES)?;
        let (me, now) = (self.info(), self.parts.clock.now().into());
        let verdict = self.parts.policy.verify(command.action.clone(), &me, now);
        Ok(Received { command, verdict })
    }

    async fn run(&self, command: &Command, action: VerifiedAction) -> Result<StoredAnswer, Unanswered> {
        let changes = |operation: VerifiedOperation<'_>| self.changes(operation);
        let claim = Claim {
            digest: action.digest(),
            command: command.id,
            expire_after: action.action().expire_after,
            changes: action.operations().any(changes),
        };
        loop {
            match self.claim(&claim).await? {
                Decision::Run => return self.run_claimed(&action, &claim, false).await,
                Decision::Resume => return self.run_claimed(&action, &claim, true).await,
                Decision::Repeat(answer) => return Ok(answer),
                Decision::AlreadyRun(other) => {
                    return Ok(refused(command, &format!("already run, as command {other}")));
                }
                Decision::Busy if self.pause(BUSY_PAUSE).await => {}
                Decision::Busy => return Err(Unanswered::Ending),
            }
        }
    }

    async fn claim(&self, claim: &Claim) -> Result<Decision, Unanswered> {
        let (journal, claim) = (Arc::clone(&self.parts.journal), claim.clone());
        Ok(spawn_blocking(move || journal.claim(&claim)).await??)
    }

    async fn run_claimed(
        &self,
        action: &VerifiedAction,
        claim: &Claim,
        resumed: bool,
    ) -> Result<StoredAnswer, Unanswered> {
        let _claimed = Claimed { journal: Arc::clone(&self.parts.journal), digest: claim.digest };
        let answer = Arc::new(self.run_operations(action, resumed).await);
        while let Err(error) = self.finish(claim, &answer).await {
            tracing::error!(%error, command = %claim.command, "answer not remembered, trying again");
            if !self.pause(self.parts.options.retry_pause).await {
                return Err(error);
            }
        }
        Ok(Arc::unwrap_or_clone(answer))
    }

    async fn finish(&self, claim: &Claim, answer: &Arc<StoredAnswer>) -> Result<(), Unanswered> {
        let (journal, claim) = (Arc::clone(&self.parts.journal), claim.clone());
        let answer = Arc::clone(answer);
        Ok(spawn_blocking(move || journal.finish(&claim, &answer)).await??)
    }

    /// One after the other, each with its result; the first that is no success decides the status.
    async fn run_operations(&self, action: &VerifiedAction, resumed: bool) -> StoredAnswer {
        let mut status = AnswerStatus::Success;
        let mut results = Vec::with_capacity(action.operations().len());
        let mut room = self.parts.options.results_bytes;
        for operation in action.operations() {
            let answer = match resumed && self.changes(operation) {
                true => interrupted(&operation.get().module),
                false => self.run_operation(operation, action.action().expire_after, &mut room).await,
            };
            if status == AnswerStatus::Success {
                status = answer.status;
            }
            results.push(answer.result);
        }
        StoredAnswer { status, results }
    }

    async fn run_operation(
        &self,
        operation: VerifiedOperation<'_>,
        expire_after: Time,
        room: &mut usize,
    ) -> RunAnswer {
        let left = expire_after.since(self.parts.clock.now().into()).max(SHORTEST_RUN);
        let time = left.min(self.parts.options.module_timeout);
        let limits = RunLimits { time, result_bytes: MAX_RESULT_BYTES.min(*room) };
        let answer = self.parts.runner.run(operation, limits).await;
        let answer = match json::to_string(&answer.result) {
            Ok(text) if text.len() <= limits.result_bytes => answer,
            Ok(_) => RunAnswer::too_large(limits.result_bytes),
            Err(error) => RunAnswer::failed(format!("the result can not be written: {error}")),
        };
        *room = room.saturating_sub(json::to_string(&answer.result).map_or(0, |text| text.len()));
        answer
    }

    fn changes(&self, operation: VerifiedOperation<'_>) -> bool {
        self.parts.runner.effects(&operation.get().module) == Some(Effects::Changes)
    }

    /// The answer is the command as it came, with status, results and who answers.
    async fn send(&self, command: Command, answer: StoredAnswer) -> Result<(), Unanswered> {
        let mut reply = command;
        reply.status = answer.status.command_status().as_str().to_owned();
        reply.results = Some(answer.results);
        reply.agent.queue_location.clone_from(&self.parts.info.queue_location);
        let body = json::to_string(&reply)?.into_bytes();
        let expires_in = self.parts.options.heartbeat_period.checked_mul(10);
        Ok(self.parts.transport.send(&Address::Results, Envelope { body, expires_in }).await?)
    }
}

/// Every operation of a refused command says why.
fn refused(command: &Command, reason: &str) -> StoredAnswer {
    let result = ModuleResult { errors: Some(vec![reason.to_owned()]), ..ModuleResult::default() };
    let operations = command.action.operations.as_ref().map_or(0, Vec::len).min(MAX_OPERATIONS);
    StoredAnswer { status: AnswerStatus::Failed, results: vec![result; operations] }
}

fn interrupted(module: &str) -> RunAnswer {
    RunAnswer::failed(format!(
        "the run was interrupted; it is not repeated, because module '{module}' changes the machine"
    ))
}

/// Says that a message needs no further work, also when that was dropped.
#[derive(Debug)]
struct Working(Arc<dyn Watcher>);

impl Working {
    fn begin(watcher: &Arc<dyn Watcher>) -> Self {
        watcher.received();
        Self(Arc::clone(watcher))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.ended();
    }
}

/// Says that a run is over, also when it was dropped.
#[derive(Debug)]
struct Claimed {
    journal: Arc<dyn Journal>,
    digest: ActionDigest,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.journal.abandon(self.digest);
    }
}
