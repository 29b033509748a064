//! Signs of life.

use super::engine::Shared;
use crate::{
    agent_info::AgentInfo,
    json,
    transport::{Address, Envelope},
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{task::spawn_blocking, time::sleep};

/// How soon a heartbeat that failed is tried again; doubled each time, up to the period.
const FIRST_RETRY: Duration = Duration::from_millis(100);

impl Shared {
    /// Sends a heartbeat now and in every period. A failure is never fatal: without a platform an agent waits for one.
    pub(super) async fn send_heartbeats(&self) -> Infallible {
        let period = self.parts.options.heartbeat_period;
        let mut retry = FIRST_RETRY;
        loop {
            match self.send_heartbeat().await {
                Ok(()) => {
                    retry = FIRST_RETRY;
                    self.clear_up().await;
                    tokio::select! {
                        () = sleep(period) => {}
                        () = self.refreshed.notified() => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "heartbeat not sent");
                    sleep(retry.min(period)).await;
                    retry = retry.saturating_mul(2).min(period);
                }
            }
        }
    }

    async fn send_heartbeat(&self) -> Result<(), crate::BoxError> {
        let now = self.parts.clock.now().into();
        let info =
            AgentInfo { heartbeat_time: now, status: "online".to_owned(), ..AgentInfo::clone(&self.info()) };
        let body = json::to_string(&info)?.into_bytes();
        let expires_in = self.parts.options.heartbeat_period.checked_mul(10);
        self.parts.transport.send(&Address::Heartbeats, Envelope { body, expires_in }).await?;
        self.watcher.heartbeat(now);
        Ok(())
    }

    /// The journal of an agent that runs for years must not grow for years.
    async fn clear_up(&self) {
        let (journal, now) = (Arc::clone(&self.parts.journal), self.parts.clock.now());
        match spawn_blocking(move || journal.remove_expired(now)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "journal not cleared up"),
            Err(error) => tracing::warn!(%error, "journal not cleared up"),
        }
    }
}
