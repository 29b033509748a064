//! Investigators: with their keys, rights and states.

use super::{
    super::{failure::Failure, moment::Moment},
    Columns,
    convert::{Ids, id, text, time},
    reader::Reader,
    remarks::{About, Remarks},
    schema,
};
use mig_core::{json, sign::Fingerprint, store::InvestigatorStatus};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{collections::HashSet, time::SystemTime};

const TABLE: &str = "investigators";

pub(super) const COLUMNS: &[&str] =
    &["id", "name", "pgpfingerprint", "publickey", "privatekey", "status", "createdat", "lastmodified"];

/// Takes all; returns their ids.
pub(super) async fn take(
    connection: &mut PgConnection,
    columns: &Columns,
    remarks: &mut Remarks,
) -> Result<Ids, Failure> {
    let select = format!(
        "SELECT id::text AS row_id, name::text, pgpfingerprint::text, publickey, privatekey, status::text, createdat,
            lastmodified, ({})::bigint AS permissions, ({})::bytea AS apikey, ({})::bytea AS apisalt
        FROM {}.investigators ORDER BY id",
        columns.or(TABLE, "permissions", "0"),
        columns.or(TABLE, "apikey", "NULL"),
        columns.or(TABLE, "apisalt", "NULL"),
        schema!(),
    );
    let reader = Reader::open(connection, TABLE, &select).await?;
    let (mut taken, mut fingerprints) = (Ids::new(), HashSet::new());
    loop {
        let rows = reader.next(connection).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            if let Some(new) = convert(row, &mut taken, &mut fingerprints, remarks)? {
                new.insert(connection).await?;
            }
        }
        remarks.write(connection).await?;
    }
    Ok(taken)
}

struct NewRow {
    id: i64,
    name: String,
    fingerprint: Option<String>,
    public_key: String,
    private_key: Option<String>,
    status: InvestigatorStatus,
    created_at: Moment,
    last_modified: Moment,
    permissions: i64,
    api_key: Option<Vec<u8>>,
    api_salt: Option<Vec<u8>>,
}

fn convert(
    row: &PgRow,
    taken: &mut Ids,
    fingerprints: &mut HashSet<String>,
    remarks: &mut Remarks,
) -> Result<Option<NewRow>, Failure> {
    let row_id = text(row, "row_id")?;
    let mut about = remarks.about(TABLE, &row_id);
    let Some(id) = id(Some(&row_id)).filter(|id| taken.insert(*id)) else {
        about.say("not taken over: the id can not be kept");
        return Ok(None);
    };
    let now = Moment::at(SystemTime::now());
    let private_key = key(row, "privatekey", &mut about)?;
    Ok(Some(NewRow {
        id,
        name: text(row, "name")?,
        fingerprint: fingerprint(row.try_get("pgpfingerprint")?, fingerprints, &mut about),
        public_key: key(row, "publickey", &mut about)?,
        private_key: (!private_key.is_empty()).then_some(private_key),
        status: status(&text(row, "status")?, &mut about),
        created_at: time(row, "createdat", now)?,
        last_modified: time(row, "lastmodified", now)?,
        permissions: permissions(row.try_get("permissions")?, &mut about),
        api_key: row.try_get("apikey")?,
        api_salt: row.try_get("apisalt")?,
    }))
}

/// Whoever looks up active keys reads every fingerprint: a bad one must not be among them.
fn fingerprint(
    text: Option<String>,
    fingerprints: &mut HashSet<String>,
    about: &mut About<'_>,
) -> Option<String> {
    let text = text.filter(|text| !text.is_empty())?;
    match text.parse::<Fingerprint>() {
        Ok(fingerprint) if fingerprints.insert(fingerprint.to_upper()) => {
            return Some(fingerprint.to_upper());
        }
        Ok(_) => about.say(format!("taken over without fingerprint: {text} is that of another investigator")),
        Err(error) => about.say(format!("taken over without fingerprint: {error}")),
    }
    None
}

fn key(row: &PgRow, column: &'static str, about: &mut About<'_>) -> Result<String, Failure> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    let bytes = bytes.unwrap_or_default();
    let is_text = std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'));
    if !is_text {
        about.say(format!("{column} is not text: other characters became U+FFFD"));
    }
    Ok(json::lossy(bytes).replace('\0', "\u{fffd}"))
}

fn status(word: &str, about: &mut About<'_>) -> InvestigatorStatus {
    word.parse().unwrap_or_else(|error| {
        about.say(format!("taken over as disabled: {error}"));
        InvestigatorStatus::Disabled
    })
}

/// A bit mask; a negative number is none.
fn permissions(mask: Option<i64>, about: &mut About<'_>) -> i64 {
    let mask = mask.unwrap_or_default();
    if mask < 0 {
        about.say(format!("taken over without permissions: {mask} is no set of them"));
    }
    mask.max(0)
}

impl NewRow {
    async fn insert(self, connection: &mut PgConnection) -> Result<(), Failure> {
        let sql =
            "INSERT INTO investigators (id, name, fingerprint, public_key, private_key, status, created_at,
                last_modified, permissions, api_key, api_salt)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        sqlx::query(sql)
            .bind(self.id)
            .bind(self.name)
            .bind(self.fingerprint)
            .bind(self.public_key)
            .bind(self.private_key)
            .bind(self.status.as_str())
            .bind(self.created_at)
            .bind(self.last_modified)
            .bind(self.permissions)
            .bind(self.api_key)
            .bind(self.api_salt)
            .execute(connection)
            .await?;
        Ok(())
    }
}
