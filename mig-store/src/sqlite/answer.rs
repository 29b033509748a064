//! Answers of agents.

use super::{
    failure::Failure,
    row::{self, number_list},
    settle::{next_stamp, settle},
    time::micros,
};
use mig_core::{
    command::ModuleResult,
    id::{ActionId, CommandId},
    json,
    scheduler::flow::{AnswerStatus, CommandEvent, CommandStatus, Reception},
    store::{Answer, SentCommand, StoreError},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

pub(super) async fn sent(
    connection: &mut SqliteConnection,
    ids: &[CommandId],
) -> Result<Vec<SentCommand>, Failure> {
    let sql = "SELECT c.id, c.action_id, g.queue_location, a.operation_count
        FROM commands c JOIN actions a ON a.id = c.action_id JOIN agents g ON g.id = c.agent_id
        WHERE c.id IN (SELECT value FROM json_each(?1))";
    let rows =
        sqlx::query(sql).bind(number_list(ids.iter().map(|id| id.get()))?).fetch_all(connection).await?;
    rows.iter().map(sent_command).collect()
}

fn sent_command(row: &SqliteRow) -> Result<SentCommand, Failure> {
    Ok(SentCommand {
        id: CommandId::new(row::number(row, "id")?),
        action: ActionId::new(row::number(row, "action_id")?),
        queue_location: row.try_get("queue_location")?,
        operations: usize::try_from(row::number(row, "operation_count")?).unwrap_or(usize::MAX),
    })
}

/// The results of commands, each in the order of the operations.
pub(super) async fn results(
    connection: &mut SqliteConnection,
    commands: &[CommandId],
) -> Result<BTreeMap<CommandId, Vec<ModuleResult>>, Failure> {
    let sql = "SELECT command_id, document FROM results WHERE command_id IN (SELECT value FROM json_each(?1))
        ORDER BY command_id, operation";
    let ids = number_list(commands.iter().map(|id| id.get()))?;
    let mut results: BTreeMap<CommandId, Vec<_>> = BTreeMap::new();
    for found in sqlx::query(sql).bind(ids).fetch_all(connection).await? {
        let command = CommandId::new(row::number(&found, "command_id")?);
        results.entry(command).or_default().push(row::document(&found, "document")?);
    }
    Ok(results)
}

pub(super) async fn record_all(
    connection: &mut SqliteConnection,
    answers: &[Answer],
    now: SystemTime,
) -> Result<Vec<Reception>, Failure> {
    let stamp = next_stamp(connection).await?;
    let mut actions = BTreeSet::new();
    let mut receptions = Vec::with_capacity(answers.len());
    for answer in answers {
        let id = row::id_column("command id", answer.command.get())?;
        let sql = "SELECT action_id, status, found IS NOT NULL AS is_answered FROM commands WHERE id = ?1";
        let known = sqlx::query(sql).bind(id).fetch_optional(&mut *connection).await?;
        let known = known.ok_or(StoreError::CommandNotFound(answer.command))?;
        let status: CommandStatus = row::word(&known, "status")?;
        let reception = status.reception(known.try_get("is_answered")?);
        match reception {
            Reception::Accepted => accept(connection, id, answer, stamp, now).await?,
            Reception::Late => keep_late(connection, id, answer).await?,
            Reception::Repeated => {}
        }
        actions.insert(known.try_get("action_id")?);
        receptions.push(reception);
    }
    settle(connection, &actions, now).await?;
    Ok(receptions)
}

async fn accept(
    connection: &mut SqliteConnection,
    id: i64,
    answer: &Answer,
    stamp: i64,
    now: SystemTime,
) -> Result<(), Failure> {
    let Some(next) = CommandStatus::Sent.after(CommandEvent::Answered(answer.status)) else { return Ok(()) };
    let sql = "UPDATE commands SET status = ?2, found = ?3, finish_time = ?4, end_stamp = ?5 WHERE id = ?1";
    let query = sqlx::query(sql).bind(id).bind(next.as_str()).bind(found_anything(answer));
    query.bind(micros(now)).bind(stamp).execute(&mut *connection).await?;
    insert_results(connection, id, &answer.results).await
}

async fn keep_late(connection: &mut SqliteConnection, id: i64, answer: &Answer) -> Result<(), Failure> {
    let sql = "UPDATE commands SET found = ?2, late_status = ?3 WHERE id = ?1";
    let query = sqlx::query(sql).bind(id).bind(found_anything(answer)).bind(word(answer.status));
    query.execute(&mut *connection).await?;
    insert_results(connection, id, &answer.results).await
}

async fn insert_results(
    connection: &mut SqliteConnection,
    command: i64,
    results: &[ModuleResult],
) -> Result<(), Failure> {
    let sql = "INSERT INTO results (command_id, operation, found, document) VALUES (?1, ?2, ?3, ?4)";
    for (operation, result) in (0_i64..).zip(results) {
        let query = sqlx::query(sql).bind(command).bind(operation).bind(result.found_anything);
        query.bind(json::to_string(result)?).execute(&mut *connection).await?;
    }
    Ok(())
}

fn found_anything(answer: &Answer) -> bool {
    answer.results.iter().any(|result| result.found_anything)
}

fn word(status: AnswerStatus) -> &'static str {
    status.command_status().as_str()
}
