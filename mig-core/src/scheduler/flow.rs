//! How actions and commands live: their states, what can happen to them, and what follows.
//!
//! Everything here is pure. Stores and engine change a state only to what [`ActionStatus::after`] and
//! [`CommandStatus::after`] answer.

use std::{fmt, str::FromStr};

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionStatus {
    /// Accepted; nobody works on it yet.
    Pending,
    /// A scheduler took it and looks for its agents.
    Scheduled,
    /// Its commands exist; not all of them are with the relay yet.
    Preparing,
    /// All its commands are with the relay; answers are awaited.
    InFlight,
    /// All its commands ended.
    Completed,
    /// It could not be launched: nobody was targeted, or its target was refused.
    Invalid,
    /// An investigator does not want it any more.
    Cancelled,
    /// Its validity window closed before it was launched.
    Expired,
}

/// What can happen to an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionEvent {
    /// A scheduler took it, for the first time or after another scheduler died.
    Claimed,
    /// Its agents were found and its commands were made.
    Targeted,
    /// The relay has all its commands.
    HandedOver,
    /// Its last command ended.
    Ended,
    /// It can not be launched.
    Refused,
    /// An investigator cancelled it.
    Cancelled,
    /// Its validity window closed.
    WindowClosed,
}

impl ActionStatus {
    /// All states, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Scheduled,
        Self::Preparing,
        Self::InFlight,
        Self::Completed,
        Self::Invalid,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The state after an event; `None` if the event does not concern this state, which then stays.
    ///
    /// A fast agent may answer before the hand-over is recorded: an action can end while it is *preparing*.
    /// When the window closes on a launched action, its commands expire, and that ends the action.
    #[must_use]
    pub const fn after(self, event: ActionEvent) -> Option<Self> {
        use ActionEvent as Event;
        match (self, event) {
            (Self::Pending | Self::Scheduled, Event::Claimed) => Some(Self::Scheduled),
            (Self::Scheduled, Event::Targeted) => Some(Self::Preparing),
            (Self::Preparing, Event::HandedOver) => Some(Self::InFlight),
            (Self::Preparing | Self::InFlight, Event::Ended) => Some(Self::Completed),
            (Self::Scheduled, Event::Refused) => Some(Self::Invalid),
            (Self::Pending | Self::Scheduled, Event::WindowClosed) => Some(Self::Expired),
            (Self::Pending | Self::Scheduled | Self::Preparing | Self::InFlight, Event::Cancelled) => {
                Some(Self::Cancelled)
            }
            _ => None,
        }
    }

    /// True if nothing can happen to it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Invalid | Self::Cancelled | Self::Expired)
    }

    /// The word of documents and databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Preparing => "preparing",
            Self::InFlight => "inflight",
            Self::Completed => "completed",
            Self::Invalid => "invalid",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// Where a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CommandStatus {
    /// No answer yet.
    Sent,
    /// Every operation succeeded.
    Success,
    /// The agent refused it, or a module failed.
    Failed,
    /// A module ran out of time.
    Timeout,
    /// Nobody wants the answer any more.
    Cancelled,
    /// The validity window closed before an answer.
    Expired,
}

/// What can happen to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandEvent {
    /// Its agent answered.
    Answered(AnswerStatus),
    /// Its action was cancelled.
    Cancelled,
    /// The validity window of its action closed.
    WindowClosed,
}

impl CommandStatus {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Sent, Self::Success, Self::Failed, Self::Timeout, Self::Cancelled, Self::Expired];

    /// The state after an event; `None` if the command has ended already, and stays as it is.
    #[must_use]
    pub const fn after(self, event: CommandEvent) -> Option<Self> {
        match (self, event) {
            (Self::Sent, CommandEvent::Answered(answer)) => Some(answer.command_status()),
            (Self::Sent, CommandEvent::Cancelled) => Some(Self::Cancelled),
            (Self::Sent, CommandEvent::WindowClosed) => Some(Self::Expired),
            _ => None,
        }
    }

    /// What an answer is worth now; `answered` says whether an earlier answer was kept.
    #[must_use]
    pub const fn reception(self, answered: bool) -> Reception {
        match (self, answered) {
            (Self::Sent, _) => Reception::Accepted,
            (_, false) => Reception::Late,
            (_, true) => Reception::Repeated,
        }
    }

    /// True if nothing can happen to it any more, but a late answer.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Sent)
    }

    /// The word of documents and databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// The states an agent may report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerStatus {
    /// See [`CommandStatus::Success`].
    Success,
    /// See [`CommandStatus::Failed`].
    Failed,
    /// See [`CommandStatus::Timeout`].
    Timeout,
    /// See [`CommandStatus::Cancelled`].
    Cancelled,
}

impl AnswerStatus {
    /// The state of a command that got this answer.
    #[must_use]
    pub const fn command_status(self) -> CommandStatus {
        match self {
            Self::Success => CommandStatus::Success,
            Self::Failed => CommandStatus::Failed,
            Self::Timeout => CommandStatus::Timeout,
            Self::Cancelled => CommandStatus::Cancelled,
        }
    }
}

/// What an answer was worth when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It is *the* answer of its command.
    Accepted,
    /// The command had expired or was cancelled: the answer is kept and flagged, the state stays.
    Late,
    /// There is an answer already: this one was dropped.
    Repeated,
}

/// A word that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{word}' is not a status of {of}")]
pub struct UnknownStatus {
    /// What was read, cut to 40 characters.
    pub word: String,
    /// What it was to be the status of.
    pub of: &'static str,
}

impl UnknownStatus {
    pub(crate) fn new(word: &str, of: &'static str) -> Self {
        Self { word: word.chars().take(40).collect(), of }
    }
}

impl FromStr for ActionStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == word);
        named.ok_or_else(|| UnknownStatus::new(word, "an action"))
    }
}

impl FromStr for CommandStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == word);
        named.ok_or_else(|| UnknownStatus::new(word, "a command"))
    }
}

impl FromStr for AnswerStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let all = [Self::Success, Self::Failed, Self::Timeout, Self::Cancelled];
        let named = all.into_iter().find(|status| status.command_status().as_str() == word);
        named.ok_or_else(|| UnknownStatus::new(word, "an answer"))
    }
}

impl fmt::Display for ActionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionEvent, ActionStatus, AnswerStatus, CommandEvent, CommandStatus, Reception};
    use std::collections::BTreeSet;

    const EVENTS: [ActionEvent; 7] = [
        ActionEvent::Claimed,
        ActionEvent::Targeted,
        ActionEvent::HandedOver,
        ActionEvent::Ended,
        ActionEvent::Refused,
        ActionEvent::Cancelled,
        ActionEvent::WindowClosed,
    ];

    /// One test per edge, and one that there are no others.
    macro_rules! action_edges {
        ($($name:ident: $from:ident + $event:ident => $to:ident;)+) => {
            $(#[test]
            fn $name() {
                assert_eq!(ActionStatus::$from.after(ActionEvent::$event), Some(ActionStatus::$to));
            })+

            #[test]
            fn actions_have_no_other_edges() {
                let listed = [$((ActionStatus::$from, ActionEvent::$event)),+];
                for from in ActionStatus::ALL {
                    for event in EVENTS {
                        let expected = listed.contains(&(from, event));
                        assert_eq!(from.after(event).is_some(), expected, "{from:?} {event:?}");
                    }
                }
            }
        };
    }

    action_edges! {
        a_pending_action_is_claimed: Pending + Claimed => Scheduled;
        a_pending_action_is_cancelled: Pending + Cancelled => Cancelled;
        a_pending_action_expires: Pending + WindowClosed => Expired;
        a_scheduled_action_is_claimed_by_the_next_scheduler: Scheduled + Claimed => Scheduled;
        a_scheduled_action_finds_its_targets: Scheduled + Targeted => Preparing;
        a_scheduled_action_is_refused: Scheduled + Refused => Invalid;
        a_scheduled_action_is_cancelled: Scheduled + Cancelled => Cancelled;
        a_scheduled_action_expires: Scheduled + WindowClosed => Expired;
        a_preparing_action_is_handed_over: Preparing + HandedOver => InFlight;
        a_preparing_action_ends_when_answers_overtake: Preparing + Ended => Completed;
        a_preparing_action_is_cancelled: Preparing + Cancelled => Cancelled;
        an_action_in_flight_ends: InFlight + Ended => Completed;
        an_action_in_flight_is_cancelled: InFlight + Cancelled => Cancelled;
    }

    #[test]
    fn a_sent_command_becomes_what_its_agent_answers() {
        for (answer, status) in [
            (AnswerStatus::Success, CommandStatus::Success),
            (AnswerStatus::Failed, CommandStatus::Failed),
            (AnswerStatus::Timeout, CommandStatus::Timeout),
            (AnswerStatus::Cancelled, CommandStatus::Cancelled),
        ] {
            assert_eq!(CommandStatus::Sent.after(CommandEvent::Answered(answer)), Some(status));
        }
    }

    #[test]
    fn a_sent_command_is_cancelled() {
        assert_eq!(CommandStatus::Sent.after(CommandEvent::Cancelled), Some(CommandStatus::Cancelled));
    }

    #[test]
    fn a_sent_command_expires() {
        assert_eq!(CommandStatus::Sent.after(CommandEvent::WindowClosed), Some(CommandStatus::Expired));
    }

    #[test]
    fn an_ended_command_stays_as_it_is() {
        let events = [
            CommandEvent::Answered(AnswerStatus::Success),
            CommandEvent::Cancelled,
            CommandEvent::WindowClosed,
        ];
        for status in CommandStatus::ALL.into_iter().filter(|status| status.is_final()) {
            assert!(events.iter().all(|event| status.after(*event).is_none()), "{status:?}");
        }
    }

    #[test]
    fn the_first_answer_counts_a_late_one_is_kept_a_second_one_is_dropped() {
        assert_eq!(CommandStatus::Sent.reception(false), Reception::Accepted);
        assert_eq!(CommandStatus::Expired.reception(false), Reception::Late);
        assert_eq!(CommandStatus::Cancelled.reception(false), Reception::Late);
        assert_eq!(CommandStatus::Expired.reception(true), Reception::Repeated);
        assert_eq!(CommandStatus::Success.reception(true), Reception::Repeated);
    }

    #[test]
    fn words_of_states_are_read_back() {
        for status in ActionStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        for status in CommandStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("sent".parse::<AnswerStatus>().is_err(), "an agent can not answer that it did not answer");
        assert!("expired".parse::<AnswerStatus>().is_err(), "only the platform lets commands expire");
        assert_eq!(
            "Sent".parse::<CommandStatus>().unwrap_err().to_string(),
            "'Sent' is not a status of a command"
        );
    }

    #[test]
    fn every_living_state_can_reach_a_final_one() {
        let mut reaches: BTreeSet<_> = ActionStatus::ALL.into_iter().filter(|s| s.is_final()).collect();
        for _ in ActionStatus::ALL {
            for from in ActionStatus::ALL {
                let leads_there =
                    EVENTS.iter().filter_map(|event| from.after(*event)).any(|to| reaches.contains(&to));
                if leads_there {
                    reaches.insert(from);
                }
            }
        }
        assert_eq!(reaches.len(), ActionStatus::ALL.len());
    }
}
