//! Commands: reading them, making them, ending them.

use super::{
    SqliteStore, answer,
    failure::Failure,
    hand_over, row,
    settle::{next_stamp, settle},
    time::{micros, time, time_if_set},
    write::{Write, in_transaction, reading},
};
use async_trait::async_trait;
use mig_core::{
    action::ActionCounters,
    id::{ActionId, CommandId},
    scheduler::flow::{CommandEvent, CommandStatus, Reception},
    store::{
        Answer, CommandFilter, CommandQuery, CommandStore, EndMark, Handover, Lease, NewCommand, OwnerId,
        SentCommand, StoreError, StoredCommand,
    },
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::{collections::BTreeSet, time::SystemTime};

#[async_trait]
impl CommandStore for SqliteStore {
    async fn command(&self, id: CommandId) -> Result<StoredCommand, StoreError> {
        reading!(self, "reading a command", |connection| one(connection, id))
    }

    async fn commands(&self, query: &CommandQuery) -> Result<Vec<StoredCommand>, StoreError> {
        reading!(self, "reading commands", |connection| page(connection, query))
    }

    async fn ended_commands(
        &self,
        action: ActionId,
        after: Option<EndMark>,
        limit: u32,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        reading!(self, "reading ended commands", |connection| ended(connection, action, after, limit))
    }

    async fn counters(&self, action: ActionId) -> Result<ActionCounters, StoreError> {
        reading!(self, "counting commands", |connection| async {
            counters(connection, row::id_column("action id", action.get())?).await
        })
    }

    async fn claim_commands(
        &self,
        lease: &Lease,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        let free = reading!(self, "looking for commands to hand over", |connection| hand_over::due(
            connection,
            &lease.owner,
            now,
            limit
        ))?;
        if free.is_empty() {
            return Ok(Vec::new());
        }
        in_transaction!(self, "claiming commands", |write| hand_over::claim(&mut write, lease, now, limit))
    }

    async fn hand_over(
        &self,
        commands: &[CommandId],
        owner: &OwnerId,
        how: Handover,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        in_transaction!(self, "recording a hand-over", |write| hand_over::record(
            &mut write, commands, owner, how, now
        ))
    }

    async fn postpone_commands(
        &self,
        commands: &[CommandId],
        owner: &OwnerId,
        until: SystemTime,
    ) -> Result<(), StoreError> {
        in_transaction!(self, "postponing a hand-over", |write| hand_over::postpone(
            &mut write, commands, owner, until
        ))
    }

    async fn sent_commands(&self, ids: &[CommandId]) -> Result<Vec<SentCommand>, StoreError> {
        reading!(self, "reading what was sent", |connection| answer::sent(connection, ids))
    }

    async fn record_answers(
        &self,
        answers: &[Answer],
        now: SystemTime,
    ) -> Result<Vec<Reception>, StoreError> {
        in_transaction!(self, "recording answers", |write| answer::record_all(&mut write, answers, now))
    }

    async fn expire_commands(
        &self,
        deadline: SystemTime,
        now: SystemTime,
        limit: u32,
    ) -> Result<u64, StoreError> {
        if !reading!(self, "looking for late commands", |connection| are_late(connection, deadline))? {
            return Ok(0);
        }
        in_transaction!(self, "letting commands expire", |write| expire(&mut write, deadline, now, limit))
    }
}

/// `SELECT` of everything [`command`] reads, with the end of the statement.
macro_rules! select_commands {
    ($end:literal) => {
        concat!(
            "SELECT c.id AS command_id, c.action_id, c.status, c.start_time, c.finish_time, c.end_stamp, c.late_status,
                a.id AS agent_id, a.name AS agent_name, a.queue_location, a.mode, a.version, a.pid, a.loader_name,
                a.start_time AS agent_start_time, a.destruction_time, a.heartbeat_time, a.refresh_time,
                a.status AS agent_status, a.environment, a.tags
            FROM commands c JOIN agents a ON a.id = c.agent_id ",
            $end
        )
    };
}

pub(super) use select_commands;

/// A command without results, which another table holds.
pub(super) fn command(row: &SqliteRow) -> Result<StoredCommand, Failure> {
    let id = CommandId::new(row::number(row, "command_id")?);
    let stamp: Option<i64> = row.try_get("end_stamp")?;
    let late: Option<&str> = row.try_get("late_status")?;
    Ok(StoredCommand {
        id,
        action: ActionId::new(row::number(row, "action_id")?),
        agent: row::agent(row)?,
        status: row::word(row, "status")?,
        results: Vec::new(),
        start_time: time(row.try_get("start_time")?),
        finish_time: time_if_set(row.try_get("finish_time")?),
        late: late.map(|_| row::word(row, "late_status")).transpose()?,
        ended: stamp.map(|stamp| EndMark { stamp: stamp.unsigned_abs(), id }),
    })
}

pub(super) async fn with_results(
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<StoredCommand>, Failure> {
    let mut commands = rows.iter().map(command).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<CommandId> = commands.iter().map(|command| command.id).collect();
    let mut results = answer::results(connection, &ids).await?;
    for command in &mut commands {
        command.results = results.remove(&command.id).unwrap_or_default();
    }
    Ok(commands)
}

async fn one(connection: &mut SqliteConnection, id: CommandId) -> Result<StoredCommand, Failure> {
    let query =
        sqlx::query(select_commands!("WHERE c.id = ?1")).bind(row::id_column("command id", id.get())?);
    let rows = query.fetch_all(&mut *connection).await?;
    let found = with_results(connection, &rows).await?.pop();
    found.ok_or_else(|| StoreError::CommandNotFound(id).into())
}

async fn page(
    connection: &mut SqliteConnection,
    query: &CommandQuery,
) -> Result<Vec<StoredCommand>, Failure> {
    let sql = select_commands!(
        "WHERE c.action_id = ?1 AND c.id > ?2 AND (?3 IS NULL OR c.status = ?3) AND (?4 IS NULL OR c.found = ?4)
        ORDER BY c.id LIMIT ?5"
    );
    let (status, found) = match query.filter {
        CommandFilter::All => (None, None),
        CommandFilter::Found => (Some(CommandStatus::Success), Some(true)),
        CommandFilter::NotFound => (Some(CommandStatus::Success), Some(false)),
        CommandFilter::Status(status) => (Some(status), None),
    };
    let bound = sqlx::query(sql).bind(row::id_column("action id", query.action.get())?);
    let bound = bound.bind(row::id_column("command id", query.after.map_or(0, |id| id.get()))?);
    let bound = bound.bind(status.map(CommandStatus::as_str)).bind(found).bind(query.limit);
    let rows = bound.fetch_all(&mut *connection).await?;
    with_results(connection, &rows).await
}

async fn ended(
    connection: &mut SqliteConnection,
    action: ActionId,
    after: Option<EndMark>,
    limit: u32,
) -> Result<Vec<StoredCommand>, Failure> {
    let sql = select_commands!(
        "WHERE c.action_id = ?1 AND c.end_stamp IS NOT NULL AND (c.end_stamp, c.id) > (?2, ?3)
        ORDER BY c.end_stamp, c.id LIMIT ?4"
    );
    let (stamp, id) = after.map_or((0, 0), |mark| (mark.stamp, mark.id.get()));
    let query = sqlx::query(sql).bind(row::id_column("action id", action.get())?);
    let query =
        query.bind(row::id_column("stamp", stamp)?).bind(row::id_column("command id", id)?).bind(limit);
    let rows = query.fetch_all(&mut *connection).await?;
    with_results(connection, &rows).await
}

pub(super) async fn counters(
    connection: &mut SqliteConnection,
    action: i64,
) -> Result<ActionCounters, Failure> {
    let sql = "SELECT status, count(*) AS commands FROM commands WHERE action_id = ?1 GROUP BY status";
    let mut counters = ActionCounters::default();
    for found in sqlx::query(sql).bind(action).fetch_all(connection).await? {
        let commands: i64 = found.try_get("commands")?;
        counters.sent += commands;
        match row::word(&found, "status")? {
            CommandStatus::Sent => counters.in_flight = commands,
            CommandStatus::Success => counters.success = commands,
            CommandStatus::Failed => counters.failed = commands,
            CommandStatus::Timeout => counters.timeout = commands,
            CommandStatus::Cancelled => counters.cancelled = commands,
            CommandStatus::Expired => counters.expired = commands,
        }
    }
    counters.done = counters.sent - counters.in_flight;
    Ok(counters)
}

/// Makes the commands of an action that is being launched. One parameter carries all of them.
pub(super) async fn insert_all(
    connection: &mut SqliteConnection,
    action: i64,
    owner: &OwnerId,
    commands: &[NewCommand],
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "INSERT INTO commands (id, action_id, agent_id, status, expire_after, start_time, handover, owner, due)
        SELECT pair.value ->> 0, a.id, pair.value ->> 1, ?3, a.expire_after, ?4, 'waiting', ?5, ?4
        FROM json_each(?2) pair, actions a WHERE a.id = ?1";
    let pairs: Vec<[u64; 2]> =
        commands.iter().map(|command| [command.id.get(), command.agent.get()]).collect();
    let query = sqlx::query(sql).bind(action).bind(mig_core::json::to_string(&pairs)?);
    let query = query.bind(CommandStatus::Sent.as_str()).bind(micros(now)).bind(&owner.0);
    query.execute(connection).await?;
    Ok(())
}

async fn are_late(connection: &mut SqliteConnection, deadline: SystemTime) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM commands WHERE status = 'sent' AND expire_after < ?1)";
    Ok(sqlx::query_scalar(sql).bind(micros(deadline)).fetch_one(connection).await?)
}

async fn expire(
    connection: &mut SqliteConnection,
    deadline: SystemTime,
    now: SystemTime,
    limit: u32,
) -> Result<u64, Failure> {
    let Some(expired) = CommandStatus::Sent.after(CommandEvent::WindowClosed) else { return Ok(0) };
    let sql = "UPDATE commands SET status = ?1, finish_time = ?2, end_stamp = ?3
        WHERE id IN (SELECT id FROM commands WHERE status = 'sent' AND expire_after < ?4 LIMIT ?5) RETURNING action_id";
    let stamp = next_stamp(connection).await?;
    let query = sqlx::query_scalar(sql).bind(expired.as_str()).bind(micros(now)).bind(stamp);
    let actions: Vec<i64> = query.bind(micros(deadline)).bind(limit).fetch_all(&mut *connection).await?;
    let count = u64::try_from(actions.len()).unwrap_or(u64::MAX);
    settle(connection, &BTreeSet::from_iter(actions), now).await?;
    Ok(count)
}

/// Cancels the commands of an action that have no answer.
pub(super) async fn cancel_all(
    connection: &mut SqliteConnection,
    action: i64,
    now: SystemTime,
) -> Result<(), Failure> {
    let Some(cancelled) = CommandStatus::Sent.after(CommandEvent::Cancelled) else { return Ok(()) };
    let sql = "UPDATE commands SET status = ?2, finish_time = ?3, end_stamp = ?4 WHERE action_id = ?1 AND status = 'sent'";
    let stamp = next_stamp(connection).await?;
    let query = sqlx::query(sql).bind(action).bind(cancelled.as_str()).bind(micros(now)).bind(stamp);
    query.execute(connection).await?;
    Ok(())
}
