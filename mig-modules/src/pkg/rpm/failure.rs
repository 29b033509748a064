//! Why a database, or a part of one, is not read.

use mig_core::module::Stop;
use std::io;

/// What is wrong with a database, or with one package of it.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It can not be read, or ends too early.
    #[error("{}", reason(.0))]
    Io(#[from] io::Error),
    /// It is something else, or of a version that nobody has seen.
    #[error("{0}")]
    Format(&'static str),
    /// A page does not hold what it should.
    #[error("page {page}: {reason}")]
    Page {
        /// Its number, as the format counts.
        page: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// A header does not hold what it should.
    #[error("a header with {0}")]
    Header(&'static str),
}

/// The standard library speaks of its buffer instead of the file.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    }
}

/// Why reading a database ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing more can be found in it.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// The session ended the run.
    #[error(transparent)]
    Stop(#[from] Stop),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Damage(error.into())
    }
}

/// Takes the blob of each header, to be read from its beginning and as far as one likes, and what is damaged.
pub type Visit<'a> = dyn FnMut(Result<&mut dyn io::Read, Damage>) -> Result<(), Stop> + 'a;
