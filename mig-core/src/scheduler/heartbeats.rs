//! Heartbeats: who is there.

use super::{Options, Scheduler, SchedulerError, batch, events};
use crate::{
    agent_info::AgentInfo,
    json,
    limits::{MAX_AGENT_NAME_BYTES, MAX_AGENT_VERSION_BYTES, MAX_HEARTBEAT_BYTES},
    time::Time,
    transport::{Delivery, Subscription},
};
use std::time::SystemTime;

/// Why a heartbeat was ignored.
#[derive(Debug, thiserror::Error)]
pub enum HeartbeatError {
    /// Above [`MAX_HEARTBEAT_BYTES`].
    #[error("heartbeat has {0} bytes, allowed are {MAX_HEARTBEAT_BYTES}")]
    TooLarge(usize),
    /// Not the JSON of an agent.
    #[error("heartbeat is not the JSON of an agent")]
    Unreadable(#[source] json::Error),
    /// It waited too long on its way.
    #[error("heartbeat of '{agent}' expired")]
    Expired {
        /// Queue location.
        agent: String,
    },
    /// A field that is needed is empty.
    #[error("heartbeat has no {0}")]
    Missing(&'static str),
    /// A time that can be written with its offset only, which is not kept.
    #[error("the {field} of agent '{agent}' is outside of the years 0 to 9999 in UTC")]
    Time {
        /// Queue location.
        agent: String,
        /// Which field.
        field: &'static str,
    },
    /// Neither `daemon` nor `checkin` nor empty.
    #[error("agent '{agent}' reported an invalid mode")]
    Mode {
        /// Queue location.
        agent: String,
    },
    /// It is not on the allow-list.
    #[error("agent '{agent}' is not on the allow-list: to let it take part, add this name as a line")]
    NotAllowed {
        /// Queue location.
        agent: String,
    },
    /// A field is too long.
    #[error("the {field} of agent '{agent}' has more than {limit} bytes")]
    TooLong {
        /// Queue location.
        agent: String,
        /// Which field.
        field: &'static str,
        /// Most bytes.
        limit: usize,
    },
}

/// Reads a heartbeat as agents send it over a relay, and checks it.
///
/// # Errors
/// [`HeartbeatError`]: the first rule that it breaks.
pub fn check_heartbeat(body: &[u8], now: SystemTime, options: &Options) -> Result<AgentInfo, HeartbeatError> {
    if body.len() > MAX_HEARTBEAT_BYTES {
        return Err(HeartbeatError::TooLarge(body.len()));
    }
    let info: AgentInfo = json::from_slice(body).map_err(HeartbeatError::Unreadable)?;
    if info.queue_location.is_empty() {
        return Err(HeartbeatError::Missing("queue location"));
    }
    let agent = || info.queue_location.chars().take(120).collect();
    if info.heartbeat_time < Time::from(now - options.offline_after) {
        return Err(HeartbeatError::Expired { agent: agent() });
    }
    for (field, time) in [
        ("start time", info.start_time),
        ("destruction time", info.destruction_time),
        ("heartbeat time", info.heartbeat_time),
        ("refresh time", info.refresh_time),
    ] {
        if !time.is_writable_in_utc() {
            return Err(HeartbeatError::Time { agent: agent(), field });
        }
    }
    if !matches!(info.mode.as_str(), "" | "daemon" | "checkin") {
        return Err(HeartbeatError::Mode { agent: agent() });
    }
    for (field, value, limit) in [
        ("name", &info.name, MAX_AGENT_NAME_BYTES),
        ("queue location", &info.queue_location, MAX_AGENT_NAME_BYTES),
        ("version", &info.version, MAX_AGENT_VERSION_BYTES),
    ] {
        if value.len() > limit {
            return Err(HeartbeatError::TooLong { agent: agent(), field, limit });
        }
    }
    Ok(info)
}

impl Scheduler {
    /// Passes on who is on the allow-list, if there is one.
    fn allowed(&self, info: AgentInfo, body: &[u8]) -> Result<AgentInfo, HeartbeatError> {
        match &self.allow_list {
            Some(list) if !list.allows(&info.queue_location) => {
                self.announce(events::AGENT_REFUSED, body);
                Err(HeartbeatError::NotAllowed { agent: info.queue_location })
            }
            _ => Ok(info),
        }
    }

    /// Records the good heartbeats of each batch in one transaction; a bad one is reported and dropped.
    pub(super) async fn take_heartbeats(
        &self,
        mut subscription: Box<dyn Subscription>,
    ) -> Result<(), SchedulerError> {
        loop {
            let batch = batch::gather(&mut *subscription).await?;
            let now = self.clock.now();
            let check = |delivery: &Delivery| {
                let checked = check_heartbeat(&delivery.body, now, &self.options);
                kept(checked.and_then(|info| self.allowed(info, &delivery.body)))
            };
            let (agents, bodies): (Vec<_>, Vec<_>) =
                batch.iter().filter_map(|delivery| Some((check(delivery)?, &delivery.body))).unzip();
            if !agents.is_empty() {
                counted(agents.len(), "recorded");
                if self.options.logs_heartbeats {
                    agents.iter().for_each(log);
                }
                self.patiently(|| self.store.record_heartbeats(&agents, now)).await?;
                let new = agents.iter().zip(bodies).filter(|(agent, _)| self.is_new(&agent.queue_location));
                new.for_each(|(_, body)| self.announce(events::AGENT_NEW, body));
            }
            batch::acknowledge(batch).await;
        }
    }
}

fn kept<T>(result: Result<T, HeartbeatError>) -> Option<T> {
    let ignored = |error: &HeartbeatError| {
        counted(1, if matches!(error, HeartbeatError::NotAllowed { .. }) { "not_allowed" } else { "bad" });
        tracing::warn!(%error, "heartbeat ignored");
    };
    result.inspect_err(ignored).ok()
}

fn log(agent: &AgentInfo) {
    let AgentInfo { name, queue_location, pid, version, .. } = agent;
    tracing::info!(agent = name, location = queue_location, pid, version, "heartbeat");
}

fn counted(heartbeats: usize, outcome: &'static str) {
    metrics::counter!("mig_heartbeats_total", "outcome" => outcome).increment(heartbeats as u64);
}

#[cfg(test)]
mod tests {
    use super::{HeartbeatError, check_heartbeat};
    use crate::{agent_info::AgentInfo, json, scheduler::Options, time::Time};
    use std::time::{Duration, SystemTime};

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn check(change: impl FnOnce(&mut AgentInfo)) -> Result<AgentInfo, HeartbeatError> {
        let mut info = AgentInfo {
            name: "one".to_owned(),
            queue_location: "linux.one".to_owned(),
            heartbeat_time: Time::from(now()),
            ..AgentInfo::default()
        };
        change(&mut info);
        check_heartbeat(json::to_string(&info).unwrap().as_bytes(), now(), &Options::default())
    }

    #[test]
    fn a_good_heartbeat_is_read() {
        for mode in ["", "daemon", "checkin"] {
            assert_eq!(check(|info| info.mode = mode.to_owned()).unwrap().mode, mode);
        }
    }

    #[test]
    fn an_old_heartbeat_is_ignored_one_from_the_future_is_not() {
        let old = check(|info| info.heartbeat_time = Time::from(now() - Duration::from_secs(3600)));
        assert!(matches!(old, Err(HeartbeatError::Expired { .. })));
        assert!(check(|info| info.heartbeat_time = Time::from(now() + Duration::from_secs(3600))).is_ok());
    }

    #[test]
    fn a_time_that_can_not_be_written_without_its_offset_is_refused() {
        let late: Time = "9999-12-31T23:59:59-23:00".parse().unwrap();
        for change in [
            |info: &mut AgentInfo, time| info.start_time = time,
            |info: &mut AgentInfo, time| info.destruction_time = time,
            |info: &mut AgentInfo, time| info.heartbeat_time = time,
            |info: &mut AgentInfo, time| info.refresh_time = time,
        ] {
            assert!(matches!(check(|info| change(info, late)), Err(HeartbeatError::Time { .. })));
        }
    }

    #[test]
    fn an_unknown_mode_is_refused() {
        assert!(matches!(check(|info| info.mode = "Daemon".to_owned()), Err(HeartbeatError::Mode { .. })));
    }

    #[test]
    fn a_heartbeat_without_an_address_is_refused() {
        assert!(matches!(check(|info| info.queue_location.clear()), Err(HeartbeatError::Missing(_))));
    }

    #[test]
    fn names_and_versions_have_limits() {
        assert!(check(|info| info.name = "n".repeat(1024)).is_ok());
        assert!(check(|info| info.version = "v".repeat(128)).is_ok());
        let long = check(|info| info.name = "n".repeat(1025)).unwrap_err();
        assert_eq!(long.to_string(), "the name of agent 'linux.one' has more than 1024 bytes");
        assert!(matches!(check(|info| info.version = "v".repeat(129)), Err(HeartbeatError::TooLong { .. })));
    }

    #[test]
    fn what_is_too_large_is_not_even_read() {
        let body = vec![b' '; 102_401];
        let error = check_heartbeat(&body, now(), &Options::default()).unwrap_err();
        assert!(matches!(error, HeartbeatError::TooLarge(102_401)));
    }

    #[test]
    fn what_is_no_agent_is_refused() {
        let error = check_heartbeat(b"[]", now(), &Options::default()).unwrap_err();
        assert!(matches!(error, HeartbeatError::Unreadable(_)));
    }
}
