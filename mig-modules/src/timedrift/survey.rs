//! Several servers, asked at the same time.

use super::{
    agreement::{Agreement, agree},
    exchange::{ExchangeError, Measurement, ask},
    sources::Server,
};
use mig_core::module::{Session, Stop};
use std::thread;

/// What servers said.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) reports: Vec<Report>,
}

/// What one server said.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) host: String,
    /// Or why it did not answer.
    pub(super) answer: Result<Measurement, String>,
}

impl Survey {
    /// Asks groups of servers, one group after the other, until somebody answers.
    ///
    /// # Errors
    /// [`Stop`] only.
    pub(super) fn of(groups: &[Vec<Server>], session: &dyn Session) -> Result<Self, Stop> {
        let mut survey = Self::default();
        for group in groups {
            survey.reports.extend(ask_all(group, session)?);
            if survey.answers().next().is_some() {
                break;
            }
        }
        Ok(survey)
    }

    /// The hosts that answered.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&str, &Measurement)> {
        self.reports.iter().filter_map(|report| Some((report.host.as_str(), report.answer.as_ref().ok()?)))
    }

    /// What most of them say.
    pub(super) fn agreement(&self) -> Option<Agreement> {
        let measurements: Vec<Measurement> = self.answers().map(|(_, measurement)| *measurement).collect();
        agree(&measurements)
    }

    /// Why nobody answered, or nobody can be believed.
    pub(super) fn failures(&self) -> Vec<String> {
        let failure = |report: &Report| Some(format!("{}: {}", report.host, report.answer.as_ref().err()?));
        self.reports.iter().filter_map(failure).collect()
    }
}

/// Each server by a thread that does nothing but wait.
fn ask_all(servers: &[Server], session: &dyn Session) -> Result<Vec<Report>, Stop> {
    thread::scope(|scope| {
        let threads: Vec<_> = servers
            .iter()
            .map(|server| {
                let ask = move || ask(server, &|| session.checkpoint());
                (server, thread::Builder::new().spawn_scoped(scope, ask))
            })
            .collect();
        let reports = threads.into_iter().map(|(server, thread)| {
            let answer = match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(Err(error))) => Err(stop_or_reason(&error)?),
                Ok(Ok(Ok(measurement))) => Ok(measurement),
                Ok(Err(_)) => Err("the thread that asked it panicked".to_owned()),
                Err(error) => Err(format!("no thread to ask it: {error}")),
            };
            Ok(Report { host: server.host.clone(), answer })
        });
        reports.collect()
    })
}

fn stop_or_reason(error: &ExchangeError) -> Result<String, Stop> {
    error.stop().map_or_else(|| Ok(error.to_string()), Err)
}
