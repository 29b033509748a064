//! Against real servers on the loopback.

use super::*;
use crate::timedrift::{
    TimeDriftModule,
    packet::{PACKET_BYTES, tests::answer as good_answer},
    result::Elements,
};
use mig_core::{
    agent::{Budget, RunSession, worker},
    json::Value,
    module::{Machine, Module},
    testing::TestSession,
};
use std::{
    net::UdpSocket,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

type Packet = [u8; PACKET_BYTES];

/// A server that gives these answers to each question, until the test ends.
fn server(answers: impl Fn(&[u8]) -> Vec<Packet> + Send + 'static) -> Server {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut buffer = [0; 256];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            for answer in answers(&buffer[..length]) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    });
    Server { host: "127.0.0.1".to_owned(), port }
}

/// The time of NTP, so many seconds from now.
fn stamp(shift: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seconds = now.as_secs().checked_add_signed(shift + 2_208_988_800).unwrap();
    (seconds << 32) + ((u64::from(now.subsec_nanos()) << 32) / 1_000_000_000)
}

/// A server whose clock is so many seconds ahead.
fn ahead(seconds: i64) -> Server {
    server(move |question| vec![good_answer(question, stamp(seconds))])
}

/// A server that spoils its good answers.
fn spoilt(spoil: impl Fn(&mut Packet) + Send + 'static) -> Server {
    server(move |question| {
        let mut answer = good_answer(question, stamp(0));
        spoil(&mut answer);
        vec![answer]
    })
}

struct Answer {
    elements: Elements,
    statistics: Value,
    found: bool,
    errors: Vec<String>,
}

fn ask(groups: &[Vec<Server>]) -> Answer {
    let session = TestSession::new();
    let outcome = answer(Some(Duration::from_secs(5)), groups, &session);
    assert_eq!(outcome.stopped, None);
    let elements = json::from_value(&outcome.elements).unwrap();
    Answer { elements, statistics: outcome.statistics, found: outcome.found, errors: session.soft_errors() }
}

fn statistic(answer: &Answer, server: usize, field: &str) -> Option<Value> {
    let servers = answer.statistics.get("ntpstats").and_then(Value::as_list).unwrap();
    servers[server].get(field).cloned()
}

#[test]
fn a_clock_that_is_right_is_within_the_limit() {
    let answer = ask(&[vec![ahead(0)]]);
    assert!(answer.elements.is_checked && answer.elements.is_within && !answer.found);
    assert_eq!((answer.errors.len(), answer.elements.drifts.len()), (0, 0));
    assert_eq!(statistic(&answer, 0, "reachable"), Some(Value::Bool(true)));
    assert_eq!(statistic(&answer, 0, "stratum"), Some(Value::from(2.0)));
}

#[test]
fn a_clock_that_is_wrong_is_found_with_direction_and_distance() {
    for (shift, text) in
        [(100, "Local time is behind ntp host 127.0.0.1 by 1m"), (-100, "Local time is ahead of ntp host")]
    {
        let answer = ask(&[vec![ahead(shift)]]);
        assert!(answer.found && answer.elements.is_checked && !answer.elements.is_within);
        assert!(answer.elements.drifts[0].starts_with(text), "{:?}", answer.elements);
        let drift = statistic(&answer, 0, "drift").unwrap();
        let drift = mig_core::duration::parse(drift.as_str().unwrap()).unwrap();
        assert!((drift + shift * 1_000_000_000).abs() < 1_000_000_000, "{drift}");
    }
}

#[test]
fn one_wrong_server_among_several_is_told_and_not_believed() {
    let answer = ask(&[vec![ahead(0), ahead(3600), ahead(0)]]);
    assert!(!answer.found && answer.elements.is_within && answer.errors.is_empty());
    assert_eq!(statistic(&answer, 1, "agrees"), None);
    assert_eq!(statistic(&answer, 2, "agrees"), Some(Value::Bool(true)));
    let result = mig_core::command::ModuleResult { statistics: answer.statistics, ..Default::default() };
    let remarks = TimeDriftModule.remarks(&Value::Null, &result);
    assert!(remarks[0].starts_with("127.0.0.1 does not agree with the others: drift -"), "{remarks:?}");
}

#[test]
fn servers_without_a_majority_are_an_error() {
    let answer = ask(&[vec![ahead(0), ahead(3600)]]);
    assert_eq!(answer.errors, ["the 2 NTP servers that answered do not agree"]);
    assert_eq!(answer.elements.drifts.len(), 1);
    assert_eq!(answer.statistics.get("agreeddrift"), None);
}

#[test]
fn the_next_servers_are_asked_only_if_none_answers() {
    let dead = Server { port: closed_port(), ..ahead(0) };
    let answer = ask(&[vec![dead.clone()], vec![ahead(0)], vec![ahead(3600)]]);
    assert!(answer.elements.is_within && answer.errors.is_empty());
    assert_eq!(statistic(&answer, 0, "reachable"), Some(Value::Bool(false)));
    assert_eq!(statistic(&answer, 0, "time").unwrap().as_str(), Some("0001-01-01T00:00:00Z"));
    assert_eq!(answer.statistics.get("ntpstats").and_then(Value::as_list).unwrap().len(), 2);
}

fn closed_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn bad_answers_are_refused_with_the_reason_and_never_become_a_time() {
    let kiss = |answer: &mut Packet| {
        answer[1] = 0;
        answer[12..16].copy_from_slice(b"DENY");
    };
    for (bad, reason) in [
        (spoilt(kiss), "the server refuses with code 'DENY'"),
        (spoilt(|answer| answer[0] |= 0xc0), "the server is not synchronised"),
        (spoilt(|answer| answer[1] = 16), "the server is not synchronised"),
        (spoilt(|answer| answer[0] = 0x23), "the answer has mode 3, not that of a server"),
        (spoilt(|answer| answer[40..].fill(0)), "null response received from NTP host"),
        // Not every Windows tells that nobody listens for datagrams.
        (Server { port: closed_port(), ..ahead(0) }, if cfg!(windows) { "" } else { "Connection refused" }),
    ] {
        let answer = ask(&[vec![bad]]);
        assert!(!answer.found && !answer.elements.is_checked && !answer.elements.is_within, "{reason}");
        assert_eq!(answer.errors.len(), 1);
        assert!(answer.errors[0].starts_with("no NTP server answered: 127.0.0.1: "), "{:?}", answer.errors);
        assert!(answer.errors[0].contains(reason), "{:?}", answer.errors);
    }
}

#[test]
fn forged_answers_do_not_keep_the_true_one_out() {
    let honest = server(|question| {
        let mut forged = good_answer(question, stamp(3600));
        forged[24..32].fill(7);
        vec![forged, forged, good_answer(question, stamp(0))]
    });
    let answer = ask(&[vec![honest]]);
    assert!(answer.elements.is_within, "{:?}", answer.elements);
}

#[test]
fn a_stop_ends_waiting_at_once_and_keeps_the_time() {
    let silent = server(|_| Vec::new());
    let session = RunSession::new(Budget { time: Duration::from_millis(100), ..Budget::default() });
    let begin = Instant::now();
    let outcome = answer(Some(Duration::ZERO), &[vec![silent]], &session);
    assert!(begin.elapsed() < Duration::from_secs(4), "the server was waited for to the end");
    assert_eq!(outcome.stopped, Some(Stop::Deadline));
    assert!(!outcome.found && outcome.elements.get("localtime").is_some());
}

#[test]
fn without_a_limit_the_time_is_told_and_nobody_is_asked() {
    let result = worker::run_module(&TimeDriftModule, &Value::Null, Budget::default());
    assert!(result.success && result.found_anything);
    let time = result.elements.get("localtime").unwrap().as_str().unwrap();
    let time: Timestamp = time.parse().unwrap();
    assert!(time.duration_until(Timestamp::now()).as_secs().abs() < 5);
    assert_eq!(result.statistics.get("ntpstats"), None);
}

#[test]
fn an_image_has_no_clock() {
    let root = tempfile::tempdir().unwrap();
    let session = RunSession::new(Budget::default()).on(Machine::image(root.path()).unwrap());
    let (result, _) = worker::run_in_session(&TimeDriftModule, &Value::Null, session);
    assert!(!result.success);
    assert_eq!(result.errors.unwrap(), ["timedrift needs a running machine, not an image"]);
}

/// The server of Debian's package `chrony`, if it is installed.
#[cfg(target_os = "linux")]
#[test]
fn a_server_of_chrony_is_understood() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = directory.path().join("chrony.conf");
    let port = closed_port();
    let pid_file = directory.path().join("pid");
    let text = format!(
        "local stratum 3\nport {port}\nbindaddress 127.0.0.1\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile {}\n",
        pid_file.display()
    );
    std::fs::write(&configuration, text).unwrap();
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let chrony = std::process::Command::new("chronyd")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(["-d", "-x", "-U", "-u", &user, "-f"])
        .arg(&configuration)
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn();
    let mut chrony = match chrony {
        Ok(chrony) => chrony,
        Err(error) => return eprintln!("skipped: chronyd: {error}"),
    };
    let server = Server { host: "127.0.0.1".to_owned(), port };
    let answer = (0..50).map(|_| {
        thread::sleep(Duration::from_millis(100));
        ask(&[vec![server.clone()]])
    });
    let answer = answer.into_iter().find(|answer| answer.elements.is_checked);
    let exit = chrony.try_wait().unwrap();
    chrony.kill().unwrap();
    chrony.wait().unwrap();
    match (answer, exit) {
        (Some(answer), _) => {
            assert!(answer.elements.is_within, "{:?}", answer.elements);
            assert_eq!(statistic(&answer, 0, "stratum"), Some(Value::from(3.0)));
        }
        (None, Some(exit)) => eprintln!("skipped: chronyd does not run here: {exit}"),
        (None, None) => panic!("chronyd runs and does not answer"),
    }
}
