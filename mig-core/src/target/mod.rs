//! Which agents are asked: the useful part of SQL's `WHERE` over the table of agents.
//!
//! The original hands the signed text to its database. Here it is parsed, under limits, into a [`Condition`] of our
//! own, which the scheduler's stores and each agent evaluate alike:
//!
//! ```
//! use mig_core::{agent_info::AgentInfo, target::Target, time::Time};
//!
//! let target = Target::parse("queueloc LIKE 'linux.%' AND status = 'online'")?;
//! let agent = AgentInfo { queue_location: "linux.web1".into(), ..AgentInfo::default() };
//! // Its status is known to the platform only: the agent does not refuse for that.
//! assert!(!target.evaluate(&agent, Time::ZERO).refuses());
//! # Ok::<(), mig_core::target::TargetError>(())
//! ```
//!
//! Values have the types and the three-valued logic of Postgres. Where Postgres depends on its settings, one is
//! fixed here: texts are ordered by their bytes, letter case is that of A to Z (collation `C`), and times without an
//! offset are UTC. One thing differs: a cast that fails is NULL for that agent instead of an error for all of them.

#[cfg(any(test, feature = "testing"))]
pub mod arbitrary;
mod ast;
mod display;
mod error;
mod evaluate;
mod like;
mod literal;
mod operand;
mod parse;
mod pattern;
mod subject;
#[cfg(test)]
mod tests;
mod tokens;
mod truth;

pub use ast::{Cast, Column, Comparison, Condition, Interval, Kind, Literal, Operand, Step};
pub use error::{Problem, TargetError};
pub use like::{Like, LikeError};
pub use pattern::Pattern;
pub use subject::{Datum, StoredAgent, Subject};
pub use truth::Truth;

use crate::{id::ActionId, time::Time};
use std::{fmt, str::FromStr};

/// The agents an action is meant for.
///
/// `Display` prints a canonical text which parses back to the same target, and which the original's scheduler
/// understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    condition: Condition,
}

impl Target {
    /// Reads a target: a condition, or the word `all`.
    ///
    /// # Errors
    /// If the text is outside the language or above a limit (`MAX_TARGET_…` of [`limits`](crate::limits)); the error
    /// points at the character.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        parse::condition(text).map(Self::from)
    }

    /// Every agent.
    #[must_use]
    pub fn all() -> Self {
        Self::from(Condition::Constant(true))
    }

    /// The agent that listens at this address of the relay.
    #[must_use]
    pub fn agent(queue_location: &str) -> Self {
        Self::from(Condition::Compare {
            left: Operand::Column(Column::QueueLocation),
            comparison: Comparison::Equal,
            right: Operand::Literal(Literal::Text(queue_location.to_owned())),
        })
    }

    /// The agents of `rest` which, asked by an earlier `action`, found something (or, with `found` false, did not).
    #[must_use]
    pub fn found_in(action: ActionId, found: bool, rest: Self) -> Self {
        Self::from(Condition::FoundIn { action, found }).and(rest)
    }

    /// The agents that both targets name.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.condition, other.condition) {
            (Condition::Constant(true), condition) | (condition, Condition::Constant(true)) => {
                condition.into()
            }
            (left, right) => Condition::And(vec![left, right]).into(),
        }
    }

    /// Whether the target names this agent at this time.
    #[must_use]
    pub fn evaluate(&self, subject: &dyn Subject, now: Time) -> Truth {
        self.condition.evaluate(subject, now)
    }

    /// The condition itself, for those who compile it for a database.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// The earlier answers that the target depends on, each as action and `found`: what a store must look up before
    /// it evaluates the target for many agents.
    #[must_use]
    pub fn earlier_answers(&self) -> Vec<(ActionId, bool)> {
        let mut answers = Vec::new();
        self.condition.visit(&mut |condition| {
            if let Condition::FoundIn { action, found } = condition {
                answers.push((*action, *found));
            }
        });
        answers
    }
}

impl From<Condition> for Target {
    fn from(condition: Condition) -> Self {
        Self { condition }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        Self::parse(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(formatter)
    }
}
