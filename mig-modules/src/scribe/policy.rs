//! A policy that was checked and can be evaluated.

use crate::scribe::{
    compile::compile,
    error::{Fault, Part, PolicyError},
    expression::{Expression, Expressions},
    value::Value,
    wire::{Document, Tag, Variable},
};
use mig_core::json;

/// A policy whose fields and expressions were checked.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub(super) variables: Vec<Variable>,
    pub(super) objects: Vec<Source>,
    pub(super) tests: Vec<PolicyTest>,
    pub(super) expressions: Expressions,
    /// What was accepted, and ends as errors of tests.
    pub(super) faults: Vec<PolicyError>,
}

/// Where the values of an object come from. Fields that are texts may still hold variables.
#[derive(Clone, Debug)]
pub(super) enum Source {
    FileContent {
        path: String,
        file: String,
        expression: Expression,
        /// Joins the values of one file; empty if they stay apart.
        concat: String,
        /// Objects by their place.
        chain: Vec<usize>,
    },
    FileName {
        path: String,
        /// `None` if it does not compile.
        file: Option<Expression>,
    },
    HasLine {
        path: String,
        file: String,
        expression: Expression,
    },
    Package {
        name: String,
        matching: Option<Expression>,
        only_newest: bool,
    },
    Raw(Vec<Value>),
}

impl Source {
    /// Whether it means something only below a file that another object found.
    pub(super) fn is_chained(&self) -> bool {
        matches!(self, Self::FileContent { path, .. } if path.contains("${chain_root}"))
    }
}

/// A question about the values of an object.
#[derive(Clone, Debug)]
pub(super) struct PolicyTest {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) tags: Vec<Tag>,
    pub(super) object_name: String,
    /// By its place, if there is such an object.
    pub(super) object: Option<usize>,
    pub(super) evaluator: Evaluator,
    /// Tests by their places.
    pub(super) dependencies: Vec<usize>,
}

/// How a value is judged.
#[derive(Clone, Debug)]
pub(super) enum Evaluator {
    /// Every value is true.
    Existence,
    Exact(String),
    Expression(Expression),
    Version {
        operation: Operation,
        value: String,
    },
    /// It can not judge, for this reason.
    Broken(String),
}

/// How two versions are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Less,
    Equal,
    Greater,
}

/// Checks a document: what is an error here is refused before anything is touched.
///
/// # Errors
/// The first fault: of the objects in their order, then of the tests.
pub fn check(document: &json::Value) -> Result<(), PolicyError> {
    let malformed =
        |error: json::Error| PolicyError::new(Part::Document, "", "", Fault::Malformed(error.to_string()));
    let document: Document = json::from_value(document).map_err(malformed)?;
    Policy::new(document).map(drop)
}

impl Policy {
    /// Checks and compiles a document.
    ///
    /// # Errors
    /// The first fault, as [`check`].
    pub fn new(document: Document) -> Result<Self, PolicyError> {
        compile(document)
    }

    /// What is accepted, as the original does, though it can only become errors of tests: unknown objects and operations, and
    /// expressions that do not compile.
    #[must_use]
    pub fn faults(&self) -> &[PolicyError] {
        &self.faults
    }
}
