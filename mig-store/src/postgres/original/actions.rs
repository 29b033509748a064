//! Actions: what was asked, and where it stands.

use super::{
    super::{failure::Failure, moment::Moment},
    convert::{Ids, document, id, text, time, time_if_set},
    reader::Reader,
    remarks::{About, Remarks},
    schema,
};
use mig_core::{
    action::{Action, SignedText},
    json,
    scheduler::flow::ActionStatus,
    time::Time,
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::collections::HashSet;

const TABLE: &str = "actions";

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "name",
    "target",
    "description",
    "threat",
    "operations",
    "validfrom",
    "expireafter",
    "starttime",
    "finishtime",
    "lastupdatetime",
    "status",
    "syntaxversion",
    "pgpsignatures",
];

/// Takes all, in the order of their begin; returns their ids.
pub(super) async fn take(connection: &mut PgConnection, remarks: &mut Remarks) -> Result<Ids, Failure> {
    let select = concat!(
        "SELECT id::text AS row_id, name::text, target::text, description::text, threat::text, operations::text,
            validfrom, expireafter, starttime, finishtime, lastupdatetime, status::text, syntaxversion::bigint,
            pgpsignatures::text
        FROM ",
        schema!(),
        ".actions ORDER BY validfrom, id"
    );
    let reader = Reader::open(connection, TABLE, select).await?;
    let (mut taken, mut digests) = (Ids::new(), HashSet::new());
    loop {
        let rows = reader.next(connection).await?;
        if rows.is_empty() {
            return Ok(taken);
        }
        for row in &rows {
            if let Some(new) = convert(row, &mut taken, &mut digests, remarks)? {
                new.insert(connection).await?;
            }
        }
        remarks.write(connection).await?;
    }
}

struct NewRow {
    id: i64,
    digest: [u8; 32],
    action: Action,
    status: ActionStatus,
    reason: String,
    start_time: Option<Moment>,
    finish_time: Option<Moment>,
    last_update_time: Option<Moment>,
}

fn convert(
    row: &PgRow,
    taken: &mut Ids,
    digests: &mut HashSet<[u8; 32]>,
    remarks: &mut Remarks,
) -> Result<Option<NewRow>, Failure> {
    let row_id = text(row, "row_id")?;
    let mut about = remarks.about(TABLE, &row_id);
    let Some(id) = id(Some(&row_id)).filter(|id| taken.insert(*id)) else {
        about.say("not taken over: the id can not be kept");
        return Ok(None);
    };
    let action = action(row, &mut about)?;
    let (status, reason) = status(&text(row, "status")?, &mut about);
    Ok(Some(NewRow {
        id,
        digest: digest(&action, &row_id, digests, &mut about)?,
        action,
        status,
        reason,
        start_time: time_if_set(row, "starttime")?,
        finish_time: time_if_set(row, "finishtime")?,
        last_update_time: time_if_set(row, "lastupdatetime")?,
    }))
}

/// The document.
fn action(row: &PgRow, about: &mut About<'_>) -> Result<Action, Failure> {
    let version: Option<i64> = row.try_get("syntaxversion")?;
    let version = version.and_then(|version| u16::try_from(version).ok()).unwrap_or_else(|| {
        about.say("taken over with syntax version 2: it had none that can be kept");
        2
    });
    let epoch = Moment::of(Time::from_unix(0));
    Ok(Action {
        name: text(row, "name")?,
        target: text(row, "target")?,
        description: about.or_default(document("description", row.try_get("description")?)),
        threat: about.or_default(document("threat", row.try_get("threat")?)),
        operations: about.or_default(document("operations", row.try_get("operations")?)),
        signatures: about.or_default(document("pgpsignatures", row.try_get("pgpsignatures")?)),
        valid_from: time(row, "validfrom", epoch)?.time(),
        expire_after: time(row, "expireafter", epoch)?.time(),
        syntax_version: version,
        ..Action::default()
    })
}

/// What tells the action from others. The original kept the same signed bytes as often as somebody sent them: all but the first
/// get a digest of their own.
fn digest(
    action: &Action,
    row_id: &str,
    digests: &mut HashSet<[u8; 32]>,
    about: &mut About<'_>,
) -> Result<[u8; 32], Failure> {
    let digest = SignedText::of(action)?.digest();
    if digests.insert(digest) {
        return Ok(digest);
    }
    about.say("another action has the same signed bytes: sent again, they are taken for that one");
    let repeated = Action { name: format!("{row_id}\0{}", action.name), ..action.clone() };
    let digest = SignedText::of(&repeated)?.digest();
    digests.insert(digest);
    Ok(digest)
}

/// What the original knew as something else counts as launched; its commands then say what became of it.
fn status(word: &str, about: &mut About<'_>) -> (ActionStatus, String) {
    let unknown = |error| {
        let reason = format!("when it was taken over from the original, {error}");
        about.say(reason.clone());
        (ActionStatus::InFlight, reason)
    };
    word.parse().map_or_else(unknown, |status| (status, String::new()))
}

impl NewRow {
    async fn insert(self, connection: &mut PgConnection) -> Result<(), Failure> {
        let sql = "INSERT INTO actions (id, digest, name, target, description, threat, valid_from, expire_after, operations,
                operation_count, signatures, syntax_version, status, reason, start_time, finish_time, last_update_time)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
        let operation_count = self.action.operations.as_ref().map_or(0, Vec::len);
        sqlx::query(sql)
            .bind(self.id)
            .bind(self.digest.as_slice())
            .bind(&self.action.name)
            .bind(&self.action.target)
            .bind(json::to_string(&self.action.description)?)
            .bind(json::to_string(&self.action.threat)?)
            .bind(Moment::of(self.action.valid_from))
            .bind(Moment::of(self.action.expire_after))
            .bind(json::to_string(&self.action.operations)?)
            .bind(i64::try_from(operation_count).unwrap_or(i64::MAX))
            .bind(json::to_string(&self.action.signatures)?)
            .bind(i64::from(self.action.syntax_version))
            .bind(self.status.as_str())
            .bind(self.reason)
            .bind(self.start_time)
            .bind(self.finish_time)
            .bind(self.last_update_time)
            .execute(connection)
            .await?;
        Ok(())
    }
}
