//! Replaces the agent of a machine: downloads a program that is named by a signed manifest, installs it beside the running one, starts
//! it, and goes back to the former one if it does not come up.
//!
//! An action says where the program is and which digest it has. What it takes to be believed is said by the [`Settings`] of the
//! machine, never by an action.

#[cfg(unix)]
mod download;
#[cfg(unix)]
mod error;
mod params;
#[cfg(unix)]
mod place;
mod result;
#[cfg(unix)]
mod rollback;
mod run;
#[cfg(unix)]
mod running;
mod settings;
#[cfg(unix)]
mod signatures;
#[cfg(unix)]
mod start;
#[cfg(unix)]
mod steps;
#[cfg(unix)]
mod tls;
#[cfg(unix)]
mod trusted;

pub use self::settings::{Patience, Settings};

use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{Effects, Module, ModuleInfo, ParamsError, Run},
};

/// Replaces the agent.
#[derive(Clone, Debug)]
pub struct UpgradeModule {
    /// `None` for those of an agent that is installed in the usual places.
    settings: Option<Settings>,
}

impl UpgradeModule {
    /// With the [default settings](Settings::default).
    pub const BUILT_IN: Self = Self { settings: None };

    /// With other keys, places and times.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings: Some(settings) }
    }
}

impl Module for UpgradeModule {
    fn name(&self) -> &'static str {
        "upgrade"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "installs and starts another version of the agent, from a signed manifest",
            description: DESCRIPTION,
            flags: &[],
            examples: &[],
            privileges: "those to write the directory of the agent's program and to start the agent: root",
            effects: Effects::Changes,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        let settings = self.settings.clone().unwrap_or_default();
        Ok(Box::new(run::UpgradeRun { instructions: params::parse(params)?, settings }))
    }

    /// Whatever goes wrong keeps the agent from being replaced.
    fn succeeded(&self, result: &ModuleResult) -> bool {
        result.errors.is_none()
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        params::unknown(params)
    }

    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        result::print(result, found_only)
    }

    fn columns(&self) -> &'static [&'static str] {
        &result::COLUMNS
    }

    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        result::rows(result).into_iter().map(Vec::from).collect()
    }
}

const DESCRIPTION: &str = "\
It has no command line. The parameters of an action say for each kind of system, such as linux/amd64, which version there is, where, \
and which SHA-256 it has: {\"linux/amd64\": {\"to_version\": \"2.0.0\", \"location\": \"https://...\", \"checksum\": \"...\", \
\"signatures\": [\"...\"]}}. The signatures are one-line OpenPGP signatures of the manifest whose only entry is mig-agent with that \
SHA-256; scripts/upgrade-action.sh makes such an action with GnuPG.

An agent believes them if enough different keys of /etc/mig/agentkeys have signed, and downloads nothing before. It takes programs by \
HTTPS only, through the proxy that the environment names. A program that has the right SHA-256 and gives the right version with -V \
becomes /sbin/mig-agent-<version>; the link /sbin/mig-agent leads to it from then on, and it is started with -u. If it then does not \
answer -q pid with a number of its own, the link leads back to the former program, which is started with -u. Interrupted at any time, \
either the old or the new program is in place, complete. The former agent stays; the module agentdestroy ends it.";
