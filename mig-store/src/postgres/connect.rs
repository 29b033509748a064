//! Opening a database, and bringing its schema up to date.

use super::{
    PostgresOptions,
    failure::Failure,
    original::{self, Origin},
};
use sqlx::{
    ConnectOptions, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::time::Duration;

/// The schema, step by step. A step that was released never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_first.sql"),
    include_str!("../../migrations/postgres/0002_access_and_search.sql"),
    include_str!("../../migrations/postgres/0003_retention.sql"),
    include_str!("../../migrations/postgres/0004_enrolment.sql"),
];

/// How long an operation waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of the lock for changes of the schema, among the advisory locks of the database.
const LOCK: i64 = 0x6d69_675f_7363_6865;

/// Reads a URL; every connection gets the limits.
pub(super) fn connect_options(url: &str, options: &PostgresOptions) -> Result<PgConnectOptions, Failure> {
    let parsed: PgConnectOptions = url.parse()?;
    let timeout = options.statement_timeout.as_millis().to_string();
    // A process that stopped in the middle of a transaction must not keep its locks for ever.
    let settings = [
        ("statement_timeout", timeout.as_str()),
        ("idle_in_transaction_session_timeout", "60000"),
        ("timezone", "UTC"),
    ];
    Ok(parsed.application_name("mig").options(settings).disable_statement_logging())
}

/// The address for messages: without password.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("postgres database {database} as {user} at {}", socket.display()),
        None => {
            format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port())
        }
    }
}

/// Connects, with an up-to-date schema. The first connection is not the pool's, which would try again and again and then
/// only tell that it took too long.
pub(super) async fn pool(options: PgConnectOptions, size: u32) -> Result<PgPool, Failure> {
    let connecting = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect()).await;
    let mut connection = connecting.map_err(|_| sqlx::Error::PoolTimedOut)??;
    migrate(&mut connection).await?;
    sqlx::Connection::close(connection).await?;
    let pool = PgPoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
    Ok(pool.connect_lazy_with(options))
}

/// Applies the steps the database does not have yet, all or none, also when two processes come at once.
async fn migrate(connection: &mut PgConnection) -> Result<(), Failure> {
    if schema_version(connection).await? == LATEST {
        return Ok(());
    }
    let mut transaction = sqlx::Connection::begin(connection).await?;
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    let found = schema_version(&mut transaction).await?;
    let Some(missing) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
        return Err(Failure::NewerSchema { found, known: LATEST });
    };
    let origin = if found == 0 { original::recognise(&mut transaction).await? } else { Origin::Ours };
    if origin == Origin::TheOriginal {
        original::set_aside(&mut transaction).await.map_err(Failure::of_schema)?;
    }
    for (number, step) in missing.iter().enumerate() {
        let applied = sqlx::raw_sql(*step).execute(&mut *transaction).await;
        applied.map_err(|error| Failure::from(error).of_schema())?;
        // The rows come into the first schema, so that later steps treat them like ours.
        if number == 0 && origin == Origin::TheOriginal {
            original::take_over(&mut transaction).await?;
        }
    }
    set_schema_version(&mut transaction).await?;
    Ok(transaction.commit().await?)
}

const LATEST: i64 = MIGRATIONS.len() as i64;

/// 0 for a database that we have never seen.
async fn schema_version(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    // A look at the catalogue itself: `to_regclass` remembers for a while that there was no such table.
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables
        WHERE tablename = 'mig_schema' AND schemaname = ANY (current_schemas(false)))";
    if !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut *connection).await? {
        return Ok(0);
    }
    let version = sqlx::query_scalar("SELECT version FROM mig_schema").fetch_optional(connection).await?;
    Ok(version.unwrap_or(0))
}

async fn set_schema_version(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = "CREATE TABLE IF NOT EXISTS mig_schema (version bigint NOT NULL)";
    sqlx::query(sql).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM mig_schema").execute(&mut *connection).await?;
    let insertion = sqlx::query("INSERT INTO mig_schema VALUES ($1)").bind(LATEST);
    insertion.execute(connection).await?;
    Ok(())
}
