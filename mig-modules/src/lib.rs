//! What a MIG agent can investigate. Modules are synchronous and know neither transports nor stores.
//!
//! Any program can ask them, without an agent, a platform or an asynchronous runtime:
//!
//! ```
//! use mig_core::{agent::{Budget, RunSession, worker}, json, module::Registry};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let modules = Registry::from_modules(mig_modules::BUILTIN)?;
//! // A module is there if its feature is.
//! if let Some(module) = modules.module("pkg") {
//!     let question = json::from_str(r#"{"pkgmatch": {"matches": ["^openssl$"]}, "vercmp": "<3.0.14"}"#)?;
//!     let session = RunSession::new(Budget::default());
//!     let (result, stopped) = worker::run_in_session(module, &question, session);
//!     assert!(result.success && stopped.is_none());
//!     for row in module.rows(&result) {
//!         println!("{}", row.join(" "));
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(any(feature = "agentdestroy", feature = "upgrade"))]
mod agent_program;
#[cfg(feature = "agentdestroy")]
pub mod agentdestroy;
#[cfg(any(feature = "memory", feature = "scan"))]
mod automaton;
pub mod dialect;
pub mod dialogue;
#[cfg(feature = "example")]
pub mod example;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "netstat")]
pub mod netstat;
pub mod parameters;
#[cfg(feature = "ping")]
pub mod ping;
#[cfg(feature = "pkg")]
pub mod pkg;
pub mod results;
#[cfg(feature = "scan")]
pub mod scan;
#[cfg(feature = "scribe")]
pub mod scribe;
#[cfg(feature = "sshkey")]
pub mod sshkey;
pub mod sys;
pub mod text;
#[cfg(feature = "timedrift")]
pub mod timedrift;
#[cfg(feature = "upgrade")]
pub mod upgrade;
#[cfg(feature = "version")]
pub mod version;
#[cfg(feature = "yara")]
pub mod yara;

use mig_core::module::Module;

/// All modules of this build, in plain sight: a diff shows everything an agent is able to do.
pub static BUILTIN: &[&dyn Module] = &[
    #[cfg(feature = "agentdestroy")]
    &agentdestroy::AgentDestroyModule,
    #[cfg(feature = "example")]
    &example::ExampleModule,
    #[cfg(feature = "file")]
    &file::FileModule,
    #[cfg(feature = "memory")]
    &memory::MemoryModule,
    #[cfg(feature = "netstat")]
    &netstat::NetstatModule,
    #[cfg(feature = "ping")]
    &ping::PingModule,
    #[cfg(feature = "pkg")]
    &pkg::PkgModule,
    #[cfg(feature = "scribe")]
    &scribe::ScribeModule,
    #[cfg(feature = "sshkey")]
    &sshkey::SshKeyModule,
    #[cfg(feature = "timedrift")]
    &timedrift::TimeDriftModule,
    #[cfg(feature = "upgrade")]
    &upgrade::UpgradeModule::BUILT_IN,
    #[cfg(feature = "yara")]
    &yara::YaraModule,
];
