//! A database of the original becomes ours, and nothing of it is lost.

mod captured;
mod faults;
mod random;

use super::{cluster::Cluster, connect, execute};
use mig_core::limits::read_file;
use sqlx::{AssertSqlSafe, Row as _};
use std::path::{Path, PathBuf};

const SCHEMA: &str = include_str!("../../../captures/original_2019.sql");

/// Tables of the original, those that others refer to first.
const TABLES: [&str; 12] = [
    "investigators",
    "agents",
    "actions",
    "signatures",
    "commands",
    "agents_stats",
    "modules",
    "agtmodreq",
    "invagtmodperm",
    "manifests",
    "manifestsig",
    "loaders",
];

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/tables")
}

/// The lines of a table of the original, as `COPY` writes them; the first one names the columns.
fn captured(table: &str) -> Vec<String> {
    let text = read_file(&captures().join(format!("{table}.tsv")), 1 << 20).unwrap();
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

/// A new database of the original, without rows.
async fn empty(cluster: &Cluster) -> String {
    let url = cluster.url(&cluster.new_database().await);
    execute(&url, SCHEMA).await;
    url
}

/// A new database of the original after some investigations.
async fn filled(cluster: &Cluster) -> String {
    let url = empty(cluster).await;
    let mut connection = connect(&url).await;
    for table in TABLES {
        let lines = captured(table);
        let columns = lines[0].replace('\t', ", ").replace("timestamp", "\"timestamp\"");
        let statement = format!("COPY {table} ({columns}) FROM STDIN");
        let mut copy = connection.copy_in_raw(&statement).await.unwrap();
        for line in &lines[1..] {
            copy.send(format!("{line}\n").as_bytes()).await.unwrap();
        }
        copy.finish().await.unwrap();
    }
    url
}

/// What tells whether a table changed: how many rows it has, and what they are.
type Fingerprint = (i64, Option<String>);

async fn fingerprints(url: &str, schema: &str, tables: &[&str]) -> Vec<Fingerprint> {
    let mut connection = connect(url).await;
    let mut all = Vec::new();
    for table in tables {
        let sql = format!(
            "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {schema}.{table} t"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        all.push((row.get(0), row.get(1)));
    }
    all
}

/// Our tables that are filled from the original's.
const OURS: [&str; 6] = ["investigators", "agents", "actions", "signatures", "commands", "results"];

/// What is said about rows, in order.
async fn remarks(url: &str) -> Vec<(String, String, String)> {
    let sql = "SELECT table_name, row_id, remark FROM original.remarks ORDER BY 1, 2, 3";
    sqlx::query_as(sql).fetch_all(&mut connect(url).await).await.unwrap()
}
