//! Agents: one row per process, as the original has them.

use super::{
    super::{failure::Failure, heartbeat, moment::Moment},
    Columns,
    convert::{Ids, document, id, text, time},
    reader::Reader,
    remarks::{About, Remarks},
    schema,
};
use mig_core::{
    agent_info::Environment,
    json::{self, Value},
    time::Time,
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::collections::BTreeMap;

const TABLE: &str = "agents";

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "name",
    "queueloc",
    "mode",
    "version",
    "pid",
    "starttime",
    "destructiontime",
    "heartbeattime",
    "status",
    "environment",
    "tags",
];

/// Takes all; returns their ids.
pub(super) async fn take(
    connection: &mut PgConnection,
    columns: &Columns,
    remarks: &mut Remarks,
) -> Result<Ids, Failure> {
    let select = format!(
        "SELECT id::text AS row_id, name::text, queueloc::text, mode::text, version::text, pid::bigint, starttime,
            destructiontime, heartbeattime, ({})::timestamptz AS refreshtime, status::text, environment::text,
            tags::text, ({})::text AS loadername
        FROM {}.agents ORDER BY id",
        columns.or(TABLE, "refreshtime", "starttime"),
        columns.or(TABLE, "loadername", "NULL"),
        schema!(),
    );
    let reader = Reader::open(connection, TABLE, &select).await?;
    let mut taken = Ids::new();
    loop {
        let rows = reader.next(connection).await?;
        if rows.is_empty() {
            return Ok(taken);
        }
        let mut batch = Batch::default();
        for row in &rows {
            batch.add(row, &mut taken, remarks)?;
        }
        batch.insert(connection).await?;
        remarks.write(connection).await?;
    }
}

/// New rows, column by column.
#[derive(Default)]
struct Batch {
    ids: Vec<i64>,
    names: Vec<String>,
    queue_locations: Vec<String>,
    modes: Vec<String>,
    versions: Vec<String>,
    pids: Vec<i64>,
    loader_names: Vec<String>,
    start_times: Vec<Moment>,
    destruction_times: Vec<Moment>,
    heartbeat_times: Vec<Moment>,
    refresh_times: Vec<Moment>,
    statuses: Vec<&'static str>,
    environments: Vec<String>,
    tags: Vec<String>,
}

impl Batch {
    fn add(&mut self, row: &PgRow, taken: &mut Ids, remarks: &mut Remarks) -> Result<(), Failure> {
        let row_id = text(row, "row_id")?;
        let mut about = remarks.about(TABLE, &row_id);
        let Some(id) = id(Some(&row_id)).filter(|id| taken.insert(*id)) else {
            about.say("not taken over: the id can not be kept");
            return Ok(());
        };
        let heartbeat_time = time(row, "heartbeattime", Moment::of(Time::from_unix(0)))?;
        self.ids.push(id);
        self.names.push(text(row, "name")?);
        self.queue_locations.push(text(row, "queueloc")?);
        self.modes.push(text(row, "mode")?);
        self.versions.push(text(row, "version")?);
        self.pids.push(row.try_get::<Option<_>, _>("pid")?.unwrap_or_default());
        self.loader_names.push(text(row, "loadername")?);
        self.start_times.push(time(row, "starttime", heartbeat_time)?);
        self.destruction_times.push(time(row, "destructiontime", Moment::of(Time::NOT_FINISHED))?);
        self.heartbeat_times.push(heartbeat_time);
        self.refresh_times.push(time(row, "refreshtime", heartbeat_time)?);
        self.statuses.push(status(&text(row, "status")?, &mut about));
        let environment: Environment = about.or_default(document("environment", row.try_get("environment")?));
        self.environments.push(heartbeat::document(&environment)?);
        self.tags.push(heartbeat::document(&tags(row.try_get("tags")?, &mut about))?);
        Ok(())
    }

    async fn insert(self, connection: &mut PgConnection) -> Result<(), Failure> {
        let sql = "INSERT INTO agents (id, name, queue_location, mode, version, pid, loader_name, start_time,
                destruction_time, heartbeat_time, refresh_time, status, environment, tags)
            SELECT id, name, queue_location, mode, version, pid, loader_name, start_time, destruction_time,
                heartbeat_time, refresh_time, status, environment::json, tags::json
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[],
                $14::text[])
                AS new (id, name, queue_location, mode, version, pid, loader_name, start_time, destruction_time,
                heartbeat_time, refresh_time, status, environment, tags)";
        sqlx::query(sql)
            .bind(self.ids)
            .bind(self.names)
            .bind(self.queue_locations)
            .bind(self.modes)
            .bind(self.versions)
            .bind(self.pids)
            .bind(self.loader_names)
            .bind(self.start_times)
            .bind(self.destruction_times)
            .bind(self.heartbeat_times)
            .bind(self.refresh_times)
            .bind(self.statuses)
            .bind(self.environments)
            .bind(self.tags)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// The process of an upgraded agent has ended.
fn status(word: &str, about: &mut About<'_>) -> &'static str {
    match word {
        "online" => "online",
        "idle" => "idle",
        "offline" => "offline",
        "destroyed" => "destroyed",
        word => {
            about.say(format!("taken over as offline: the status was {}", json::quote(word.as_bytes())));
            "offline"
        }
    }
}

/// Tags are text with us; what is not becomes its JSON.
fn tags(text: Option<&str>, about: &mut About<'_>) -> BTreeMap<String, String> {
    let as_they_are = match document("tags", text) {
        Ok(tags) => return tags,
        Err(remark) => remark,
    };
    let Ok(Value::Map(members)) = document::<Value>("tags", text) else {
        about.say(as_they_are);
        return BTreeMap::new();
    };
    about.say("tags that are not text became their JSON");
    let member = |(key, value)| match value {
        Value::String(text) => (key, text),
        value => (key, json::to_string(&value).unwrap_or_default()),
    };
    members.into_iter().map(member).collect()
}
