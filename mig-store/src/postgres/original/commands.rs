//! Commands and their results.

use super::{
    super::{failure::Failure, moment::Moment},
    Known,
    convert::{document, id, text, time, time_if_set},
    reader::Reader,
    remarks::{About, Remarks},
    schema,
};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
    scheduler::flow::CommandStatus,
    time::Time,
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::collections::HashSet;

const TABLE: &str = "commands";

pub(super) const COLUMNS: &[&str] =
    &["id", "actionid", "agentid", "status", "results", "starttime", "finishtime"];

/// Takes those of actions and agents that were taken.
pub(super) async fn take(
    connection: &mut PgConnection,
    known: &Known,
    remarks: &mut Remarks,
) -> Result<(), Failure> {
    // The original asked an agent again when it was restarted in the middle of a launch.
    let select = concat!(
        "SELECT c.id::text AS row_id, c.actionid::text, c.agentid::text, c.status::text, c.results::text, c.starttime,
            c.finishtime, coalesce(again.place, 0) AS repeated
        FROM ",
        schema!(),
        ".commands c LEFT JOIN (SELECT id, place FROM (
            SELECT id, row_number() OVER (PARTITION BY actionid, agentid ORDER BY id) - 1 AS place FROM ",
        schema!(),
        ".commands) AS places WHERE place > 0) AS again ON again.id = c.id"
    );
    let reader = Reader::open(connection, TABLE, select).await?;
    let mut taken = HashSet::new();
    loop {
        let rows = reader.next(connection).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for row in &rows {
            batch.add(row, known, &mut taken, remarks)?;
        }
        batch.insert(connection).await?;
        remarks.write(connection).await?;
    }
}

/// New rows, column by column.
#[derive(Default)]
struct Batch {
    ids: Vec<i64>,
    actions: Vec<i64>,
    agents: Vec<i64>,
    statuses: Vec<&'static str>,
    start_times: Vec<Moment>,
    finish_times: Vec<Option<Moment>>,
    stamps: Vec<Option<i64>>,
    found: Vec<Option<bool>>,
    repeated: Vec<i64>,
    results: Results,
}

#[derive(Default)]
struct Results {
    commands: Vec<i64>,
    operations: Vec<i64>,
    found: Vec<bool>,
    documents: Vec<String>,
}

/// All commands that had ended share one place in the order of ends.
pub(super) const STAMP: i64 = 1;

impl Batch {
    fn add(
        &mut self,
        row: &PgRow,
        known: &Known,
        taken: &mut HashSet<i64>,
        remarks: &mut Remarks,
    ) -> Result<(), Failure> {
        let row_id = text(row, "row_id")?;
        let mut about = remarks.about(TABLE, &row_id);
        let action = id(row.try_get("actionid")?).filter(|id| known.actions.contains(id));
        let agent = id(row.try_get("agentid")?).filter(|id| known.agents.contains(id));
        let Some((action, agent)) = action.zip(agent) else {
            about.say("not taken over: its action or agent was not");
            return Ok(());
        };
        let Some(id) = id(Some(&row_id)).filter(|id| taken.insert(*id)) else {
            about.say("not taken over: the id can not be kept");
            return Ok(());
        };
        let status = status(&text(row, "status")?, &mut about);
        let results = results(row.try_get("results")?, &mut about);
        self.ids.push(id);
        self.actions.push(action);
        self.agents.push(agent);
        self.statuses.push(status.as_str());
        self.start_times.push(time(row, "starttime", Moment::of(Time::from_unix(0)))?);
        self.finish_times.push(time_if_set(row, "finishtime")?.filter(|_| status.is_final()));
        self.stamps.push(status.is_final().then_some(STAMP));
        self.repeated.push(row.try_get("repeated")?);
        self.found.push(found(status, &results));
        if status == CommandStatus::Sent {
            // Its answer is still to come.
            if !results.is_empty() {
                about.say("taken over without results: it was not answered");
            }
            return Ok(());
        }
        self.results.push(id, &results)
    }

    /// What was not answered lies in the agents' queues, which are durable.
    async fn insert(self, connection: &mut PgConnection) -> Result<(), Failure> {
        let sql = "INSERT INTO commands (id, action_id, agent_id, status, expire_after, start_time, finish_time, end_stamp,
                found, handover, due, repeated)
            SELECT new.id, new.action, new.agent, new.status, a.expire_after, new.start_time, new.finish_time, new.stamp,
                new.found, 'durable', new.start_time, new.repeated
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                $7::bigint[], $8::boolean[], $9::bigint[])
                AS new (id, action, agent, status, start_time, finish_time, stamp, found, repeated)
                JOIN actions a ON a.id = new.action";
        sqlx::query(sql)
            .bind(self.ids)
            .bind(self.actions)
            .bind(self.agents)
            .bind(self.statuses)
            .bind(self.start_times)
            .bind(self.finish_times)
            .bind(self.stamps)
            .bind(self.found)
            .bind(self.repeated)
            .execute(&mut *connection)
            .await?;
        let Results { commands, operations, found, documents } = self.results;
        let sql = "INSERT INTO results (command_id, operation, found, document)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::text[])";
        let query = sqlx::query(sql).bind(commands).bind(operations).bind(found).bind(documents);
        query.execute(connection).await?;
        Ok(())
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

fn status(word: &str, about: &mut About<'_>) -> CommandStatus {
    word.parse().unwrap_or_else(|error| {
        about.say(format!("taken over as failed: {error}"));
        CommandStatus::Failed
    })
}

/// Results that can not be read are one that says so.
fn results(text: Option<&str>, about: &mut About<'_>) -> Vec<ModuleResult> {
    let remark = match document::<Option<Vec<ModuleResult>>>("results", text) {
        Ok(results) => return results.unwrap_or_default(),
        Err(remark) => remark,
    };
    about.say(remark.clone());
    match document::<Vec<Value>>("results", text) {
        Ok(values) => values
            .iter()
            .map(|value| json::from_value(value).unwrap_or_else(|_| unreadable(&remark)))
            .collect(),
        Err(_) => vec![unreadable(&remark)],
    }
}

fn unreadable(remark: &str) -> ModuleResult {
    let error = format!("{remark}; the text is kept in {}.{TABLE}", schema!());
    ModuleResult { errors: Some(vec![error]), ..ModuleResult::default() }
}

/// Whether something was found; `None` without an answer. The original gave commands that it ended itself an empty result.
fn found(status: CommandStatus, results: &[ModuleResult]) -> Option<bool> {
    let is_answered = match status {
        CommandStatus::Sent => false,
        CommandStatus::Success | CommandStatus::Failed | CommandStatus::Timeout => true,
        CommandStatus::Cancelled | CommandStatus::Expired => {
            results.iter().any(|result| *result != ModuleResult::default())
        }
    };
    is_answered.then(|| results.iter().any(|result| result.found_anything))
}
