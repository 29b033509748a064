//! What could not be taken over as it was.

use super::{super::failure::Failure, schema};
use sqlx::PgConnection;

/// Remarks about rows of the original: they go into the table `remarks` beside them.
#[derive(Default)]
pub(super) struct Remarks {
    tables: Vec<&'static str>,
    rows: Vec<String>,
    remarks: Vec<String>,
    written: usize,
}

/// The row that is looked at.
pub(super) struct About<'a> {
    remarks: &'a mut Remarks,
    table: &'static str,
    row: &'a str,
}

impl Remarks {
    pub(super) async fn begin(connection: &mut PgConnection) -> Result<Self, Failure> {
        let sql = concat!(
            "CREATE TABLE ",
            schema!(),
            ".remarks (table_name text NOT NULL, row_id text NOT NULL, remark text NOT NULL);
            COMMENT ON TABLE ",
            schema!(),
            ".remarks IS 'What of the tables beside it could not be taken over as it was'"
        );
        sqlx::raw_sql(sql).execute(connection).await?;
        Ok(Self::default())
    }

    pub(super) fn about<'a>(&'a mut self, table: &'static str, row: &'a str) -> About<'a> {
        About { remarks: self, table, row }
    }

    /// How many there were so far.
    pub(super) fn count(&self) -> usize {
        self.written + self.remarks.len()
    }

    /// Writes what there is.
    pub(super) async fn write(&mut self, connection: &mut PgConnection) -> Result<(), Failure> {
        if self.remarks.is_empty() {
            return Ok(());
        }
        let sql = concat!(
            "INSERT INTO ",
            schema!(),
            ".remarks (table_name, row_id, remark) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])"
        );
        let query = sqlx::query(sql).bind(&self.tables).bind(&self.rows).bind(&self.remarks);
        query.execute(connection).await?;
        *self = Self { written: self.count(), ..Self::default() };
        Ok(())
    }
}

impl About<'_> {
    pub(super) fn say(&mut self, remark: impl Into<String>) {
        self.remarks.tables.push(self.table);
        self.remarks.rows.push(self.row.to_owned());
        self.remarks.remarks.push(remark.into());
    }

    /// The value, or its default and a remark.
    pub(super) fn or_default<T: Default>(&mut self, value: Result<T, String>) -> T {
        value.unwrap_or_else(|remark| {
            self.say(remark);
            T::default()
        })
    }
}
