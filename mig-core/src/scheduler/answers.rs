//! Answers: read under limits, compared with what was sent, stored once.

use super::{Scheduler, SchedulerError, batch, events};
use crate::{
    command::Command,
    id::{ActionId, CommandId},
    json,
    limits::MAX_COMMAND_BYTES,
    scheduler::flow::{AnswerStatus, Reception, UnknownStatus},
    store::{Answer, SentCommand, StoreError},
    transport::Subscription,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why an answer was dropped.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Above [`MAX_COMMAND_BYTES`].
    #[error("answer has {0} bytes, allowed are {MAX_COMMAND_BYTES}")]
    TooLarge(usize),
    /// Not the JSON of a command.
    #[error("answer is not the JSON of a command")]
    Unreadable(#[source] json::Error),
    /// Nothing was sent under this id.
    #[error("no command {0} was sent")]
    UnknownCommand(CommandId),
    /// A state that agents can not report.
    #[error("answer to command {command} has an impossible status")]
    Status {
        /// Which command.
        command: CommandId,
        /// What it says.
        #[source]
        source: UnknownStatus,
    },
    /// It speaks of another action.
    #[error("answer to command {command} is about action {found}, sent was action {sent}")]
    Action {
        /// Which command.
        command: CommandId,
        /// What the answer says.
        found: ActionId,
        /// What was sent.
        sent: ActionId,
    },
    /// It comes from somebody else.
    #[error("answer to command {command} comes from '{found}', asked was '{sent}'")]
    Agent {
        /// Which command.
        command: CommandId,
        /// Who answers, cut to 120 characters.
        found: String,
        /// Who was asked.
        sent: String,
    },
    /// Not one result per operation.
    #[error("answer to command {command} has {found} results for {sent} operations")]
    Results {
        /// Which command.
        command: CommandId,
        /// How many results.
        found: usize,
        /// How many operations.
        sent: usize,
    },
}

/// Compares an answer with what was sent.
///
/// # Errors
/// [`AnswerError`] names the first difference.
pub fn check_answer(command: Command, sent: &SentCommand) -> Result<Answer, AnswerError> {
    let id = command.id;
    if command.action.id != sent.action {
        return Err(AnswerError::Action { command: id, found: command.action.id, sent: sent.action });
    }
    if command.agent.queue_location != sent.queue_location {
        let found = command.agent.queue_location.chars().take(120).collect();
        return Err(AnswerError::Agent { command: id, found, sent: sent.queue_location.clone() });
    }
    let results = command.results.unwrap_or_default();
    if results.len() != sent.operations {
        return Err(AnswerError::Results { command: id, found: results.len(), sent: sent.operations });
    }
    let status: AnswerStatus =
        command.status.parse().map_err(|source| AnswerError::Status { command: id, source })?;
    Ok(Answer { command: id, status, results })
}

fn read(body: &[u8]) -> Result<Command, AnswerError> {
    if body.len() > MAX_COMMAND_BYTES {
        return Err(AnswerError::TooLarge(body.len()));
    }
    json::from_slice(body).map_err(AnswerError::Unreadable)
}

impl Scheduler {
    /// Stores the good answers of each batch in one transaction; a bad one is reported and dropped.
    pub(super) async fn take_answers(
        &self,
        mut subscription: Box<dyn Subscription>,
    ) -> Result<(), SchedulerError> {
        loop {
            let batch = batch::gather(&mut *subscription).await?;
            let (commands, bodies): (Vec<_>, Vec<_>) = batch
                .iter()
                .filter_map(|delivery| Some((kept(read(&delivery.body))?, &delivery.body)))
                .unzip();
            let ids: Vec<_> = commands.iter().map(|command| command.id).collect();
            let sent = self.patiently(|| self.store.sent_commands(&ids)).await?;
            let answers = matching(commands, sent);
            let recorded = self.record_known(answers).await?;
            let told = ids.iter().zip(bodies).filter(|(id, _)| recorded.contains(id));
            told.for_each(|(_, body)| self.announce(events::COMMAND_RESULTS, body));
            batch::acknowledge(batch).await;
        }
    }

    /// Records answers, and says to which commands. A command may be deleted between the look at it and its answer: then the
    /// others still count.
    async fn record_known(&self, mut answers: Vec<Answer>) -> Result<BTreeSet<CommandId>, SchedulerError> {
        while !answers.is_empty() {
            match self.patiently(|| self.record_answers(&answers)).await {
                Err(SchedulerError::Store(StoreError::CommandNotFound(id))) => {
                    tracing::warn!(command = %id, "answer dropped: its command was deleted");
                    answers.retain(|answer| answer.command != id);
                }
                result => {
                    result?;
                    break;
                }
            }
        }
        Ok(answers.iter().map(|answer| answer.command).collect())
    }

    async fn record_answers(&self, answers: &[Answer]) -> Result<(), StoreError> {
        let receptions = self.store.record_answers(answers, self.clock.now()).await?;
        for (Answer { command, .. }, reception) in answers.iter().zip(receptions) {
            metrics::counter!("mig_answers_total", "outcome" => outcome(reception)).increment(1);
            tracing::debug!(%command, ?reception, "answer");
        }
        Ok(())
    }
}

/// The word of metrics.
fn outcome(reception: Reception) -> &'static str {
    match reception {
        Reception::Accepted => "accepted",
        Reception::Late => "late",
        Reception::Repeated => "repeated",
    }
}

/// The answers that match what was sent.
fn matching(commands: Vec<Command>, sent: Vec<SentCommand>) -> Vec<Answer> {
    let sent: BTreeMap<_, _> = sent.into_iter().map(|sent| (sent.id, sent)).collect();
    let check = |command: Command| match sent.get(&command.id) {
        Some(sent) => check_answer(command, sent),
        None => Err(AnswerError::UnknownCommand(command.id)),
    };
    commands.into_iter().filter_map(|command| kept(check(command))).collect()
}

fn kept<T>(result: Result<T, AnswerError>) -> Option<T> {
    let dropped = |error: &AnswerError| {
        metrics::counter!("mig_answers_total", "outcome" => "dropped").increment(1);
        tracing::warn!(%error, "answer dropped");
    };
    result.inspect_err(dropped).ok()
}

#[cfg(test)]
mod tests {
    use super::{AnswerError, check_answer, read};
    use crate::{
        command::{Command, ModuleResult},
        id::{ActionId, CommandId},
        limits::MAX_COMMAND_BYTES,
        scheduler::flow::AnswerStatus,
        store::{Answer, SentCommand},
    };

    fn check(change: impl FnOnce(&mut Command)) -> Result<Answer, AnswerError> {
        let sent = SentCommand {
            id: CommandId::new(2),
            action: ActionId::new(1),
            queue_location: "linux.one".to_owned(),
            operations: 2,
        };
        let mut command = Command {
            id: CommandId::new(2),
            status: "success".to_owned(),
            results: Some(vec![ModuleResult::default(); 2]),
            ..Command::default()
        };
        command.action.id = ActionId::new(1);
        command.agent.queue_location = "linux.one".to_owned();
        change(&mut command);
        check_answer(command, &sent)
    }

    #[test]
    fn an_answer_that_matches_is_taken() {
        let answer = check(|_| {}).unwrap();
        assert_eq!((answer.status, answer.results.len()), (AnswerStatus::Success, 2));
    }

    #[test]
    fn an_answer_about_another_action_is_dropped() {
        let error = check(|command| command.action.id = ActionId::new(7)).unwrap_err();
        assert_eq!(error.to_string(), "answer to command 2 is about action 7, sent was action 1");
    }

    #[test]
    fn an_answer_of_another_agent_is_dropped() {
        let error = check(|command| command.agent.queue_location = "linux.two".to_owned()).unwrap_err();
        assert_eq!(error.to_string(), "answer to command 2 comes from 'linux.two', asked was 'linux.one'");
    }

    #[test]
    fn an_answer_has_one_result_per_operation() {
        for results in [None, Some(vec![]), Some(vec![ModuleResult::default(); 3])] {
            let result = check(|command| command.results = results);
            assert!(matches!(result, Err(AnswerError::Results { sent: 2, .. })));
        }
    }

    #[test]
    fn an_agent_can_not_report_states_of_the_platform() {
        for status in ["sent", "expired", "", "done"] {
            let result = check(|command| command.status = status.to_owned());
            assert!(matches!(result, Err(AnswerError::Status { .. })), "{status}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_even_read() {
        let body = vec![b' '; MAX_COMMAND_BYTES + 1];
        assert!(matches!(read(&body), Err(AnswerError::TooLarge(_))));
        assert!(matches!(read(b"[]"), Err(AnswerError::Unreadable(_))));
    }
}
