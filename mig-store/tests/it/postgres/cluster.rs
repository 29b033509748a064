//! A PostgreSQL server of our own, as long as this process lives, and a database for each test.

use sqlx::{Connection as _, PgConnection};
use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The password of everybody over TCP.
pub(crate) const PASSWORD: &str = "p@ss/word%";
/// The same, as a URL writes it.
pub(crate) const PASSWORD_IN_URL: &str = "p%40ss%2Fword%25";

/// A running server.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) port: u16,
    /// The shell that ends the server and removes its folder when the pipe to it closes: also if this process is killed.
    _keeper: Child,
}

/// Makes the server in a new folder, tells when it is ready, and ends it when its input ends.
const KEEPER: &str = r#"
set -e
folder=$(mktemp -d /tmp/mig-pg.XXXXXX)
trap 'rm -rf "$folder"' EXIT
# Signals to the whole group end the tests; the end of the input then ends this.
trap '' INT TERM HUP
printf '%s' "$3" >"$folder/password"
"$1/initdb" -D "$folder/data" -U mig --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust \
    --auth-host=scram-sha-256 --pwfile="$folder/password" --no-sync >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$1/postgres" -D "$folder/data" -k "$folder" -p "$2" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c max_connections=300 >>"$folder/log" 2>&1 </dev/null &
server=$!
until "$1/pg_isready" -q -h "$folder" -p "$2"; do
    kill -0 $server 2>/dev/null || { cat "$folder/log"; exit 1; }
    sleep 0.05
done
echo ready
read -r _ || true
kill -QUIT $server || true
wait $server || true
"#;

/// The server of this process; `None`, and a line that says so, on a machine without PostgreSQL. CI must have it.
#[expect(clippy::print_stdout, reason = "who runs the tests must see what was skipped")]
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| programs().map(|programs| start(&programs)));
    if cluster.is_none() {
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "PostgreSQL is missing: install postgresql");
        println!("skipped: PostgreSQL (initdb) is not on this machine");
    }
    cluster.as_ref()
}

/// The folder of initdb and postgres: Debian keeps it out of the path.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    let folders = debian.into_iter().rev().chain(env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_isready").exists())
}

fn start(programs: &std::path::Path) -> Cluster {
    // Another process may take the port before the server does.
    let attempts: Vec<String> = match try_start(programs) {
        Ok(cluster) => return cluster,
        Err(first) => match try_start(programs) {
            Ok(cluster) => return cluster,
            Err(second) => vec![first, second],
        },
    };
    panic!("PostgreSQL does not start: {attempts:?}");
}

fn try_start(programs: &std::path::Path) -> Result<Cluster, String> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // The server refuses to run as root.
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", KEEPER, "sh"]).arg(programs).arg(port.to_string()).arg(PASSWORD);
    command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut keeper = command.spawn().map_err(|error| error.to_string())?;
    let mut output = String::new();
    for line in BufReader::new(keeper.stdout.take().unwrap()).lines() {
        let line = line.map_err(|error| error.to_string())?;
        if line == "ready" {
            return Ok(Cluster { port, _keeper: keeper });
        }
        output += &line;
    }
    keeper.wait().map_err(|error| error.to_string())?;
    Err(output)
}

impl Cluster {
    /// The URL of a database, as the owner of the server.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_as("mig", database)
    }

    pub(crate) fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}:{PASSWORD_IN_URL}@127.0.0.1:{}/{database}", self.port)
    }

    /// A new, empty database.
    pub(crate) async fn new_database(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        name
    }
}
