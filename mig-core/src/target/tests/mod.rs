//! The language as a whole; each part's own tests stand beside it.

mod limits;
mod meaning;
mod round_trip;
mod syntax;

use super::{StoredAgent, Target, Truth};
use crate::{
    agent_info::{AgentInfo, AwsEnvironment, Environment},
    id::{ActionId, AgentId},
    time::Time,
};

/// 2026-11-24 02:00:00 UTC.
const NOW: Time = Time::from_unix(1_795_485_600);

/// A web server of the platform's view.
fn web_server() -> AgentInfo {
    AgentInfo {
        id: AgentId::new(28_064_280_936_451),
        name: "web1.example".into(),
        queue_location: "linux.web1".into(),
        mode: "daemon".into(),
        version: "20190101-abc".into(),
        pid: 31759,
        start_time: Time::from_unix(NOW.unix_seconds() - 3600),
        heartbeat_time: Time::from_unix(NOW.unix_seconds() - 30),
        status: "online".into(),
        environment: Environment {
            os: "linux".into(),
            ident: "Debian 12 bookworm".into(),
            is_proxied: true,
            addresses: vec!["192.0.2.2/24".into(), "fd00::2/64".into()],
            aws: AwsEnvironment { instance_id: "i-17".into(), ..AwsEnvironment::default() },
            ..Environment::default()
        },
        tags: [("operator", "IT"), ("cpus", "8"), ("empty", "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..AgentInfo::default()
    }
}

/// What the platform says of the web server, which found something in action 7 and nothing in action 8.
#[track_caller]
fn stored(target: &str) -> Truth {
    let found_in = |action, found| action == ActionId::new(if found { 7 } else { 8 });
    Target::parse(target).unwrap().evaluate(&StoredAgent::new(&web_server(), found_in), NOW)
}

/// What the web server says of itself.
#[track_caller]
fn itself(target: &str) -> Truth {
    Target::parse(target).unwrap().evaluate(&web_server(), NOW)
}

/// The column and the text of the error.
#[track_caller]
fn refusal(target: &str) -> (usize, String) {
    let error = Target::parse(target).unwrap_err();
    (error.column, error.problem.to_string())
}
