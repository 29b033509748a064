//! What the module answers, and its lines for people.

use super::{params::Params, probe::Answer};
use mig_core::{command::ModuleResult, json};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

/// In place of the latency of an attempt, in the original's numbers.
const SILENT: f64 = 9_999_999.0;
const REFUSED: f64 = -1.0;
const FAILED: f64 = 0.0;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    /// Milliseconds for each attempt, or one of the numbers above.
    latencies: Option<Vec<f64>>,
    protocol: String,
    /// `<destination>[:<port>] (<address>)`.
    #[serde(rename = "resolvedhost")]
    host: String,
    /// Why attempts could not be made.
    failures: Option<Vec<String>>,
}

impl Elements {
    pub(super) fn new(params: &Params, address: Option<SocketAddr>, answers: &[Answer]) -> Self {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let port = params.protocol.port().map(|port| format!(":{port}")).unwrap_or_default();
        let address = address.map(|address| address.ip().to_string()).unwrap_or_default();
        let failure = |(place, answer): (usize, &Answer)| match answer {
            Answer::Failed(reason) => Some(format!("ping #{} failed with error: {reason}", place + 1)),
            _ => None,
        };
        Self {
            latencies: Some(answers.iter().map(latency).collect()).filter(|list: &Vec<f64>| !list.is_empty()),
            protocol: params.protocol.to_string(),
            host: format!("{}{port} ({address})", params.destination),
            failures: some(answers.iter().enumerate().filter_map(failure).collect()),
        }
    }

    fn of(result: &ModuleResult) -> Self {
        json::from_value(&result.elements).unwrap_or_default()
    }

    /// Whether some attempt was answered. UDP services may be silent by nature.
    pub(super) fn is_reachable(&self) -> bool {
        let is_answer = |latency: f64| {
            (latency > 0.0 && latency != SILENT) || (latency == SILENT && self.protocol == "udp")
        };
        self.latencies.iter().flatten().copied().any(is_answer)
    }

    /// What became of an attempt.
    fn describe(&self, latency: f64) -> String {
        if latency == SILENT && self.protocol == "udp" {
            "may have succeeded (no udp response)".to_owned()
        } else if latency == SILENT {
            "failed, connection timed out".to_owned()
        } else if latency == REFUSED {
            "failed, target was unreachable".to_owned()
        } else if latency == FAILED {
            "failed, reason unknown".to_owned()
        } else {
            format!("succeeded in {latency:.0}ms")
        }
    }
}

fn latency(answer: &Answer) -> f64 {
    match answer {
        // 0 would be a failure.
        Answer::Replied(time) => milliseconds((*time).max(Duration::from_nanos(1))),
        Answer::Refused(_) | Answer::NoWay(_) => REFUSED,
        Answer::Silent => SILENT,
        Answer::Failed(_) => FAILED,
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What was examined. The original has no statistics here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    /// Attempts that were made.
    sent: usize,
    /// Attempts that were answered by the host.
    received: usize,
    /// Attempts without answer, in percent.
    loss: f64,
    /// Latencies of the answers, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Latency>,
    /// The addresses of the destination, in the resolver's order.
    addresses: Vec<String>,
    /// Why it was unreachable, each reason once.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    unreachable: BTreeSet<String>,
}

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Latency {
    minimum: f64,
    mean: f64,
    maximum: f64,
    /// The mean of the differences from one answer to the next.
    jitter: f64,
}

#[expect(clippy::cast_precision_loss, reason = "numbers of the wire are floats")]
pub(super) fn statistics(answers: &[Answer], addresses: &[SocketAddr]) -> Statistics {
    let times: Vec<Duration> = answers
        .iter()
        .filter_map(|answer| if let Answer::Replied(time) = answer { Some(*time) } else { None })
        .collect();
    let reason = |answer: &Answer| match answer {
        Answer::Refused(reason) | Answer::NoWay(reason) => Some(reason.clone()),
        _ => None,
    };
    let lost = answers.len().saturating_sub(times.len());
    Statistics {
        sent: answers.len(),
        received: times.len(),
        loss: if lost == 0 { 0.0 } else { 100.0 * lost as f64 / answers.len() as f64 },
        latency: spread(&times),
        addresses: addresses.iter().map(|address| address.ip().to_string()).collect(),
        unreachable: answers.iter().filter_map(reason).collect(),
    }
}

fn spread(times: &[Duration]) -> Option<Latency> {
    let mean = |times: &mut dyn ExactSizeIterator<Item = Duration>| {
        let count = u32::try_from(times.len()).unwrap_or(u32::MAX).max(1);
        milliseconds(times.sum::<Duration>() / count)
    };
    Some(Latency {
        minimum: milliseconds(*times.iter().min()?),
        mean: mean(&mut times.iter().copied()),
        maximum: milliseconds(*times.iter().max()?),
        jitter: mean(&mut times.windows(2).map(|pair| match *pair {
            [before, after] => before.abs_diff(after),
            _ => Duration::ZERO,
        })),
    })
}

pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let elements = Elements::of(result);
    let Elements { protocol, host, .. } = &elements;
    let mut lines = Vec::new();
    if result.found_anything {
        lines.push(format!("{protocol} ping of {host} succeeded. Target is reachable."));
    } else if !found_only {
        lines.push(format!("{protocol} ping of {host} failed. Target is no reachable."));
    }
    if !found_only {
        for (place, latency) in elements.latencies.iter().flatten().enumerate() {
            lines.push(format!("ping #{} {}", place + 1, elements.describe(*latency)));
        }
        lines.extend(elements.failures.into_iter().flatten());
        lines.extend(result.errors.iter().flatten().cloned());
    }
    lines
}

pub(super) const COLUMNS: [&str; 3] = ["attempt", "answer", "host"];

pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 3]> {
    let elements = Elements::of(result);
    let row = |(place, latency): (usize, &f64)| {
        [(place + 1).to_string(), elements.describe(*latency), elements.host.clone()]
    };
    elements.latencies.iter().flatten().enumerate().map(row).collect()
}

/// Why attempts failed, and why the host was unreachable.
pub(super) fn remarks(result: &ModuleResult) -> Vec<String> {
    let statistics: Statistics = json::from_value(&result.statistics).unwrap_or_default();
    let mut remarks = Elements::of(result).failures.unwrap_or_default();
    remarks.extend(statistics.unreachable.into_iter().map(|reason| format!("unreachable: {reason}")));
    remarks.extend(result.errors.iter().flatten().cloned());
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ping::params::Protocol;

    fn params(protocol: Protocol) -> Params {
        let destination = "host".to_owned();
        Params { destination, protocol, count: 1, timeout: Duration::from_secs(1) }
    }

    fn answers() -> [Answer; 5] {
        [
            Answer::Replied(Duration::from_micros(1_600)),
            Answer::Refused("no".into()),
            Answer::Silent,
            Answer::Failed("broken".into()),
            Answer::Replied(Duration::from_millis(4)),
        ]
    }

    fn result(protocol: Protocol, answers: &[Answer]) -> ModuleResult {
        let elements = Elements::new(&params(protocol), "192.0.2.1:80".parse().ok(), answers);
        ModuleResult {
            found_anything: elements.is_reachable(),
            success: true,
            elements: json::to_value(&elements).unwrap(),
            statistics: json::to_value(&statistics(answers, &[])).unwrap(),
            errors: None,
        }
    }

    #[test]
    fn each_outcome_has_the_number_and_the_line_of_the_original() {
        let result = result(Protocol::Tcp(80), &answers());
        let elements = Elements::of(&result);
        assert_eq!(elements.latencies, Some(vec![1.6, -1.0, 9_999_999.0, 0.0, 4.0]));
        assert_eq!(elements.host, "host:80 (192.0.2.1)");
        assert_eq!(
            print(&result, false),
            [
                "tcp ping of host:80 (192.0.2.1) succeeded. Target is reachable.",
                "ping #1 succeeded in 2ms",
                "ping #2 failed, target was unreachable",
                "ping #3 failed, connection timed out",
                "ping #4 failed, reason unknown",
                "ping #5 succeeded in 4ms",
                "ping #4 failed with error: broken",
            ]
        );
        assert_eq!(print(&result, true).len(), 1);
        assert_eq!(remarks(&result), ["ping #4 failed with error: broken", "unreachable: no"]);
        assert_eq!(rows(&result)[1], ["2", "failed, target was unreachable", "host:80 (192.0.2.1)"]);
    }

    #[test]
    fn silence_may_be_an_answer_of_udp_only() {
        let udp = result(Protocol::Udp(53), &[Answer::Silent]);
        assert!(udp.found_anything);
        assert_eq!(print(&udp, false)[1], "ping #1 may have succeeded (no udp response)");
        let icmp = result(Protocol::Icmp, &[Answer::Silent, Answer::Refused(String::new())]);
        assert!(!icmp.found_anything && print(&icmp, true).is_empty());
        assert_eq!(print(&icmp, false)[0], "icmp ping of host (192.0.2.1) failed. Target is no reachable.");
    }

    #[test]
    fn losses_and_latencies_are_counted() {
        let statistics = statistics(&answers(), &[]);
        assert_eq!((statistics.sent, statistics.received, statistics.loss), (5, 2, 60.0));
        let latency = Latency { minimum: 1.6, mean: 2.8, maximum: 4.0, jitter: 2.4 };
        assert_eq!(statistics.latency, Some(latency));
        assert_eq!(super::statistics(&[], &[]), Statistics::default());
    }

    #[test]
    fn an_answer_in_no_time_is_no_failure() {
        assert!(latency(&Answer::Replied(Duration::ZERO)) > 0.0);
    }
}
