//! What the module answers, and its lines for people.

use super::{exchange::Measurement, survey::Survey};
use mig_core::{command::ModuleResult, duration, json, module::Session, time::Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The time, and how far it is off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    /// Whether the time was compared.
    #[serde(rename = "hascheckeddrift")]
    pub(super) is_checked: bool,
    /// Left out when false.
    #[serde(rename = "iswithindrift", skip_serializing_if = "is_false")]
    pub(super) is_within: bool,
    /// For each server that is believed and too far from our time, what that means.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) drifts: Vec<String>,
    /// RFC 3339.
    #[serde(rename = "localtime")]
    pub(super) local_time: String,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Elements {
    /// Compares what servers say with the limit. Who is outvoted says nothing of our clock; if nobody has a majority, everybody is
    /// heard, and the result is no success.
    pub(super) fn judge(&mut self, survey: &Survey, limit: Duration, session: &dyn Session) {
        let answers: Vec<(&str, &Measurement)> = survey.answers().collect();
        if answers.is_empty() {
            let reasons = survey.failures().join("; ");
            session.soft_error(format!("no NTP server answered: {reasons}"));
            return;
        }
        let agreement = survey.agreement();
        if agreement.is_none() {
            session.soft_error(format!("the {} NTP servers that answered do not agree", answers.len()));
        }
        let is_too_far = |offset: i64| Duration::from_nanos(offset.unsigned_abs()) > limit;
        let is_believed = |place: usize| match &agreement {
            Some(agreement) => {
                is_too_far(agreement.offset) && agreement.members.get(place).is_some_and(|member| *member)
            }
            None => true,
        };
        let believed = answers.iter().enumerate().filter(|(place, _)| is_believed(*place));
        let wrong = believed.filter(|(_, (_, measurement))| is_too_far(measurement.offset));
        self.drifts = wrong.map(|(_, (host, measurement))| drift(host, measurement.offset)).collect();
        self.is_checked = true;
        self.is_within = self.drifts.is_empty();
    }
}

/// How far our time is off.
fn drift(host: &str, offset: i64) -> String {
    let word = if offset > 0 { "behind" } else { "ahead of" };
    let distance = duration::format(Duration::from_nanos(offset.unsigned_abs()));
    format!("Local time is {word} ntp host {host} by {distance}")
}

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    #[serde(rename = "exectime")]
    pub(super) duration: String,
    #[serde(rename = "ntpstats", skip_serializing_if = "Vec::is_empty")]
    pub(super) servers: Vec<ServerStatistics>,
    /// What most servers say: our time minus theirs, the median; left out if they do not agree.
    #[serde(rename = "agreeddrift", skip_serializing_if = "String::is_empty")]
    pub(super) agreed_drift: String,
}

/// What one server said. The last four fields are not in the original.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ServerStatistics {
    host: String,
    /// The time of the server, RFC 3339.
    time: String,
    /// From the question to the answer.
    latency: String,
    /// Our time minus that of the server, without the way there and back.
    drift: String,
    #[serde(rename = "reachable")]
    is_reachable: bool,
    /// The way there and back.
    #[serde(skip_serializing_if = "String::is_empty")]
    delay: String,
    /// Servers between it and a clock.
    #[serde(skip_serializing_if = "is_zero")]
    stratum: u8,
    /// Whether it is one of a majority that can all be right.
    #[serde(rename = "agrees", skip_serializing_if = "is_false")]
    is_member: bool,
    /// Why it did not answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

impl Statistics {
    pub(super) fn of(survey: &Survey) -> Self {
        let agreement = survey.agreement();
        let mut members = agreement.iter().flat_map(|agreement| agreement.members.iter().copied());
        let mut servers = Vec::new();
        for report in &survey.reports {
            let host = report.host.clone();
            servers.push(match &report.answer {
                Ok(measurement) => {
                    ServerStatistics::answered(host, measurement, members.next().unwrap_or_default())
                }
                Err(error) => ServerStatistics {
                    host,
                    time: Time::ZERO.to_string(),
                    error: error.clone(),
                    ..ServerStatistics::default()
                },
            });
        }
        let agreed_drift = agreement.map(|agreement| minus(agreement.offset)).unwrap_or_default();
        Self { servers, agreed_drift, ..Self::default() }
    }
}

impl ServerStatistics {
    fn answered(host: String, measurement: &Measurement, is_member: bool) -> Self {
        let (seconds, nanoseconds) =
            (measurement.server_time.div_euclid(SECOND), measurement.server_time.rem_euclid(SECOND));
        let nanoseconds = u32::try_from(nanoseconds).unwrap_or_default();
        Self {
            host,
            time: Time::from_unix_nanoseconds(seconds, nanoseconds).to_string(),
            latency: duration::format(measurement.elapsed),
            drift: minus(measurement.offset),
            is_reachable: true,
            delay: duration::format(measurement.delay),
            stratum: measurement.stratum,
            is_member,
            error: String::new(),
        }
    }

    fn describe(&self) -> String {
        let Self { host, latency, time, drift, .. } = self;
        if !self.is_reachable {
            return format!("stat: {host} was unreachable");
        }
        let time = time.parse().map_or_else(|_| time.clone(), |time: Time| time.to_go_string());
        format!("stat: {host} responded in {latency} with time {time}. local time drifts by {drift}")
    }
}

/// A server's clock minus ours, as our time minus theirs.
fn minus(offset: i64) -> String {
    duration::format_nanoseconds(offset.saturating_neg())
}

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;

pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let elements: Elements = json::from_value(&result.elements).unwrap_or_default();
    let statistics: Statistics = json::from_value(&result.statistics).unwrap_or_default();
    let mut lines = vec![format!("local time is {}", elements.local_time)];
    if elements.is_checked && elements.is_within {
        lines.push("local time is within acceptable drift from NTP servers".to_owned());
    } else if elements.is_checked {
        lines.push("local time is out of sync from NTP servers".to_owned());
        lines.extend(elements.drifts);
    }
    if !found_only {
        let errors = result.errors.iter().flatten();
        lines.extend(errors.flat_map(|error| ["error:".to_owned(), error.clone()]));
        lines.push(format!("stat: execution time was {}", statistics.duration));
        lines.extend(statistics.servers.iter().map(ServerStatistics::describe));
        let outcome = if result.success { "succeeded" } else { "failed" };
        lines.push(format!("timedrift module has {outcome}"));
    }
    lines
}

/// Errors, who did not answer, and who was outvoted.
pub(super) fn remarks(result: &ModuleResult) -> Vec<String> {
    let statistics: Statistics = json::from_value(&result.statistics).unwrap_or_default();
    let is_agreed = !statistics.agreed_drift.is_empty();
    let mut remarks: Vec<String> = result.errors.iter().flatten().cloned().collect();
    // Otherwise the error says it.
    let answered = statistics.servers.iter().any(|server| server.is_reachable);
    for server in statistics.servers.iter().filter(|_| answered) {
        if !server.is_reachable {
            remarks.push(format!("{} did not answer: {}", server.host, server.error));
        } else if is_agreed && !server.is_member {
            remarks.push(format!("{} does not agree with the others: drift {}", server.host, server.drift));
        }
    }
    remarks
}

pub(super) const COLUMNS: [&str; 6] = ["localtime", "drift", "delay", "stratum", "agrees", "server"];

/// One row for each server; if none was asked, the time alone.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 6]> {
    let Elements { local_time, .. } = json::from_value(&result.elements).unwrap_or_default();
    let statistics: Statistics = json::from_value(&result.statistics).unwrap_or_default();
    if statistics.servers.is_empty() && !local_time.is_empty() {
        return vec![[local_time, String::new(), String::new(), String::new(), String::new(), String::new()]];
    }
    let row = |server: ServerStatistics| {
        let agrees = if server.is_member { "yes" } else { "no" };
        let stratum = server.stratum.to_string();
        [local_time.clone(), server.drift, server.delay, stratum, agrees.to_owned(), server.host]
    };
    statistics.servers.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from the original.
    const RESULT: &str = r#"{"foundanything":true,"success":true,"elements":{"hascheckeddrift":true,"drifts":["Local time is behind ntp host 127.0.0.1 by 1m39.99570809s"],"localtime":"2026-11-24T02:07:52.685864953Z"},"statistics":{"exectime":"4.719338ms","ntpstats":[{"host":"127.0.0.1","time":"2026-11-24T02:09:32.68629837Z","latency":"4.578198ms","drift":"-1m39.99570809s","reachable":true},{"host":"x","time":"0001-01-01T00:00:00Z","latency":"","drift":"","reachable":false}]},"errors":["e"]}"#;

    #[test]
    fn results_are_printed_as_the_original_does() {
        let result: ModuleResult = json::from_str(RESULT).unwrap();
        let found = [
            "local time is 2026-11-24T02:07:52.685864953Z",
            "local time is out of sync from NTP servers",
            "Local time is behind ntp host 127.0.0.1 by 1m39.99570809s",
        ];
        assert_eq!(print(&result, true), found);
        let all = [
            "error:",
            "e",
            "stat: execution time was 4.719338ms",
            "stat: 127.0.0.1 responded in 4.578198ms with time 2026-11-24 02:09:32.68629837 +0000 UTC. local time drifts by -1m39.99570809s",
            "stat: x was unreachable",
            "timedrift module has succeeded",
        ];
        assert_eq!(print(&result, false), [&found[..], &all[..]].concat());
    }

    #[test]
    fn rows_tell_the_time_with_and_without_servers() {
        let result: ModuleResult = json::from_str(RESULT).unwrap();
        let local = "2026-11-24T02:07:52.685864953Z";
        let rows_of_servers = rows(&result);
        assert_eq!(rows_of_servers.len(), 2);
        assert_eq!(rows_of_servers[0], [local, "-1m39.99570809s", "", "0", "no", "127.0.0.1"]);
        let alone = ModuleResult { statistics: json::Value::Null, ..result };
        assert_eq!(rows(&alone), [[local, "", "", "", "", ""]]);
        assert!(rows(&ModuleResult::default()).is_empty());
    }

    #[test]
    fn fields_have_the_names_of_the_original() {
        let result: ModuleResult = json::from_str(RESULT).unwrap();
        let elements: Elements = json::from_value(&result.elements).unwrap();
        assert_eq!(json::to_value(&elements).unwrap(), result.elements);
        let statistics: Statistics = json::from_value(&result.statistics).unwrap();
        assert_eq!(json::to_value(&statistics).unwrap(), result.statistics);
    }

    #[test]
    fn results_of_failed_runs_are_printed_too() {
        assert_eq!(print(&ModuleResult::default(), true), ["local time is "]);
        let within = r#"{"hascheckeddrift":true,"iswithindrift":true,"localtime":"t"}"#;
        let result = ModuleResult { elements: json::from_str(within).unwrap(), ..ModuleResult::default() };
        assert_eq!(print(&result, true)[1], "local time is within acceptable drift from NTP servers");
    }
}
