//! The target language as data. Public, so that a store can compile it for its database.

use super::{Like, Pattern};
use crate::{id::ActionId, time::Time};
use std::fmt;

/// A statement about one agent.
///
/// `NOT LIKE`, `NOT IN`, `IS NOT NULL` and so on are [`Not`](Self::Not) around the positive form, which means the
/// same in SQL. The parser makes well-typed conditions only; hand-made ones which compare different kinds are NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `TRUE` or `FALSE`.
    Constant(bool),
    /// All hold; at least two.
    And(Vec<Condition>),
    /// One or more hold; at least two.
    Or(Vec<Condition>),
    /// The opposite; of NULL it is NULL.
    Not(Box<Condition>),
    /// `left = right` and its relatives, over one kind.
    Compare {
        /// What stands on the left.
        left: Operand,
        /// How both are compared.
        comparison: Comparison,
        /// What stands on the right.
        right: Operand,
    },
    /// `operand LIKE pattern` or `ILIKE`.
    Like {
        /// The text looked at.
        operand: Operand,
        /// What all of it must look like.
        pattern: Like,
    },
    /// `operand ~ pattern` or `~*`.
    Matches {
        /// The text looked at.
        operand: Operand,
        /// What some part of it must match.
        pattern: Pattern,
    },
    /// `operand IN (…)`; at least one literal.
    In {
        /// The value looked for.
        operand: Operand,
        /// Literals of the operand's kind.
        list: Vec<Literal>,
    },
    /// `operand BETWEEN low AND high`, both ends included.
    Between {
        /// The value in question.
        operand: Operand,
        /// The least value that holds.
        low: Operand,
        /// The greatest value that holds.
        high: Operand,
    },
    /// `operand IS NULL`.
    IsNull(Operand),
    /// The agent has a command of this action, and one of its results says `foundanything` = `found`.
    FoundIn {
        /// The earlier action.
        action: ActionId,
        /// What a result must say.
        found: bool,
    },
}

impl Condition {
    /// Calls `look` for this condition and each inside it, outer ones first.
    pub(super) fn visit<'a>(&'a self, look: &mut dyn FnMut(&'a Self)) {
        look(self);
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(look)),
            Self::Not(inner) => inner.visit(look),
            _ => {}
        }
    }

    /// How deeply conditions are nested; 1 for one without others inside.
    pub(super) fn depth(&self) -> usize {
        1 + match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(inner) => inner.depth(),
            _ => 0,
        }
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A column of the agent's row.
    Column(Column),
    /// A member of a JSON column: `->`, `->>`, `#>`, `#>>`.
    Member {
        /// `environment` or `tags`.
        column: Column,
        /// The way to the member; at least one step.
        path: Vec<Step>,
        /// True if its text is meant (`->>`, `#>>`), false if the JSON value is.
        as_text: bool,
    },
    /// `operand::kind`.
    Cast {
        /// What is converted.
        operand: Box<Operand>,
        /// What it becomes.
        to: Cast,
    },
    /// A constant.
    Literal(Literal),
    /// `NOW()`, or `NOW() - INTERVAL '…'`: the time of evaluation, less an interval.
    Now {
        /// How long ago; [`Interval::default`] for now.
        minus: Interval,
    },
}

impl Operand {
    /// The kind of its values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Column(column) => column.kind(),
            Self::Member { as_text, .. } => {
                if *as_text {
                    Kind::Text
                } else {
                    Kind::Json
                }
            }
            Self::Cast { to: Cast::Text, .. } => Kind::Text,
            Self::Cast { to: Cast::Integer | Cast::BigInteger, .. } => Kind::Integer,
            Self::Literal(Literal::Text(_)) => Kind::Text,
            Self::Literal(Literal::Integer(_)) => Kind::Integer,
            Self::Literal(Literal::Time(_)) | Self::Now { .. } => Kind::Time,
        }
    }
}

/// Kinds of values. Different kinds do not compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Points in time, to the microsecond.
    Time,
    /// A JSON value; it does not compare at all, its text does.
    Json,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Integer => "a number",
            Self::Time => "a time",
            Self::Json => "a JSON value",
        })
    }
}

macro_rules! columns {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal: $kind:ident),+ $(,)?) => {
        /// A column of the table of agents.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Column { $($(#[$doc])+ $variant),+ }

        impl Column {
            /// All of them, in the order of the original's table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the database and in targets.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The kind of its values.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),+ }
            }
        }
    };
}

columns! {
    /// Names the agent process in the store.
    Id = "id": Integer,
    /// Host name.
    Name = "name": Text,
    /// Address on the relay.
    QueueLocation = "queueloc": Text,
    /// `daemon`, `checkin` or empty.
    Mode = "mode": Text,
    /// Version of the agent.
    Version = "version": Text,
    /// Process id.
    Pid = "pid": Integer,
    /// When the process started.
    StartTime = "starttime": Time,
    /// When it was destroyed; year 9998 if it was not.
    DestructionTime = "destructiontime": Time,
    /// Last heartbeat.
    HeartbeatTime = "heartbeattime": Time,
    /// Last change of its environment.
    RefreshTime = "refreshtime": Time,
    /// `online`, `idle`, `offline` or `destroyed`.
    Status = "status": Text,
    /// What the agent found out about its machine.
    Environment = "environment": Json,
    /// Labels from the agent's configuration.
    Tags = "tags": Json,
    /// Loader that installed the agent.
    LoaderName = "loadername": Text,
}

/// One step into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `-> 'key'`: a member of an object.
    Key(String),
    /// `-> 0`: an element of a list; negative ones count from its end.
    Index(i32),
    /// `#> '{a,b}'`: several steps, each a key of an object or an index of a list, whatever is there.
    Path(Vec<String>),
}

/// Conversions. One that fails gives NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cast {
    /// `::text`.
    Text,
    /// `::int`: 32 bits.
    Integer,
    /// `::bigint`: 64 bits.
    BigInteger,
}

/// How two values are compared. Texts are ordered by their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`.
    Text(String),
    /// `5`, or `'5'` where a number is meant.
    Integer(i64),
    /// `'2024-01-31 10:00'` where a time is meant; whole microseconds, UTC.
    Time(Time),
}

/// A length of time as Postgres counts it: months and days are those of the calendar (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months; a year is twelve.
    pub months: u32,
    /// Days; a week is seven.
    pub days: u32,
    /// Seconds; may be more than a day.
    pub seconds: u64,
}
