//! How many agents there are, in which state: out of the rows of the store, one pass.

use crate::{
    agent_info::AgentInfo,
    statistics::{AgentsStatistics, VersionCount},
    time::Time,
};
use std::{collections::BTreeMap, time::Duration};

const DAY: Duration = Duration::from_secs(24 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is known of every address, while the rows are counted.
#[derive(Clone, Debug)]
pub struct Census {
    now: Time,
    /// What had a heartbeat since then is there.
    present_since: Time,
    endpoints: BTreeMap<String, Endpoint>,
    versions: BTreeMap<String, u32>,
}

/// An address: one machine, whatever the number of its rows.
#[derive(Clone, Debug, Default)]
struct Endpoint {
    online: u32,
    /// Idle rows, by version.
    idle: BTreeMap<String, u32>,
    /// Rows of daemons with a recent heartbeat.
    present: u32,
    last_heartbeat: Time,
    started_today: bool,
    seen_before_today: bool,
}

impl Census {
    /// A count at this time. Daemons of one address with a heartbeat within `heartbeat_interval` are there together.
    #[must_use]
    pub fn at(now: Time, heartbeat_interval: Duration) -> Self {
        let present_since = now.minus(heartbeat_interval);
        Self { now, present_since, endpoints: BTreeMap::new(), versions: BTreeMap::new() }
    }

    /// Counts one row.
    pub fn add(&mut self, agent: &AgentInfo) {
        let (day, week) = (self.now.minus(DAY), self.now.minus(WEEK));
        let endpoint = self.endpoints.entry(agent.queue_location.clone()).or_default();
        match agent.status.as_str() {
            "online" => {
                endpoint.online += 1;
                *self.versions.entry(agent.version.clone()).or_default() += 1;
                let is_present = agent.heartbeat_time >= self.present_since && agent.mode != "checkin";
                endpoint.present += u32::from(is_present);
            }
            "idle" => *endpoint.idle.entry(agent.version.clone()).or_default() += 1,
            _ => {}
        }
        endpoint.last_heartbeat = endpoint.last_heartbeat.max(agent.heartbeat_time);
        endpoint.started_today |= agent.start_time >= day;
        endpoint.seen_before_today |= agent.heartbeat_time >= week && agent.heartbeat_time < day;
    }

    /// The numbers, as the original defines them.
    #[must_use]
    pub fn statistics(&self) -> AgentsStatistics {
        let count = |holds: fn(&Endpoint) -> bool| {
            let holding = self.endpoints.values().filter(|endpoint| holds(endpoint)).count();
            number(holding)
        };
        let week = self.now.minus(WEEK);
        let gone = |endpoint: &&Endpoint| endpoint.is_offline() && endpoint.last_heartbeat >= week;
        let mut idle = BTreeMap::new();
        for endpoint in self.endpoints.values().filter(|endpoint| endpoint.online == 0) {
            for (version, rows) in &endpoint.idle {
                *idle.entry(version.clone()).or_default() += rows;
            }
        }
        AgentsStatistics {
            timestamp: self.now,
            online_agents: sum(&self.versions),
            online_agents_by_version: Some(listed(&self.versions)),
            online_endpoints: count(|endpoint| endpoint.online > 0),
            idle_agents: sum(&idle),
            idle_agents_by_version: Some(listed(&idle)),
            idle_endpoints: count(|endpoint| endpoint.online == 0 && !endpoint.idle.is_empty()),
            new_endpoints: count(|endpoint| endpoint.started_today && !endpoint.seen_before_today),
            multi_agents_endpoints: count(|endpoint| endpoint.online > 1),
            disappeared_endpoints: number(self.endpoints.values().filter(gone).count()),
            flapping_endpoints: count(|endpoint| endpoint.reachable() > 1),
        }
    }

    /// All addresses, sorted.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.endpoints.keys().map(String::as_str)
    }

    /// Addresses that several agents answer at the same time, sorted.
    pub fn duplicates(&self) -> impl Iterator<Item = &str> {
        let several = self.endpoints.iter().filter(|(_, endpoint)| endpoint.present > 1);
        several.map(|(location, _)| location.as_str())
    }

    /// Addresses without an agent whose last heartbeat was after `since`, sorted.
    pub fn abandoned(&self, since: Time) -> impl Iterator<Item = &str> {
        let gone = move |endpoint: &Endpoint| endpoint.is_offline() && endpoint.last_heartbeat >= since;
        self.endpoints
            .iter()
            .filter(move |(_, endpoint)| gone(endpoint))
            .map(|(location, _)| location.as_str())
    }
}

impl Endpoint {
    fn reachable(&self) -> u32 {
        self.online + self.idle.values().sum::<u32>()
    }

    fn is_offline(&self) -> bool {
        self.reachable() == 0
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

fn sum(versions: &BTreeMap<String, u32>) -> f64 {
    versions.values().sum::<u32>().into()
}

fn listed(versions: &BTreeMap<String, u32>) -> Vec<VersionCount> {
    let entry =
        |(version, count): (&String, &u32)| VersionCount { version: version.clone(), count: (*count).into() };
    versions.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn now() -> Time {
        Time::from_unix(1_800_000_000)
    }

    fn row(location: &str, status: &str, silence: Duration, age: Duration) -> AgentInfo {
        AgentInfo {
            queue_location: location.to_owned(),
            status: status.to_owned(),
            mode: "daemon".to_owned(),
            version: "1".to_owned(),
            heartbeat_time: now().minus(silence),
            start_time: now().minus(age),
            ..AgentInfo::default()
        }
    }

    fn census(rows: &[AgentInfo]) -> Census {
        let mut census = Census::at(now(), Duration::from_secs(300));
        rows.iter().for_each(|row| census.add(row));
        census
    }

    #[test]
    fn each_number_counts_what_the_original_counts() {
        let numbers = census(&[
            // Restarted just now: its former process is still online.
            row("a", "online", Duration::ZERO, Duration::ZERO),
            row("a", "online", Duration::from_secs(60), 9 * DAY),
            // Idle for a while, and a new process.
            row("b", "idle", HOUR, 9 * DAY),
            row("b", "online", Duration::ZERO, Duration::ZERO),
            row("c", "idle", HOUR, 9 * DAY),
            row("d", "offline", 2 * DAY, 9 * DAY),
            row("e", "offline", 8 * DAY, 9 * DAY),
        ])
        .statistics();
        assert_eq!((numbers.online_agents, numbers.online_endpoints), (3.0, 2.0));
        assert_eq!((numbers.idle_agents, numbers.idle_endpoints), (1.0, 1.0));
        assert_eq!((numbers.new_endpoints, numbers.disappeared_endpoints), (2.0, 1.0));
        assert_eq!((numbers.multi_agents_endpoints, numbers.flapping_endpoints), (1.0, 2.0));
        assert_eq!(numbers.online_agents_by_version.unwrap()[0].count, 3.0);
    }

    #[test]
    fn daemons_of_one_address_that_are_there_at_once_are_duplicates() {
        let here = |location| row(location, "online", Duration::from_secs(10), HOUR);
        let checkin = AgentInfo { mode: "checkin".to_owned(), ..here("c") };
        let silent = row("b", "online", HOUR, HOUR);
        let census = census(&[here("a"), here("a"), here("b"), silent, here("c"), checkin]);
        assert_eq!(census.duplicates().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn an_address_is_abandoned_when_none_of_its_rows_can_be_asked() {
        let census = census(&[
            row("a", "offline", HOUR, DAY),
            row("a", "online", Duration::ZERO, Duration::ZERO),
            row("b", "offline", HOUR, DAY),
            row("c", "offline", 3 * DAY, 4 * DAY),
        ]);
        assert_eq!(census.abandoned(now().minus(DAY)).collect::<Vec<_>>(), ["b"]);
        assert_eq!(census.abandoned(Time::default()).collect::<Vec<_>>(), ["b", "c"]);
    }
}
