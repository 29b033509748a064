//! Reading the original's tables some rows at a time, however many they hold.

use super::super::failure::Failure;
use sqlx::{AssertSqlSafe, PgConnection, postgres::PgRow};

/// Rows of one read. A row of commands may hold megabytes.
const ROWS: u32 = 100;

/// The rows of one query. Its transaction must go on meanwhile.
pub(super) struct Reader {
    fetch: String,
}

impl Reader {
    /// `name` is that of no other reader of the transaction; both texts are ours.
    pub(super) async fn open(
        connection: &mut PgConnection,
        name: &'static str,
        select: &str,
    ) -> Result<Self, Failure> {
        let declare = format!("DECLARE {name} NO SCROLL CURSOR FOR {select}");
        sqlx::raw_sql(AssertSqlSafe(declare)).execute(connection).await?;
        Ok(Self { fetch: format!("FETCH {ROWS} FROM {name}") })
    }

    /// The next rows; none behind the last one.
    pub(super) async fn next(&self, connection: &mut PgConnection) -> Result<Vec<PgRow>, Failure> {
        let fetch = sqlx::query(AssertSqlSafe(self.fetch.clone())).persistent(false);
        Ok(fetch.fetch_all(connection).await?)
    }
}
