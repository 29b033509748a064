//! A prepared run.

use super::{
    params::Instructions,
    result::{Elements, Statistics},
    settings::Settings,
};
use mig_core::{
    agent, json,
    module::{Machine, Outcome, ParamsError, Run, Session, Stop},
};

/// An upgrade that is ready to be done.
#[derive(Debug)]
pub(super) struct UpgradeRun {
    pub(super) instructions: Instructions,
    pub(super) settings: Settings,
}

impl Run for UpgradeRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let mut statistics = Statistics::default();
        let elements = match self.upgrade(session, &mut statistics) {
            Ok(elements) => Some(elements),
            Err(Failure::Stopped(stop)) => return Err(stop),
            Err(Failure::Failed(reason)) => {
                session.soft_error(reason);
                None
            }
        };
        let statistics = (statistics != Statistics::default()).then_some(statistics);
        Ok(Outcome {
            found: elements.is_some(),
            elements: json::to_value(&elements).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped: None,
        })
    }

    fn check_here(&self, _machine: &Machine) -> Result<(), ParamsError> {
        let platform = agent::platform();
        if self.instructions.contains_key(&platform) {
            return Ok(());
        }
        let reason = format!("no upgrade instruction found for {platform}");
        Err(ParamsError { reason, place: Some(platform) })
    }
}

/// Why there is no new agent.
enum Failure {
    Stopped(Stop),
    Failed(String),
}

impl UpgradeRun {
    #[cfg(unix)]
    fn upgrade(&self, session: &dyn Session, statistics: &mut Statistics) -> Result<Elements, Failure> {
        use super::{error::UpgradeError, steps};
        steps::upgrade(&self.instructions, &self.settings, session, statistics).map_err(|error| match error {
            UpgradeError::Stopped(stop) => Failure::Stopped(stop),
            error => Failure::Failed(error.to_string()),
        })
    }

    #[cfg(not(unix))]
    fn upgrade(&self, session: &dyn Session, statistics: &mut Statistics) -> Result<Elements, Failure> {
        _ = (session, statistics);
        Err(Failure::Failed(crate::sys::SystemError::unsupported("upgrading the agent").to_string()))
    }
}
