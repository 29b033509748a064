//! Check-in: fetch what waits, answer it, end.

use super::status::Status;
use std::time::Duration;
use tokio::time::timeout;

/// How long no message may come before nothing waits any more.
const QUIET: Duration = Duration::from_secs(3);

/// Returns when nothing is left to do; at the latest at the original's limit, a tenth more than a module may take.
pub(super) async fn nothing_left(status: &Status, module_timeout: Duration) {
    let limit = module_timeout.saturating_add(module_timeout / 10);
    if timeout(limit, quiet(status)).await.is_err() {
        tracing::warn!(?limit, "ending, although something may be left to do");
    }
}

/// Returns when the relay knows of us, nothing is being worked on and nothing has come for a while.
async fn quiet(status: &Status) {
    // These fail only without a sender, and the status has both.
    status.is_heard.subscribe().wait_for(|is_heard| *is_heard).await.ok();
    let mut working = status.working.subscribe();
    loop {
        working.wait_for(|working| *working == 0).await.ok();
        if timeout(QUIET, working.changed()).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{agent::Watcher as _, agent_info::AgentInfo, time::Time};
    use tokio::time::{Instant, sleep};

    const MODULE_TIMEOUT: Duration = Duration::from_secs(300);

    fn status(directory: &tempfile::TempDir) -> Status {
        Status::new(AgentInfo::default(), "", directory.path().to_owned(), Vec::new(), 0)
    }

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn it_ends_three_quiet_seconds_after_the_last_message() {
        let directory = tempfile::tempdir().unwrap();
        let status = status(&directory);
        let begun = Instant::now();
        let messages = async {
            sleep(Duration::from_secs(10)).await;
            status.heartbeat(Time::now());
            sleep(Duration::from_secs(2)).await;
            status.received();
            sleep(Duration::from_secs(60)).await;
            status.ended();
        };
        tokio::join!(nothing_left(&status, MODULE_TIMEOUT), messages);
        assert_eq!(begun.elapsed().as_secs(), 75);
    }

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn without_a_relay_it_ends_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        nothing_left(&status(&directory), MODULE_TIMEOUT).await;
        assert_eq!(begun.elapsed().as_secs(), 330);
    }
}
