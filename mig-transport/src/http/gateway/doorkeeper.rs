//! Which requests are an agent's own, and new.

use super::{Shared, refusal::Refusal};
use crate::http::proof::{BodyDigest, Nonce, Proof};
use axum::http::{Method, Uri, header::AUTHORIZATION, request::Parts};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

/// How far the clock of an agent may be from ours, in seconds.
const TOLERANCE: i64 = 300;
/// Most requests of one agent in the time that their proofs are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// A proven agent.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) queue_location: String,
    /// What the body of the request must be.
    pub(super) body: BodyDigest,
}

/// The proofs that were seen, for as long as they could be used again.
#[derive(Debug, Default)]
pub(super) struct Doorkeeper {
    seen: Mutex<HashMap<String, HashSet<(i64, Nonce)>>>,
}

impl Shared {
    /// The agent whose request this is.
    pub(super) async fn recognise(&self, request: &Parts) -> Result<Agent, Refusal> {
        let header = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let proof = header.and_then(Proof::parse).ok_or(Refusal::NoProof)?;
        let claim = &proof.claim;
        let key = self.agents.enrolled_key(&claim.queue_location).await?.ok_or(Refusal::Unknown)?;
        let is_own = proof.is_by(&key, method(&request.method), &path(&request.uri));
        if !is_own {
            return Err(Refusal::WrongProof);
        }
        self.doorkeeper.admit(&claim.queue_location, (claim.time, claim.nonce), self.clock.now())?;
        Ok(Agent { queue_location: proof.claim.queue_location, body: proof.claim.body })
    }
}

impl Doorkeeper {
    fn admit(&self, agent: &str, proof: (i64, Nonce), now: SystemTime) -> Result<(), Refusal> {
        if !is_current(proof.0, now) {
            return Err(Refusal::Clock);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(agent.to_owned()).or_default();
        if seen.len() >= MAX_REMEMBERED {
            seen.retain(|(time, _)| is_current(*time, now));
        }
        if seen.len() >= MAX_REMEMBERED {
            return Err(Refusal::TooMany);
        }
        if seen.insert(proof) { Ok(()) } else { Err(Refusal::Replayed) }
    }

    /// Forgets the proofs that are good for nothing any more.
    pub(super) fn forget(&self, now: SystemTime) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, proofs| {
            proofs.retain(|(time, _)| is_current(*time, now));
            !proofs.is_empty()
        });
    }
}

fn is_current(time: i64, now: SystemTime) -> bool {
    let now = mig_core::time::Time::from(now).unix_seconds();
    time.abs_diff(now) <= TOLERANCE.unsigned_abs()
}

fn method(method: &Method) -> &str {
    method.as_str()
}

/// The path that was signed begins with `agent/`: a server may be reached below a path of its own.
fn path(uri: &Uri) -> String {
    let whole = uri.path_and_query().map_or("", |path| path.as_str());
    whole.find("/agent/v1/").and_then(|place| whole.get(place + 1..)).unwrap_or(whole).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_proof_is_admitted_once() {
        let doorkeeper = Doorkeeper::default();
        assert!(doorkeeper.admit("linux.one", (1000, [1; 16]), at(1000)).is_ok());
        assert!(matches!(doorkeeper.admit("linux.one", (1000, [1; 16]), at(1001)), Err(Refusal::Replayed)));
        assert!(doorkeeper.admit("linux.one", (1000, [2; 16]), at(1001)).is_ok());
        assert!(doorkeeper.admit("linux.two", (1000, [1; 16]), at(1001)).is_ok());
    }

    #[test]
    fn what_is_forgotten_is_too_old_to_be_used_again() {
        let doorkeeper = Doorkeeper::default();
        doorkeeper.admit("linux.one", (1000, [1; 16]), at(1000)).unwrap();
        doorkeeper.forget(at(1300));
        assert!(doorkeeper.admit("linux.one", (1000, [1; 16]), at(1300)).is_err());
        doorkeeper.forget(at(1301));
        assert!(doorkeeper.seen.lock().unwrap().is_empty());
        let error = doorkeeper.admit("linux.one", (1000, [1; 16]), at(1301)).unwrap_err();
        assert!(matches!(error, Refusal::Clock));
        assert!(matches!(doorkeeper.admit("linux.one", (i64::MIN, [1; 16]), at(0)), Err(Refusal::Clock)));
    }

    #[test]
    fn an_agent_that_asks_without_end_is_told_to_wait() {
        let doorkeeper = Doorkeeper::default();
        for number in 0..MAX_REMEMBERED as u128 {
            doorkeeper.admit("linux.one", (1000, number.to_be_bytes()), at(1000)).unwrap();
        }
        let error = doorkeeper.admit("linux.one", (1000, [255; 16]), at(1000)).unwrap_err();
        assert!(matches!(error, Refusal::TooMany));
        doorkeeper.admit("linux.one", (1400, [255; 16]), at(1400)).unwrap();
    }
}
