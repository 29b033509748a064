//! Heartbeats, a batch at a time.

use super::{failure::Failure, moment::Moment, row};
use mig_core::{
    agent_info::AgentInfo,
    json::{self, Value},
    time::Time,
};
use serde::Serialize;
use sqlx::{PgConnection, Row};
use std::{collections::HashMap, time::SystemTime};

/// An environment counts as changed when its time is newer by more than this.
const REFRESH_MICROS: i64 = 15_000_000;

/// The number of the lock for changes of agents' states, among the advisory locks of the database.
const LOCK: i64 = 0x6d69_675f_6167_6e74;

/// One at a time: two heartbeats of a new process must not make two rows.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(connection).await?;
    Ok(())
}

/// Records a batch as if its heartbeats came one by one. True if a row was added.
pub(super) async fn record_all(
    connection: &mut PgConnection,
    agents: &[AgentInfo],
    now: SystemTime,
) -> Result<bool, Failure> {
    lock(connection).await?;
    let rows = agents.iter().map(|agent| NewRow::new(agent, now)).collect::<Result<Vec<_>, _>>()?;
    let mut known = known(connection, &rows).await?;
    let mut plan = Plan::default();
    for row in rows {
        plan.beat(&mut known, row);
    }
    plan.carry_out(connection, now).await
}

/// What a new row holds.
struct NewRow {
    name: String,
    queue_location: String,
    mode: String,
    version: String,
    pid: i64,
    loader_name: String,
    start_time: Moment,
    refresh_time: Moment,
    status: &'static str,
    environment: String,
    tags: String,
}

impl NewRow {
    fn new(agent: &AgentInfo, now: SystemTime) -> Result<Self, Failure> {
        let text = |text: &str| row::readable(text).into_owned();
        Ok(Self {
            name: text(&agent.name),
            queue_location: text(&agent.queue_location),
            mode: text(&agent.mode),
            version: text(&agent.version),
            pid: agent.pid,
            loader_name: text(&agent.loader_name),
            start_time: Moment::if_set(agent.start_time).unwrap_or(Moment::at(now)),
            refresh_time: Moment::of(agent.refresh_time),
            status: "online",
            environment: document(&agent.environment)?,
            tags: document(&agent.tags)?,
        })
    }

    fn process(&self) -> Process {
        (self.queue_location.clone(), self.pid)
    }
}

/// A document that targets look into: with sorted keys, as [`mig_core::target`] prints members, and without NUL, at which
/// Postgres would refuse to look into it.
pub(super) fn document(value: &impl Serialize) -> Result<String, Failure> {
    let mut value = json::to_value(value)?;
    replace_nul(&mut value);
    Ok(json::to_string(&value)?)
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = row::readable(text).into_owned(),
        Value::List(elements) => elements.iter_mut().for_each(replace_nul),
        Value::Map(members) => {
            let old = std::mem::take(members);
            members.extend(old.into_iter().map(|(key, mut member)| {
                replace_nul(&mut member);
                (row::readable(&key).into_owned(), member)
            }));
        }
        _ => {}
    }
}

/// Queue location and process id.
type Process = (String, i64);

/// Where the row of a process is.
enum Place {
    InDatabase(i64),
    InPlan(usize),
}

type Known = HashMap<Process, (Place, Moment)>;

/// The latest rows of these processes, without those that went offline.
async fn known(connection: &mut PgConnection, rows: &[NewRow]) -> Result<Known, Failure> {
    let sql = "SELECT DISTINCT ON (a.queue_location, a.pid) a.queue_location, a.pid, a.id, a.refresh_time
        FROM unnest($1::text[], $2::bigint[]) AS beat (queue_location, pid)
            JOIN agents a ON a.queue_location = beat.queue_location AND a.pid = beat.pid AND a.status <> 'offline'
        ORDER BY a.queue_location, a.pid, a.id DESC";
    let locations: Vec<_> = rows.iter().map(|row| row.queue_location.as_str()).collect();
    let pids: Vec<_> = rows.iter().map(|row| row.pid).collect();
    let found = sqlx::query(sql).bind(locations).bind(pids).fetch_all(connection).await?;
    let entry = |row: &sqlx::postgres::PgRow| -> Result<_, sqlx::Error> {
        let process = (row.try_get("queue_location")?, row.try_get("pid")?);
        Ok((process, (Place::InDatabase(row.try_get("id")?), row.try_get("refresh_time")?)))
    };
    Ok(found.iter().map(entry).collect::<Result<_, _>>()?)
}

/// What a batch changes.
#[derive(Default)]
struct Plan {
    online: Vec<i64>,
    offline: Vec<i64>,
    new: Vec<NewRow>,
}

impl Plan {
    fn beat(&mut self, known: &mut Known, row: NewRow) {
        if let Some((place, refreshed)) = known.get(&row.process()) {
            let is_changed = row.refresh_time.since(*refreshed) > REFRESH_MICROS;
            match (place, is_changed) {
                (Place::InDatabase(id), false) => return self.online.push(*id),
                (Place::InPlan(_), false) => return,
                (Place::InDatabase(id), true) => self.offline.push(*id),
                (Place::InPlan(index), true) => {
                    if let Some(earlier) = self.new.get_mut(*index) {
                        earlier.status = "offline";
                    }
                }
            }
        }
        known.insert(row.process(), (Place::InPlan(self.new.len()), row.refresh_time));
        self.new.push(row);
    }

    async fn carry_out(self, connection: &mut PgConnection, now: SystemTime) -> Result<bool, Failure> {
        let sql = "UPDATE agents SET status = 'online', heartbeat_time = $2 WHERE id = ANY($1)";
        sqlx::query(sql).bind(&self.online).bind(Moment::at(now)).execute(&mut *connection).await?;
        if !self.offline.is_empty() {
            let sql = "UPDATE agents SET status = 'offline' WHERE id = ANY($1)";
            sqlx::query(sql).bind(&self.offline).execute(&mut *connection).await?;
        }
        insert(connection, &self.new, now).await?;
        Ok(!self.new.is_empty())
    }
}

async fn insert(connection: &mut PgConnection, rows: &[NewRow], now: SystemTime) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO agents (name, queue_location, mode, version, pid, loader_name, start_time, refresh_time, status,
            environment, tags, destruction_time, heartbeat_time)
        SELECT name, queue_location, mode, version, pid, loader_name, start_time, refresh_time, status,
            environment::json, tags::json, $12, $13
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[],
            $8::timestamptz[], $9::text[], $10::text[], $11::text[]) WITH ORDINALITY
            AS new (name, queue_location, mode, version, pid, loader_name, start_time, refresh_time, status,
            environment, tags, place)
        ORDER BY place";
    fn column<'a, T>(rows: &'a [NewRow], of: impl Fn(&'a NewRow) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    sqlx::query(sql)
        .bind(column(rows, |row| &row.name))
        .bind(column(rows, |row| &row.queue_location))
        .bind(column(rows, |row| &row.mode))
        .bind(column(rows, |row| &row.version))
        .bind(column(rows, |row| row.pid))
        .bind(column(rows, |row| &row.loader_name))
        .bind(column(rows, |row| row.start_time))
        .bind(column(rows, |row| row.refresh_time))
        .bind(column(rows, |row| row.status))
        .bind(column(rows, |row| &row.environment))
        .bind(column(rows, |row| &row.tags))
        .bind(Moment::of(Time::NOT_FINISHED))
        .bind(Moment::at(now))
        .execute(connection)
        .await?;
    Ok(())
}
