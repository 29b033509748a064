//! What a MIG agent can investigate. Modules are synchronous and know neither transports nor stores.

pub mod dialect;
#[cfg(feature = "file")]
pub mod file;

use mig_core::module::Module;

/// The modules of this build, one cargo feature each.
pub static BUILTIN: &[&dyn Module] = &[];
