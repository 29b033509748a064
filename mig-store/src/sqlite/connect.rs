//! Opening a database, and bringing its schema up to date.

use super::{BUSY_TIMEOUT, failure::Failure};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    fs::OpenOptions,
    io,
    path::Path,
    time::{Duration, Instant},
};

/// The schema, step by step. A step that was released never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_access_and_search.sql"),
    include_str!("../../migrations/sqlite/0003_retention.sql"),
    include_str!("../../migrations/sqlite/0004_enrolment.sql"),
];

/// The write-ahead log shrinks to this many bytes when it is empty.
const LOG_BYTES: &str = "4194304";

/// A connection and what we know of it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: SqliteConnection,
    /// Grows when other connections write.
    data_version: i64,
}

impl Link {
    /// True if another connection has written since the last look.
    pub(super) async fn notice_others(&mut self) -> Result<bool, sqlx::Error> {
        let version = data_version(&mut self.connection).await?;
        Ok(std::mem::replace(&mut self.data_version, version) != version)
    }
}

/// Connects to a file (`None`: to new memory) with an up-to-date schema.
pub(super) async fn link(path: Option<&Path>) -> Result<Link, Failure> {
    let options = match path {
        Some(path) if can_only_be_read(path) => read_only_options(path),
        Some(path) => {
            create_private(path).map_err(Failure::File)?;
            file_options(path)
        }
        None => any_options(),
    };
    let mut connection = connect_patiently(&options).await?;
    migrate(&mut connection).await?;
    let data_version = data_version(&mut connection).await?;
    Ok(Link { connection, data_version })
}

/// Makes the file if it is new, for us alone: SQLite itself would follow the umask.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}

/// True for a file on a file system that is mounted for reading only.
fn can_only_be_read(path: &Path) -> bool {
    let opened = OpenOptions::new().write(true).open(path);
    opened.is_err_and(|error| error.kind() == io::ErrorKind::ReadOnlyFilesystem)
}

fn any_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new().busy_timeout(BUSY_TIMEOUT).disable_statement_logging()
}

fn file_options(path: &Path) -> SqliteConnectOptions {
    any_options()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("journal_size_limit", LOG_BYTES)
}

/// SQLite can not make its companions there. Without a log the file is complete, and nobody changes it.
fn read_only_options(path: &Path) -> SqliteConnectOptions {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    any_options().filename(path).read_only(true).immutable(!Path::new(&log).exists())
}

/// SQLite does not wait by itself while another process turns a new database to the write-ahead log.
async fn connect_patiently(options: &SqliteConnectOptions) -> Result<SqliteConnection, Failure> {
    let start = Instant::now();
    loop {
        match SqliteConnection::connect_with(options).await.map_err(Failure::from) {
            Err(failure) if failure.is_busy() && start.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            result => return result,
        }
    }
}

/// Applies the steps the database does not have yet, all or none, also when two processes come at once.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), Failure> {
    if schema_version(connection).await? == LATEST {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found = schema_version(&mut transaction).await?;
    let Some(missing) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
        return Err(Failure::NewerSchema { found, known: LATEST });
    };
    for step in missing {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {LATEST}"));
    sqlx::raw_sql(version).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

const LATEST: i64 = MIGRATIONS.len() as i64;

async fn schema_version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await
}

async fn data_version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await
}
