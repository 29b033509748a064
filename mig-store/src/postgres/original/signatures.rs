//! Who signed what.

use super::{
    super::failure::Failure,
    Known,
    convert::{id, text},
    reader::Reader,
    remarks::Remarks,
    schema,
};
use sqlx::{PgConnection, Row};
use std::collections::HashSet;

const TABLE: &str = "signatures";

pub(super) const COLUMNS: &[&str] = &["actionid", "investigatorid", "pgpsignature"];

/// Takes those of actions and investigators that were taken.
pub(super) async fn take(
    connection: &mut PgConnection,
    known: &Known,
    remarks: &mut Remarks,
) -> Result<(), Failure> {
    let select = concat!(
        "SELECT actionid::text, investigatorid::text, pgpsignature::text FROM ",
        schema!(),
        ".signatures ORDER BY actionid, investigatorid"
    );
    let reader = Reader::open(connection, TABLE, select).await?;
    let mut seen = HashSet::new();
    loop {
        let rows = reader.next(connection).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let (mut actions, mut signers, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (action, signer) = (text(row, "actionid")?, text(row, "investigatorid")?);
            let pair = id(Some(&action)).filter(|id| known.actions.contains(id));
            let pair = pair.zip(id(Some(&signer)).filter(|id| known.investigators.contains(id)));
            let Some(pair) = pair.filter(|pair| seen.insert(*pair)) else {
                let row_id = format!("{action} {signer}");
                remarks.about(TABLE, &row_id).say("not taken over: its action or investigator was not");
                continue;
            };
            actions.push(pair.0);
            signers.push(pair.1);
            signatures.push(row.try_get::<Option<String>, _>("pgpsignature")?.unwrap_or_default());
        }
        let sql = "INSERT INTO signatures (action_id, investigator_id, signature)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])";
        sqlx::query(sql).bind(actions).bind(signers).bind(signatures).execute(&mut *connection).await?;
        remarks.write(connection).await?;
    }
}
