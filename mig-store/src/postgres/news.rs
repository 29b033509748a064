//! Learning of changes by other processes.

use super::{failure::Failure, write::CHANNEL};
use sqlx::{PgPool, postgres::PgListener};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{sync::watch, task::JoinHandle};

/// How long to wait before the server is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A name that no other store has: two equal ones would not hear of each other.
pub(super) fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", std::process::id(), since.as_nanos())
}

/// Starts to listen; the task wakes waiters at the news of others, for as long as it is let.
pub(super) async fn listen(
    pool: &PgPool,
    name: &str,
    revision: &Arc<watch::Sender<u64>>,
) -> Result<JoinHandle<()>, Failure> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(tokio::spawn(pass_on(listener, name.to_owned(), Arc::clone(revision))))
}

async fn pass_on(mut listener: PgListener, name: String, revision: Arc<watch::Sender<u64>>) {
    loop {
        match listener.try_recv().await {
            Ok(Some(news)) if news.payload() == name => continue,
            Ok(Some(_)) => {}
            // The connection was lost, and news with it.
            Ok(None) => tracing::warn!("connection for news was lost and is made again"),
            Err(error) => {
                tracing::warn!(%error, "no news from the database, trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
        revision.send_modify(|revision| *revision += 1);
    }
}
