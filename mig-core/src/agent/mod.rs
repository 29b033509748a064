//! What an agent decides and does. It assumes that everything it is sent is hostile.
//!
//! * [`Policy`] turns an action into a [`VerifiedAction`], the only thing that an engine runs.
//! * [`worker`] is a module's process from the inside; [`run_locally`] runs an action without a platform.
//! * [`Owners`] says which processes on this machine live; [`AgentName`] and `AgentInfo::of_this_machine` who this one is.
//! * With feature `engine`: [`Agent`] receives commands and answers them, with a [`ModuleRunner`] ([`ChildRunner`],
//!   [`InProcessRunner`]) and a [`Journal`] ([`FileJournal`]).

#[cfg(feature = "engine")]
mod child;
#[cfg(feature = "engine")]
mod command;
#[cfg(feature = "engine")]
mod engine;
mod environment;
pub(crate) mod files;
#[cfg(feature = "engine")]
mod heartbeat;
mod identity;
#[cfg(feature = "engine")]
mod in_process;
#[cfg(feature = "engine")]
mod journal;
mod local;
#[cfg(feature = "engine")]
mod masking;
mod owner;
#[cfg(feature = "engine")]
mod runner;
mod session;
mod verify;
#[cfg(feature = "engine")]
mod watch;
pub mod worker;

#[cfg(feature = "engine")]
pub use {
    child::ChildRunner,
    engine::{Agent, AgentError, AgentOptions, AgentParts, Stopper},
    in_process::InProcessRunner,
    journal::{Claim, Decision, FileJournal, Journal, JournalError, StoredAnswer},
    masking::MaskingRunner,
    runner::{ModuleRunner, RunAnswer, RunLimits},
    watch::Watcher,
};
pub use {
    environment::{host_name, platform},
    identity::{AgentName, IdentityError},
    local::{run_locally, run_locally_unverified},
    owner::{Owner, Owners},
    session::{Budget, CancelHandle, RunSession},
    verify::{ActionDigest, Policy, Refusal, VerifiedAction, VerifiedOperation},
};
