//! What a MIG agent can investigate. Modules are synchronous and know neither transports nor stores.
#![deny(unsafe_code)]

use mig_core::module::Module;

/// The modules of this build, one cargo feature each.
pub static BUILTIN: &[&dyn Module] = &[];
