//! Check-in: fetch what waits, answer it, end.

use super::status::Status;
use std::time::Duration;
use tokio::time::timeout;

/// How long no message may come before nothing waits any more.
const QUIET: Duration = Duration::from_secs(3);

/// Returns when nothing is being worked on and nothing has come for a while.
pub(super) async fn nothing_left(status: &Status) {
    let mut working = status.working.subscribe();
    loop {
        // It fails only without a sender, and the status is one.
        working.wait_for(|working| *working == 0).await.ok();
        if timeout(QUIET, working.changed()).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::{agent::Watcher as _, agent_info::AgentInfo};
    use std::path::PathBuf;
    use tokio::time::{Instant, sleep};

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn it_ends_three_quiet_seconds_after_the_last_message() {
        let status = Status::new(AgentInfo::default(), "", PathBuf::new(), Vec::new(), 0);
        let begun = Instant::now();
        let messages = async {
            sleep(Duration::from_secs(2)).await;
            status.received();
            sleep(Duration::from_secs(60)).await;
            status.ended();
        };
        tokio::join!(nothing_left(&status), messages);
        assert_eq!(begun.elapsed().as_secs(), 65);
    }
}
