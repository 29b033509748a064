//! How a run ends, for scripts.

use std::process::ExitCode;

/// What the exit code of `mig` says. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: done, and the answer is no: nothing found (only with `--exit-found`), a bad signature, access denied, no match.
    No,
    /// 2: a wrong command line, or anything that kept `mig` from doing what was asked.
    Error,
    /// 3: some agents or modules failed, or did not answer.
    Incomplete,
    /// 4: no agent was targeted.
    NothingTargeted,
    /// 5: cancelled, or expired before anybody was asked.
    Interrupted,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Error => 2,
            Self::Incomplete => 3,
            Self::NothingTargeted => 4,
            Self::Interrupted => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
