//! What a MIG agent can investigate. Modules are synchronous and know neither transports nor stores.

pub mod dialect;
pub mod dialogue;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "netstat")]
pub mod netstat;
#[cfg(feature = "scan")]
pub mod scan;
pub mod sys;
pub mod text;

use mig_core::module::Module;

/// All modules of this build, in plain sight: a diff shows everything an agent is able to do.
pub static BUILTIN: &[&dyn Module] = &[
    #[cfg(feature = "file")]
    &file::FileModule,
    #[cfg(feature = "netstat")]
    &netstat::NetstatModule,
];
