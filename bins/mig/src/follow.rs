//! Follows an action in the store until it has ended.

use crate::render::Answer;
use mig_core::{
    action::ActionCounters,
    id::ActionId,
    scheduler::flow::ActionStatus,
    store::{EndMark, Store, StoreError, StoredAction},
};

/// Commands that are read from the store at once.
const PAGE: u32 = 100;

/// Who wants to know how an action goes on.
pub trait Follower {
    /// Why it can not listen any more.
    type Error: From<StoreError>;

    /// One command ended. Each is reported once.
    ///
    /// # Errors
    /// Ends the following.
    fn answer(&mut self, answer: Answer) -> Result<(), Self::Error>;

    /// How the commands stand now.
    fn progress(&mut self, counters: &ActionCounters);

    /// The action has ended, but what an interrupted run of this program left behind has not.
    fn waits_for_others(&mut self);
}

/// Reports every command as it ends. Returns the action when nothing can happen to it any more.
///
/// # Errors
/// If the store fails, or what the follower returns.
pub async fn follow<F: Follower>(
    store: &dyn Store,
    id: ActionId,
    follower: &mut F,
) -> Result<StoredAction, F::Error> {
    let mut last = None;
    loop {
        let seen = store.revision();
        // The action first: commands that end in between are reported now, and the end of the action in the next round.
        let stored = store.action(id).await?;
        last = report_ended(store, id, last, follower).await?;
        follower.progress(&stored.action.counters);
        if stored.status.is_final() {
            return Ok(stored);
        }
        store.changed(seen).await?;
    }
}

/// Reports the commands that ended after `last`; returns the new last one.
async fn report_ended<F: Follower>(
    store: &dyn Store,
    id: ActionId,
    mut last: Option<EndMark>,
    follower: &mut F,
) -> Result<Option<EndMark>, F::Error> {
    loop {
        let ended = store.ended_commands(id, last, PAGE).await?;
        let Some(end) = ended.last() else { return Ok(last) };
        last = end.ended;
        for command in ended {
            follower.answer(command.into())?;
        }
    }
}

/// How an action ended, for people and exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every agent answered.
    Complete,
    /// Some agents or modules failed, or did not answer.
    Incomplete,
    /// No agent was asked.
    NobodyAsked,
    /// Somebody cancelled it, or time was over before anybody answered.
    Interrupted,
}

impl Ending {
    /// The ending of an action that has ended.
    #[must_use]
    pub fn of(stored: &StoredAction) -> Self {
        let counters = &stored.action.counters;
        let answered = counters.success + counters.failed + counters.timeout;
        match stored.status {
            ActionStatus::Cancelled | ActionStatus::Expired => Self::Interrupted,
            ActionStatus::Invalid => Self::NobodyAsked,
            _ if counters.cancelled > 0 || answered == 0 && counters.expired > 0 => Self::Interrupted,
            _ if counters.success < counters.sent => Self::Incomplete,
            _ => Self::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::action::Action;

    fn ending(status: ActionStatus, counters: ActionCounters) -> Ending {
        Ending::of(&StoredAction {
            action: Action { counters, ..Action::default() },
            status,
            reason: String::new(),
        })
    }

    #[test]
    fn an_ending_says_who_answered() {
        let base = ActionCounters { sent: 3, done: 3, ..ActionCounters::default() };
        let completed = |counters| ending(ActionStatus::Completed, counters);
        assert_eq!(completed(ActionCounters { success: 3, ..base }), Ending::Complete);
        assert_eq!(completed(ActionCounters { success: 2, failed: 1, ..base }), Ending::Incomplete);
        assert_eq!(completed(ActionCounters { success: 2, expired: 1, ..base }), Ending::Incomplete);
        assert_eq!(completed(ActionCounters { expired: 3, ..base }), Ending::Interrupted);
        assert_eq!(completed(ActionCounters { success: 2, cancelled: 1, ..base }), Ending::Interrupted);
    }

    #[test]
    fn an_action_that_never_began_says_why() {
        let none = ActionCounters::default();
        assert_eq!(ending(ActionStatus::Invalid, none), Ending::NobodyAsked);
        assert_eq!(ending(ActionStatus::Expired, none), Ending::Interrupted);
        assert_eq!(ending(ActionStatus::Cancelled, none), Ending::Interrupted);
    }
}
