//! Commands: reading them, making them, ending them.

use super::{
    PostgresStore, answer,
    failure::Failure,
    hand_over,
    moment::Moment,
    row,
    settle::{lock, next_stamp, settle},
    write::{Write, in_snapshot, in_transaction, reading},
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
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

#[async_trait]
impl CommandStore for PostgresStore {
    async fn command(&self, id: CommandId) -> Result<StoredCommand, StoreError> {
        in_snapshot!(self, "reading a command", |connection| one(connection, id))
    }

    async fn commands(&self, query: &CommandQuery) -> Result<Vec<StoredCommand>, StoreError> {
        in_snapshot!(self, "reading commands", |connection| page(connection, query))
    }

    async fn ended_commands(
        &self,
        action: ActionId,
        after: Option<EndMark>,
        limit: u32,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        in_snapshot!(self, "reading ended commands", |connection| ended(connection, action, after, limit))
    }

    async fn counters(&self, action: ActionId) -> Result<ActionCounters, StoreError> {
        reading!(self, "counting commands", |connection| async {
            let id = row::id_column("action id", action.get())?;
            Ok::<_, Failure>(counters(connection, &[id]).await?.remove(&id).unwrap_or_default())
        })
    }

    async fn claim_commands(
        &self,
        lease: &Lease,
        now: SystemTime,
        limit: u32,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        let are_due = hand_over::are_due;
        if !reading!(self, "looking for commands to hand over", |connection| are_due(connection, now))? {
            return Ok(Vec::new());
        }
        in_transaction!(self, "claiming commands", |write| async {
            // Nobody else waits for it.
            write.is_news = false;
            hand_over::claim(&mut write, lease, now, limit).await
        })
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
        let late =
            reading!(self, "looking for late commands", |connection| late(connection, deadline, limit))?;
        if late.is_empty() {
            return Ok(0);
        }
        in_transaction!(self, "letting commands expire", |write| expire(&mut write, &late, now))
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
pub(super) fn command(row: &PgRow) -> Result<StoredCommand, Failure> {
    let id = CommandId::new(row::number(row, "command_id")?);
    let stamp: Option<i64> = row.try_get("end_stamp")?;
    let late: Option<&str> = row.try_get("late_status")?;
    Ok(StoredCommand {
        id,
        action: ActionId::new(row::number(row, "action_id")?),
        agent: row::agent(row)?,
        status: row::word(row, "status")?,
        results: Vec::new(),
        start_time: row::time(row, "start_time")?,
        finish_time: row::time_if_set(row, "finish_time")?,
        late: late.map(|_| row::word(row, "late_status")).transpose()?,
        ended: stamp.map(|stamp| EndMark { stamp: stamp.unsigned_abs(), id }),
    })
}

pub(super) async fn with_results(
    connection: &mut PgConnection,
    rows: &[PgRow],
) -> Result<Vec<StoredCommand>, Failure> {
    let mut commands = rows.iter().map(command).collect::<Result<Vec<_>, _>>()?;
    let ids = row::id_list("command id", commands.iter().map(|command| command.id.get()))?;
    let mut results = answer::results(connection, &ids).await?;
    for (command, id) in commands.iter_mut().zip(&ids) {
        command.results = results.remove(id).unwrap_or_default();
    }
    Ok(commands)
}

async fn one(connection: &mut PgConnection, id: CommandId) -> Result<StoredCommand, Failure> {
    let query =
        sqlx::query(select_commands!("WHERE c.id = $1")).bind(row::id_column("command id", id.get())?);
    let rows = query.fetch_all(&mut *connection).await?;
    let found = with_results(connection, &rows).await?.pop();
    found.ok_or_else(|| StoreError::CommandNotFound(id).into())
}

const ALL: &str = select_commands!("WHERE c.action_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3");
const FOUND: &str = select_commands!(
    "WHERE c.action_id = $1 AND c.id > $2 AND c.status = 'success' AND c.found ORDER BY c.id LIMIT $3"
);
const NOT_FOUND: &str = select_commands!(
    "WHERE c.action_id = $1 AND c.id > $2 AND c.status = 'success' AND NOT c.found ORDER BY c.id LIMIT $3"
);
const IN_STATE: &str =
    select_commands!("WHERE c.action_id = $1 AND c.id > $2 AND c.status = $4 ORDER BY c.id LIMIT $3");

async fn page(connection: &mut PgConnection, query: &CommandQuery) -> Result<Vec<StoredCommand>, Failure> {
    // A statement for each filter, so that each has the index it needs whatever the planner knows of its parameters.
    let (sql, status) = match query.filter {
        CommandFilter::All => (ALL, None),
        CommandFilter::Found => (FOUND, None),
        CommandFilter::NotFound => (NOT_FOUND, None),
        CommandFilter::Status(status) => (IN_STATE, Some(status)),
    };
    let bound = sqlx::query(sql).bind(row::id_column("action id", query.action.get())?);
    let bound = bound.bind(row::id_column("command id", query.after.map_or(0, |id| id.get()))?);
    let mut bound = bound.bind(i64::from(query.limit));
    if let Some(status) = status {
        bound = bound.bind(status.as_str());
    }
    let rows = bound.fetch_all(&mut *connection).await?;
    with_results(connection, &rows).await
}

async fn ended(
    connection: &mut PgConnection,
    action: ActionId,
    after: Option<EndMark>,
    limit: u32,
) -> Result<Vec<StoredCommand>, Failure> {
    let sql = select_commands!(
        "WHERE c.action_id = $1 AND c.end_stamp IS NOT NULL AND (c.end_stamp, c.id) > ($2, $3)
        ORDER BY c.end_stamp, c.id LIMIT $4"
    );
    // Nothing that had ended has the stamp -1 or the id 0.
    let (stamp, id) = match after {
        None => (-1, 0),
        Some(mark) => (row::id_column("stamp", mark.stamp)?, row::id_column("command id", mark.id.get())?),
    };
    let query = sqlx::query(sql).bind(row::id_column("action id", action.get())?);
    let query = query.bind(stamp).bind(id).bind(i64::from(limit));
    let rows = query.fetch_all(&mut *connection).await?;
    with_results(connection, &rows).await
}

/// How the commands of actions stand; an action without commands is left out.
pub(super) async fn counters(
    connection: &mut PgConnection,
    actions: &[i64],
) -> Result<BTreeMap<i64, ActionCounters>, Failure> {
    let sql = "SELECT action_id, status, count(*) AS commands FROM commands WHERE action_id = ANY($1)
        GROUP BY action_id, status";
    let mut all: BTreeMap<i64, ActionCounters> = BTreeMap::new();
    for found in sqlx::query(sql).bind(actions).fetch_all(connection).await? {
        let commands: i64 = found.try_get("commands")?;
        let counters = all.entry(found.try_get("action_id")?).or_default();
        counters.sent += commands;
        match row::word(&found, "status")? {
            CommandStatus::Sent => counters.in_flight = commands,
            CommandStatus::Success => counters.success = commands,
            CommandStatus::Failed => counters.failed = commands,
            CommandStatus::Timeout => counters.timeout = commands,
            CommandStatus::Cancelled => counters.cancelled = commands,
            CommandStatus::Expired => counters.expired = commands,
        }
        counters.done = counters.sent - counters.in_flight;
    }
    Ok(all)
}

/// Makes the commands of an action that is being launched, in one statement.
pub(super) async fn insert_all(
    connection: &mut PgConnection,
    action: i64,
    owner: &OwnerId,
    commands: &[NewCommand],
    now: SystemTime,
) -> Result<(), Failure> {
    let sql = "INSERT INTO commands (id, action_id, agent_id, status, expire_after, start_time, handover, owner, due)
        SELECT new.id, a.id, new.agent, $4, a.expire_after, $5, 'waiting', $6, $5
        FROM unnest($2::bigint[], $3::bigint[]) AS new (id, agent), actions a WHERE a.id = $1";
    let ids = row::id_list("command id", commands.iter().map(|command| command.id.get()))?;
    let agents = row::id_list("agent id", commands.iter().map(|command| command.agent.get()))?;
    let query = sqlx::query(sql).bind(action).bind(ids).bind(agents).bind(CommandStatus::Sent.as_str());
    query.bind(Moment::at(now)).bind(&owner.0).execute(connection).await?;
    Ok(())
}

/// Commands without an answer whose window closed, each with its action.
async fn late(
    connection: &mut PgConnection,
    deadline: SystemTime,
    limit: u32,
) -> Result<Vec<(i64, i64)>, Failure> {
    let sql = "SELECT id, action_id FROM commands WHERE status = 'sent' AND expire_after < $1
        ORDER BY expire_after LIMIT $2";
    let query = sqlx::query_as(sql).bind(Moment::at(deadline)).bind(i64::from(limit));
    Ok(query.fetch_all(connection).await?)
}

/// Ends those of the commands that are still without an answer when their actions are locked.
async fn expire(connection: &mut PgConnection, late: &[(i64, i64)], now: SystemTime) -> Result<u64, Failure> {
    let Some(expired) = CommandStatus::Sent.after(CommandEvent::WindowClosed) else { return Ok(0) };
    let ids: Vec<i64> = late.iter().map(|(id, _)| *id).collect();
    let actions: BTreeSet<i64> = late.iter().map(|(_, action)| *action).collect();
    let actions = Vec::from_iter(actions);
    lock(connection, &actions).await?;
    let sql = "SELECT id FROM commands WHERE id = ANY($1) AND status = 'sent' ORDER BY id FOR NO KEY UPDATE";
    let ids = lock_open(connection, sql, &ids).await?;
    end(connection, &ids, expired, now).await?;
    settle(connection, &actions, now).await?;
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

/// Cancels the commands of a locked action that have no answer.
pub(super) async fn cancel_all(
    connection: &mut PgConnection,
    action: i64,
    now: SystemTime,
) -> Result<(), Failure> {
    let Some(cancelled) = CommandStatus::Sent.after(CommandEvent::Cancelled) else { return Ok(()) };
    let sql =
        "SELECT id FROM commands WHERE action_id = ANY($1) AND status = 'sent' ORDER BY id FOR NO KEY UPDATE";
    let ids = lock_open(connection, sql, &[action]).await?;
    end(connection, &ids, cancelled, now).await
}

/// Locks the commands that `sql` finds.
async fn lock_open(
    connection: &mut PgConnection,
    sql: &'static str,
    ids: &[i64],
) -> Result<Vec<i64>, Failure> {
    Ok(sqlx::query_scalar(sql).bind(ids).fetch_all(connection).await?)
}

async fn end(
    connection: &mut PgConnection,
    ids: &[i64],
    status: CommandStatus,
    now: SystemTime,
) -> Result<(), Failure> {
    let stamp = next_stamp(connection).await?;
    let sql = "UPDATE commands SET status = $2, finish_time = $3, end_stamp = $4 WHERE id = ANY($1)";
    let query = sqlx::query(sql).bind(ids).bind(status.as_str()).bind(Moment::at(now)).bind(stamp);
    query.execute(connection).await?;
    Ok(())
}
