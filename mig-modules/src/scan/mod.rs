//! The scan engine: finds files by name, metadata, content and digest.
//!
//! Any number of [`Query`] values run as one [`Scan`]: each directory is walked once, each file is read once - through
//! all expressions and digests that want it, only as far as somebody wants more - and every thread of the session
//! helps. Memory is bounded whatever the tree, the files and the lines look like; results do not depend on the order in
//! which threads come by.
//!
//! ```
//! use mig_modules::{dialect::Pattern, scan::{Combine, Filter, Query, Scan, Test}};
//! use std::sync::Arc;
//! # fn search(session: &dyn mig_core::module::Session) -> Result<(), Box<dyn std::error::Error>> {
//! let name = Test::Name(Arc::new(Pattern::new("^sshd_config$")?));
//! let content = Test::Content(Arc::new(Pattern::new("^PermitRootLogin yes")?));
//! let filters = [name, content].map(|test| Filter { test, negated: false, mismatch: false });
//! let query = Query {
//!     paths: vec!["/etc".into()],
//!     combine: Combine::All,
//!     filters: filters.into(),
//!     ..Query::default()
//! };
//! for hit in &Scan::new(vec![query])?.run(session).hits[0] {
//!     println!("{}", hit.file.path.display());
//! }
//! # Ok(())
//! # }
//! ```

mod access;
mod content;
mod decompress;
mod examine;
mod expression;
mod filesystems;
mod first;
mod ground;
mod group;
mod hash;
mod long_line;
mod metadata;
mod paths;
mod plan;
mod platform;
mod query;
mod queue;
mod read;
mod report;
mod run;
mod scope;
mod tree;
mod walk;

pub use access::{NothingToSee, check_paths, open};
pub use content::BuildError;
pub use filesystems::FileSystem;
pub use hash::{Algorithm, Digest};
pub use metadata::{Kind, Metadata};
pub use paths::clean;
pub use query::{Age, Combine, Filter, Query, SizeRange, Test};
pub use report::{Found, Hit, Problem, Report, Statistics};

use content::LineMatcher;
use mig_core::module::Session;
use plan::Plan;
use run::Context;

/// Queries that were compiled together and can run, once or often.
#[derive(Debug)]
pub struct Scan {
    plans: Vec<Plan>,
    matcher: LineMatcher,
}

impl Scan {
    /// Compiles queries.
    ///
    /// # Errors
    /// [`BuildError`] if the expressions on contents are too large together.
    pub fn new(queries: Vec<Query>) -> Result<Self, BuildError> {
        let mut expressions = Vec::new();
        let plans = queries.into_iter().map(|query| Plan::new(query, &mut expressions)).collect();
        Ok(Self { plans, matcher: LineMatcher::new(expressions)? })
    }

    /// Walks and searches. What was found before the session stopped the run is in the report.
    #[must_use]
    pub fn run(&self, session: &dyn Session) -> Report {
        let context = Context::new(&self.plans, &self.matcher, session);
        walk::walk(&context);
        context.into_report()
    }
}
