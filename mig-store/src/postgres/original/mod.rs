//! Taking over a database of the original.
//!
//! Its tables move into the schema [`SCHEMA`] as they are, with every row, column, index and right; ours are made in their place
//! and filled from them. A row that does not fit is taken as far as it does, and `original.remarks` says what was left behind.
//! Everything happens in the transaction that makes our schema: whoever is killed on the way leaves the original as it was.

mod actions;
mod agents;
mod commands;
mod convert;
mod investigators;
mod reader;
mod remarks;
mod settled;
mod signatures;

use self::{convert::Ids, remarks::Remarks};
use super::failure::Failure;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeSet;

/// Where the tables of the original are kept, and what is to be said about them.
macro_rules! schema {
    () => {
        "original"
    };
}

use schema;

/// The tables of the original, of 2015 and 2019.
const TABLES: [&str; 12] = [
    "actions",
    "agents",
    "agents_stats",
    "agtmodreq",
    "commands",
    "invagtmodperm",
    "investigators",
    "loaders",
    "manifests",
    "manifestsig",
    "modules",
    "signatures",
];

/// What we read of it: table and columns, as in 2015. Those of 2019 are read where they are.
const READ: [(&str, &[&str]); 5] = [
    ("investigators", investigators::COLUMNS),
    ("agents", agents::COLUMNS),
    ("actions", actions::COLUMNS),
    ("signatures", signatures::COLUMNS),
    ("commands", commands::COLUMNS),
];

/// Sequences that may stand beside their tables.
const SEQUENCES: [&str; 3] = ["investigators_id_seq", "loaders_id_seq", "manifests_id_seq"];

/// Whose database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Ours, or nobody's yet.
    Ours,
    /// The original's: it can be taken over.
    TheOriginal,
}

/// Looks whose tables there are in a database without ours.
pub(super) async fn recognise(connection: &mut PgConnection) -> Result<Origin, Failure> {
    let columns = Columns::read(connection, "current_schema()").await?;
    if columns.0.is_empty() {
        return Ok(Origin::Ours);
    }
    if !columns.has("agents", "queueloc") && !columns.has("actions", "pgpsignatures") {
        let table = columns.0.first().map_or_else(String::new, |(table, _)| table.clone());
        return Err(Failure::ForeignSchema { what: format!("its table {table} is not the original's") });
    }
    for (table, needed) in READ {
        if let Some(missing) = needed.iter().find(|column| !columns.has(table, column)) {
            return Err(Failure::OlderSchema { missing: format!("column {missing} of table {table}") });
        }
    }
    Ok(Origin::TheOriginal)
}

/// Moves the tables of the original out of our way.
pub(super) async fn set_aside(connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::raw_sql(concat!("CREATE SCHEMA ", schema!())).execute(&mut *connection).await?;
    for (what, names) in [("TABLE", TABLES.as_slice()), ("SEQUENCE", SEQUENCES.as_slice())] {
        for name in names {
            // Sequences that belong to a column went with it.
            let sql = format!("ALTER {what} IF EXISTS {name} SET SCHEMA {}", schema!());
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Fills our tables, which are empty, from those that were set aside.
pub(super) async fn take_over(connection: &mut PgConnection) -> Result<(), Failure> {
    let columns = Columns::read(connection, concat!("'", schema!(), "'")).await?;
    let mut remarks = Remarks::begin(connection).await?;
    let mut known = Known {
        investigators: investigators::take(connection, &columns, &mut remarks).await?,
        agents: agents::take(connection, &columns, &mut remarks).await?,
        actions: BTreeSet::new(),
    };
    known.actions = actions::take(connection, &mut remarks).await?;
    signatures::take(connection, &known, &mut remarks).await?;
    commands::take(connection, &known, &mut remarks).await?;
    settled::settle(connection).await?;
    remarks.write(connection).await?;
    tracing::info!(
        investigators = known.investigators.len(),
        agents = known.agents.len(),
        actions = known.actions.len(),
        remarks = remarks.count(),
        "took over a database of the original; its tables are in the schema {}",
        schema!()
    );
    Ok(())
}

/// What was taken already: the rows that others may refer to.
struct Known {
    investigators: Ids,
    agents: Ids,
    actions: Ids,
}

/// Which columns the tables have.
struct Columns(BTreeSet<(String, String)>);

impl Columns {
    async fn read(connection: &mut PgConnection, schema: &'static str) -> Result<Self, Failure> {
        let sql = format!(
            "SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY($1)"
        );
        // Both forms of `schema` are ours.
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(TABLES.as_slice());
        Ok(Self(query.fetch_all(connection).await?.into_iter().collect()))
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.0.contains(&(table.to_owned(), column.to_owned()))
    }

    /// A column of 2019, or what stands for it in a table of 2015.
    fn or(&self, table: &str, column: &'static str, otherwise: &'static str) -> &'static str {
        if self.has(table, column) { column } else { otherwise }
    }
}
