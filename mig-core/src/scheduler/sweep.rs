//! What happens because time passes: nothing here needs an agent.

use super::Options;
use crate::store::{Store, StoreError};
use std::time::SystemTime;

/// Most commands that expire in one transaction.
const EXPIRE_AT_ONCE: u32 = 1000;

/// Most rows that are deleted in one transaction.
const FORGET_AT_ONCE: u32 = 1000;

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

/// Deletes some of what was kept for long enough. True if there is more.
pub(super) async fn forget(
    store: &dyn Store,
    now: SystemTime,
    options: &Options,
) -> Result<bool, StoreError> {
    let before = |keep: Option<_>| keep.and_then(|keep| now.checked_sub(keep));
    let (mut actions, mut agents) = (0, 0);
    if let Some(before) = before(options.keep_actions) {
        actions = store.forget_actions(before, FORGET_AT_ONCE).await?;
    }
    if let Some(before) = before(options.keep_agents) {
        agents = store.forget_agents(before, FORGET_AT_ONCE).await?;
    }
    if actions + agents > 0 {
        tracing::info!(actions, agents, "deleted what was kept for long enough");
    }
    Ok(actions.max(agents) >= u64::from(FORGET_AT_ONCE))
}
