//! A prepared run: tells the time, and compares it if that is wanted.

use super::{
    result::{Elements, Statistics},
    sources::{self, Server},
    survey::Survey,
};
use crate::{
    sys::{self, Files, SystemError},
    text,
};
use jiff::{Timestamp, tz::TimeZone};
use mig_core::{
    json,
    module::{Outcome, Run, Session, Stop},
};
use std::time::{Duration, Instant};

/// A question that is ready to be asked.
#[derive(Debug)]
pub(super) struct TimeDriftRun {
    /// How wrong the clock may be, if that is to be checked.
    pub(super) limit: Option<Duration>,
}

impl Run for TimeDriftRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        if !session.machine().is_running() {
            session.soft_error(SystemError::NotRunning { what: "timedrift" }.to_string());
            return Ok(Outcome::default());
        }
        let groups = self.limit.map(|_| servers(session));
        Ok(answer(self.limit, groups.as_ref().map_or(&[], |groups| groups), session))
    }
}

/// The servers that the machine names, in files or elsewhere, then others.
fn servers(session: &dyn Session) -> [Vec<Server>; 2] {
    let elsewhere = sys::of(session.machine()).time_servers().unwrap_or_else(|error| {
        session.soft_error(error.to_string());
        Vec::new()
    });
    sources::servers(Files::of(session.machine()), &elsewhere)
}

/// The time, and what the groups of servers say of it.
pub(super) fn answer(limit: Option<Duration>, groups: &[Vec<Server>], session: &dyn Session) -> Outcome {
    let begin = Instant::now();
    let mut elements = Elements { local_time: local_time(), ..Elements::default() };
    let mut statistics = Statistics::default();
    let mut stopped = None;
    if let Some(limit) = limit {
        match Survey::of(groups, session) {
            Ok(survey) => {
                statistics = Statistics::of(&survey);
                elements.judge(&survey, limit, session);
            }
            Err(stop) => stopped = Some(stop),
        }
    }
    statistics.duration = text::duration(begin.elapsed());
    Outcome {
        // Found is a clock that is wrong.
        found: limit.is_none() || !elements.drifts.is_empty(),
        elements: json::to_value(&elements).unwrap_or_default(),
        statistics: json::to_value(&statistics).unwrap_or_default(),
        stopped,
    }
}

/// Now, with the offset of the machine's time zone.
fn local_time() -> String {
    let now = Timestamp::now();
    let offset = TimeZone::system().to_offset(now);
    if offset.is_zero() { now.to_string() } else { now.display_with_offset(offset).to_string() }
}

#[cfg(test)]
mod tests;
