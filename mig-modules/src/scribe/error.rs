//! What is wrong with a policy, and where.

use crate::dialect::DialectError;
use mig_core::module::ParamsError;
use std::fmt::{self, Display, Formatter};

/// A fault of a policy, in the words of the original; [`place`](Self::place) says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// Which part of the policy.
    pub part: Part,
    /// The field, such as `filecontent.expression`; empty if the part as a whole is meant.
    pub field: &'static str,
    /// What stands in the field.
    pub value: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A part of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Document,
    /// The object of this name.
    Object(String),
    /// The object at this place, counted from 0, which has no name.
    NamelessObject(usize),
    /// The test of this id.
    Test(String),
    /// The test at this place, counted from 0, which has no id.
    NamelessTest(usize),
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It can not be read.
    #[error("{0}")]
    Malformed(String),
    /// There is too much of something.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// An object without name.
    #[error("an object in document has no identifier")]
    NoObjectName,
    /// An object without anything that gives values.
    #[error("no valid source interface")]
    NoSource,
    /// A field is missing.
    #[error("{} must be set", .0.replace('.', " "))]
    Unset(&'static str),
    /// An expression does not compile.
    #[error("{0}")]
    Expression(DialectError),
    /// A name that no object has.
    #[error("unknown object \"{0}\"")]
    UnknownObject(String),
    /// A raw value that lacks something.
    #[error("identifier must include identifier and value")]
    IncompleteRaw,
    /// A test without id.
    #[error("a test in document has no identifier")]
    NoTestId,
    /// An id that no test has.
    #[error("unknown test \"{0}\"")]
    UnknownTest(String),
    /// A test that depends on itself.
    #[error("test cannot reference itself")]
    OwnDependency,
    /// A quote in the key of a tag.
    #[error("test tag key cannot contain quote")]
    QuoteInKey,
    /// A quote in the value of a tag.
    #[error("test tag value cannot contain quote")]
    QuoteInValue,
    /// An operation that versions do not have.
    #[error("invalid evr operation {0}")]
    Operation(String),
}

impl PolicyError {
    pub(super) fn new(part: Part, field: &'static str, value: &str, fault: Fault) -> Self {
        Self { part, field, value: value.to_owned(), fault }
    }

    /// Where it is, as `object 'ssh', filecontent.expression '('`.
    #[must_use]
    pub fn place(&self) -> String {
        let part = match &self.part {
            Part::Document => "policy".to_owned(),
            Part::Object(name) => format!("object '{name}'"),
            Part::NamelessObject(index) => format!("objects[{index}]"),
            Part::Test(id) => format!("test '{id}'"),
            Part::NamelessTest(index) => format!("tests[{index}]"),
        };
        match (self.field, self.value.as_str()) {
            ("", _) => part,
            (field, "") => format!("{part}, {field}"),
            (field, value) => format!("{part}, {field} '{value}'"),
        }
    }
}

impl Display for PolicyError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.part {
            Part::Object(name) | Part::Test(name) => write!(formatter, "{name}: {}", self.fault),
            Part::Document | Part::NamelessObject(_) | Part::NamelessTest(_) => {
                Display::fmt(&self.fault, formatter)
            }
        }
    }
}

impl std::error::Error for PolicyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}

impl From<PolicyError> for ParamsError {
    fn from(error: PolicyError) -> Self {
        Self { reason: error.to_string(), place: Some(error.place()) }
    }
}
