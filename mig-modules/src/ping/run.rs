//! A prepared run: looks the name up, then asks as often as wanted.

use super::{
    params::{DestinationError, Params},
    probe::{Answer, Probe},
    result::{self, Elements},
};
use crate::{net::TICK, sys::SystemError};
use mig_core::module::{Outcome, Run, Session, Stop};
use std::{
    error::Error as _,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

/// From the end of one attempt to the beginning of the next.
const PAUSE: Duration = Duration::from_millis(100);

/// A question that is ready to be asked.
#[derive(Debug)]
pub(super) struct PingRun {
    pub(super) params: Params,
}

impl Run for PingRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        if !session.machine().is_running() {
            session.soft_error(SystemError::NotRunning { what: "ping" }.to_string());
            return Ok(Outcome::default());
        }
        let addresses = match self.params.resolve(&|| session.checkpoint()) {
            Ok(addresses) => addresses,
            Err(DestinationError::Stopped(stop)) => return Err(stop),
            Err(error) => {
                let cause = error.source().map(|cause| format!(" -> {cause}")).unwrap_or_default();
                session.soft_error(format!("{error}{cause}"));
                return Ok(Outcome::default());
            }
        };
        let mut attempts = Attempts { addresses, place: 0, answers: Vec::new() };
        let stopped = attempts.make(&self.params, session).err();
        let statistics = result::statistics(&attempts.answers, &attempts.addresses);
        let elements = Elements::new(&self.params, attempts.address(), &attempts.answers);
        Ok(Outcome {
            found: elements.is_reachable(),
            elements: mig_core::json::to_value(&elements).unwrap_or_default(),
            statistics: mig_core::json::to_value(&statistics).unwrap_or_default(),
            stopped,
        })
    }
}

/// What was tried so far.
struct Attempts {
    addresses: Vec<SocketAddr>,
    /// Of the address that is asked.
    place: usize,
    answers: Vec<Answer>,
}

impl Attempts {
    fn address(&self) -> Option<SocketAddr> {
        self.addresses.get(self.place).copied()
    }

    fn make(&mut self, params: &Params, session: &dyn Session) -> Result<(), Stop> {
        for attempt in 0..params.count {
            if attempt > 0 {
                pause(session)?;
            }
            let answer = self.attempt(params, attempt, session)?;
            self.answers.push(answer);
            session.count(1)?;
        }
        Ok(())
    }

    /// Asks the first address that this machine has a way to, and stays with it.
    fn attempt(&mut self, params: &Params, attempt: u64, session: &dyn Session) -> Result<Answer, Stop> {
        let mut answer = Answer::Failed("no address".to_owned());
        while let Some(address) = self.address() {
            #[expect(clippy::cast_possible_truncation, reason = "the numbers begin anew, after hours")]
            let sequence = attempt as u16;
            let probe = Probe { protocol: params.protocol, address, sequence, timeout: params.timeout };
            answer = probe.ask(&|| session.checkpoint())?;
            let is_last = self.place + 1 == self.addresses.len();
            if is_last || !matches!(answer, Answer::NoWay(_)) {
                break;
            }
            self.place += 1;
        }
        Ok(answer)
    }
}

fn pause(session: &dyn Session) -> Result<(), Stop> {
    let begin = Instant::now();
    while begin.elapsed() < PAUSE {
        session.checkpoint()?;
        thread::sleep(TICK.min(PAUSE.saturating_sub(begin.elapsed())));
    }
    session.checkpoint()
}

#[cfg(test)]
mod tests;
