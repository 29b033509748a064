//! What happens because time passes: nothing here needs an agent.

use super::Options;
use crate::store::{Store, StoreError};
use std::time::SystemTime;

/// Most commands that expire in one transaction.
const EXPIRE_AT_ONCE: u32 = 1000;

/// Ends what is over: actions that were not launched in time, commands without an answer, agents without a heartbeat.
pub(super) async fn sweep(store: &dyn Store, now: SystemTime, options: &Options) -> Result<(), StoreError> {
    let actions = store.expire_actions(now).await?;
    let mut commands = 0;
    loop {
        let expired = store.expire_commands(now - options.answer_grace, now, EXPIRE_AT_ONCE).await?;
        commands += expired;
        if expired < u64::from(EXPIRE_AT_ONCE) {
            break;
        }
    }
    if actions + commands > 0 {
        tracing::info!(actions, commands, "expired");
    }
    store.age_agents(now - options.idle_after, now - options.offline_after).await
}
