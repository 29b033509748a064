//! Answers of agents.

use super::{
    failure::Failure,
    moment::Moment,
    row::{self, id_list},
    settle::{actions_of, lock, next_stamp, settle},
};
use mig_core::{
    command::ModuleResult,
    id::{ActionId, CommandId},
    json,
    scheduler::flow::{CommandEvent, CommandStatus, Reception},
    store::{Answer, SentCommand, StoreError},
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{collections::BTreeMap, time::SystemTime};

pub(super) async fn sent(
    connection: &mut PgConnection,
    ids: &[CommandId],
) -> Result<Vec<SentCommand>, Failure> {
    let sql = "SELECT c.id, c.action_id, g.queue_location, a.operation_count
        FROM commands c JOIN actions a ON a.id = c.action_id JOIN agents g ON g.id = c.agent_id
        WHERE c.id = ANY($1)";
    // No command has an id above those of a column: an answer may say anything.
    let ids: Vec<i64> = ids.iter().filter_map(|id| i64::try_from(id.get()).ok()).collect();
    sqlx::query(sql).bind(ids).fetch_all(connection).await?.iter().map(sent_command).collect()
}

fn sent_command(row: &PgRow) -> Result<SentCommand, Failure> {
    Ok(SentCommand {
        id: CommandId::new(row::number(row, "id")?),
        action: ActionId::new(row::number(row, "action_id")?),
        queue_location: row.try_get("queue_location")?,
        operations: usize::try_from(row::number(row, "operation_count")?).unwrap_or(usize::MAX),
    })
}

/// The results of commands, in the order of the operations.
pub(super) async fn results(
    connection: &mut PgConnection,
    commands: &[i64],
) -> Result<BTreeMap<i64, Vec<ModuleResult>>, Failure> {
    let sql =
        "SELECT command_id, document FROM results WHERE command_id = ANY($1) ORDER BY command_id, operation";
    let mut results: BTreeMap<i64, Vec<_>> = BTreeMap::new();
    for found in sqlx::query(sql).bind(commands).fetch_all(connection).await? {
        results.entry(found.try_get("command_id")?).or_default().push(row::document(&found, "document")?);
    }
    Ok(results)
}

pub(super) async fn record_all(
    connection: &mut PgConnection,
    answers: &[Answer],
    now: SystemTime,
) -> Result<Vec<Reception>, Failure> {
    let ids = id_list("command id", answers.iter().map(|answer| answer.command.get()))?;
    let actions = actions_of(connection, &ids).await?;
    lock(connection, &actions).await?;
    let mut known = lock_commands(connection, &ids).await?;
    let mut batch = Batch::default();
    let mut receptions = Vec::with_capacity(answers.len());
    for (answer, id) in answers.iter().zip(ids) {
        let state = known.get_mut(&id).ok_or(StoreError::CommandNotFound(answer.command))?;
        let reception = state.status.reception(state.is_answered);
        match reception {
            Reception::Accepted => {
                let next = state.status.after(CommandEvent::Answered(answer.status));
                state.status = next.unwrap_or(state.status);
                batch.accept(id, answer)?;
            }
            Reception::Late => batch.keep_late(id, answer)?,
            Reception::Repeated => {}
        }
        state.is_answered = true;
        receptions.push(reception);
    }
    batch.write(connection, now).await?;
    settle(connection, &actions, now).await?;
    Ok(receptions)
}

/// What decides how an answer is received.
struct State {
    status: CommandStatus,
    is_answered: bool,
}

async fn lock_commands(connection: &mut PgConnection, ids: &[i64]) -> Result<BTreeMap<i64, State>, Failure> {
    let sql = "SELECT id, status, found IS NOT NULL AS is_answered FROM commands
        WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    let mut states = BTreeMap::new();
    for found in sqlx::query(sql).bind(ids).fetch_all(connection).await? {
        let state =
            State { status: row::word(&found, "status")?, is_answered: found.try_get("is_answered")? };
        states.insert(found.try_get("id")?, state);
    }
    Ok(states)
}

/// What a batch of answers writes, column by column.
#[derive(Default)]
struct Batch {
    accepted: Ends,
    late: Ends,
    results: Results,
}

#[derive(Default)]
struct Ends {
    commands: Vec<i64>,
    statuses: Vec<&'static str>,
    found: Vec<bool>,
}

#[derive(Default)]
struct Results {
    commands: Vec<i64>,
    operations: Vec<i64>,
    found: Vec<bool>,
    documents: Vec<String>,
}

impl Batch {
    fn accept(&mut self, command: i64, answer: &Answer) -> Result<(), Failure> {
        self.accepted.push(command, answer);
        self.results.push(command, &answer.results)
    }

    fn keep_late(&mut self, command: i64, answer: &Answer) -> Result<(), Failure> {
        self.late.push(command, answer);
        self.results.push(command, &answer.results)
    }

    async fn write(self, connection: &mut PgConnection, now: SystemTime) -> Result<(), Failure> {
        let Self { accepted, late, results } = self;
        if !late.commands.is_empty() {
            // The original gives what it ended itself an empty result, which came with a database that we took over.
            let sql = "DELETE FROM results WHERE command_id = ANY($1)";
            sqlx::query(sql).bind(&late.commands).execute(&mut *connection).await?;
        }
        let sql = "INSERT INTO results (command_id, operation, found, document)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::text[])";
        let query = sqlx::query(sql).bind(results.commands).bind(results.operations).bind(results.found);
        query.bind(results.documents).execute(&mut *connection).await?;
        if !late.commands.is_empty() {
            let sql = "UPDATE commands c SET found = new.found, late_status = new.status
                FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS new (id, status, found) WHERE c.id = new.id";
            let query = sqlx::query(sql).bind(late.commands).bind(late.statuses).bind(late.found);
            query.execute(&mut *connection).await?;
        }
        if !accepted.commands.is_empty() {
            let sql = "UPDATE commands c SET status = new.status, found = new.found, finish_time = $4, end_stamp = $5
                FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS new (id, status, found) WHERE c.id = new.id";
            let stamp = next_stamp(connection).await?;
            let query = sqlx::query(sql).bind(accepted.commands).bind(accepted.statuses).bind(accepted.found);
            query.bind(Moment::at(now)).bind(stamp).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

impl Ends {
    fn push(&mut self, command: i64, answer: &Answer) {
        self.commands.push(command);
        self.statuses.push(answer.status.command_status().as_str());
        self.found.push(answer.results.iter().any(|result| result.found_anything));
    }
}

impl Results {
    fn push(&mut self, command: i64, results: &[ModuleResult]) -> Result<(), Failure> {
        for (operation, result) in (0_i64..).zip(results) {
            self.commands.push(command);
            self.operations.push(operation);
            self.found.push(result.found_anything);
            self.documents.push(json::to_string(result)?);
        }
        Ok(())
    }
}
