//! Against real sockets of this machine.

use super::*;
use crate::ping::PingModule;
use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json::{self, Value},
    module::{Machine, Module},
    testing::TestSession,
};
use std::net::{TcpListener, UdpSocket};

fn ping(parameters: &str) -> ModuleResult {
    let parameters: Value = json::from_str(parameters).unwrap();
    worker::run_module(&PingModule, &parameters, Budget::default())
}

fn ask(protocol: &str, address: SocketAddr, more: &str) -> ModuleResult {
    let (ip, port) = (address.ip(), address.port());
    ping(&format!(r#"{{"destination":"{ip}","destinationport":{port},"protocol":"{protocol}"{more}}}"#))
}

fn latencies(result: &ModuleResult) -> Vec<f64> {
    json::from_value(result.elements.get("latencies").unwrap()).unwrap()
}

fn host(result: &ModuleResult) -> &str {
    result.elements.get("resolvedhost").and_then(Value::as_str).unwrap()
}

/// Both loopback addresses, or the one that the machine has.
fn loopbacks() -> Vec<&'static str> {
    let mut addresses = vec!["127.0.0.1:0"];
    addresses.extend(UdpSocket::bind("[::1]:0").is_ok().then_some("[::1]:0"));
    addresses
}

#[test]
fn an_open_tcp_port_is_reachable() {
    for loopback in loopbacks() {
        let listener = TcpListener::bind(loopback).unwrap();
        let address = listener.local_addr().unwrap();
        let result = ask("tcp", address, r#","count":2"#);
        assert!(result.success && result.found_anything, "{result:?}");
        assert!(latencies(&result).iter().all(|time| (0.0..1000.0).contains(time) && *time > 0.0));
        assert_eq!(latencies(&result).len(), 2);
        assert_eq!(host(&result), format!("{}:{} ({})", address.ip(), address.port(), address.ip()));
    }
}

#[test]
fn a_closed_port_is_unreachable_and_no_failure() {
    // Not every Windows tells that nobody listens for datagrams: then the host is silent.
    let protocols: &[&str] = if cfg!(windows) { &["tcp"] } else { &["tcp", "udp"] };
    for protocol in protocols {
        for loopback in loopbacks() {
            let address = {
                let free = UdpSocket::bind(loopback).unwrap();
                free.local_addr().unwrap()
            };
            let result = ask(protocol, address, r#","count":1,"timeout":1"#);
            assert!(result.success && !result.found_anything, "{protocol} {loopback}: {result:?}");
            assert_eq!(latencies(&result), [-1.0], "{protocol} {loopback}");
            let reasons = result.statistics.get("unreachable").and_then(Value::as_list).unwrap();
            assert!(reasons[0].as_str().unwrap().contains("refused"), "{reasons:?}");
        }
    }
}

#[test]
fn a_udp_service_that_answers_is_reachable_and_a_silent_one_may_be() {
    for loopback in loopbacks() {
        let service = UdpSocket::bind(loopback).unwrap();
        let address = service.local_addr().unwrap();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 64];
            let (length, from) = service.recv_from(&mut buffer).unwrap();
            service.send_to(&buffer[..length], from).unwrap();
            service
        });
        let result = ask("udp", address, r#","count":1"#);
        assert!(result.found_anything && latencies(&result)[0] < 5000.0, "{result:?}");
        let _silent = answering.join().unwrap();
        let result = ask("udp", address, r#","count":1,"timeout":1"#);
        assert!(result.found_anything);
        assert_eq!(latencies(&result), [9_999_999.0]);
    }
}

#[test]
fn echo_requests_are_answered_by_this_machine_where_they_are_allowed() {
    for loopback in loopbacks() {
        let address: SocketAddr = loopback.parse().unwrap();
        let result = ask("icmp", address, r#","count":2,"timeout":2"#);
        let failures = json::to_string(&result.elements.get("failures")).unwrap();
        if failures.contains("icmp needs ") || failures.contains("icmp is not supported here") {
            assert_eq!(latencies(&result), [0.0, 0.0]);
            eprintln!("skipped: {failures}");
            continue;
        }
        assert!(result.success && result.found_anything, "{result:?}");
        assert!(latencies(&result).iter().all(|time| *time > 0.0 && *time < 2000.0), "{result:?}");
        assert_eq!(host(&result), format!("{0} ({0})", address.ip()));
    }
}

/// Runs a test of this program without any rights, in a network of its own that was set up so; false, with the reason, where
/// the system does not let us. The variable tells the test what is expected.
#[cfg(target_os = "linux")]
fn in_own_network(setup: &str, test: &str, expected: &str) -> bool {
    let own_network = |command: &str| {
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--net", "sh", "-ec", command]);
        unshare.env("MIG_TEST_ICMP", expected).output()
    };
    let setup = format!("ip link set lo up\n{setup}\n");
    let possible = own_network(&format!("{setup} setpriv --bounding-set=-all --inh-caps=-all true"));
    if !possible.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no network of one's own: {possible:?}");
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let command = format!(
        "{setup} exec setpriv --bounding-set=-all --inh-caps=-all '{program}' --exact ping::run::tests::{test} --nocapture"
    );
    let output = own_network(&command).unwrap();
    let text = json::lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
    true
}

#[cfg(target_os = "linux")]
#[test]
fn echo_requests_need_no_rights_where_the_system_says_so() {
    let everybody = "echo 0 0 > /proc/sys/net/ipv4/ping_group_range";
    in_own_network(everybody, "echo_requests_are_what_the_network_lets_them_be", "answered");
}

#[cfg(target_os = "linux")]
#[test]
fn who_has_no_rights_to_send_echo_requests_is_told_which_ones_are_missing() {
    // A new network begins like that.
    in_own_network("", "echo_requests_are_what_the_network_lets_them_be", "denied");
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_without_a_route_is_unreachable() {
    let route = "echo 0 0 > /proc/sys/net/ipv4/ping_group_range; ip route add unreachable 192.0.2.0/24";
    in_own_network(route, "echo_requests_are_what_the_network_lets_them_be", "unreachable");
}

/// Puts a router between this network and all others, in a network of its own that ends with the process that sets it up.
#[cfg(target_os = "linux")]
const ROUTER: &str = "
echo 0 0 > /proc/sys/net/ipv4/ping_group_range
unshare --net tail --pid=$$ -f /dev/null >/dev/null 2>&1 &
router=$!
until [ \"$(readlink /proc/$router/ns/net)\" != \"$(readlink /proc/$$/ns/net)\" ]; do sleep 0.02; done
ip link add here type veth peer name there netns $router
ip addr add 10.9.0.1/24 dev here
ip link set here up
nsenter --target $router --net sh -ec '
    ip addr add 10.9.0.2/24 dev there
    ip link set there up
    echo 1 > /proc/sys/net/ipv4/ip_forward
    echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
    ip route add unreachable 192.0.2.0/24
    ip route add prohibit 198.51.100.0/24
'
ip route add default via 10.9.0.2
if ip -6 addr add fd00:9::1/64 dev here nodad; then
    nsenter --target $router --net sh -ec '
        ip -6 addr add fd00:9::2/64 dev there nodad
        echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
        ip -6 route add prohibit 2001:db8::/32
    '
    ip -6 route add default via fd00:9::2
fi";

#[cfg(target_os = "linux")]
#[test]
fn what_a_router_says_of_requests_that_do_not_arrive_is_told() {
    in_own_network(ROUTER, "requests_do_not_get_past_the_router", "router");
}

/// Started by the test above; alone it has nothing to expect.
#[test]
fn requests_do_not_get_past_the_router() {
    if std::env::var("MIG_TEST_ICMP").as_deref() != Ok("router") {
        return;
    }
    let mut targets = vec![("192.0.2.1:9", "host unreachable"), ("198.51.100.1:9", "prohibited by a filter")];
    targets.extend(
        UdpSocket::bind("[fd00:9::1]:0").is_ok().then_some(("[2001:db8::1]:9", "prohibited by a filter")),
    );
    for (target, reason) in targets {
        for protocol in ["icmp", "udp"] {
            let result = ask(protocol, target.parse().unwrap(), r#","count":1,"timeout":30"#);
            assert!(result.success && !result.found_anything, "{protocol} {target}: {result:?}");
            assert_eq!(latencies(&result), [-1.0], "{protocol} {target}: {result:?}");
            let reasons = result.statistics.get("unreachable").unwrap();
            assert_eq!(reasons, &Value::List(vec![reason.into()]), "{protocol} {target}");
        }
    }
    // The packets behind those that were refused find their way.
    let result = ask("icmp", "10.9.0.2:0".parse().unwrap(), r#","count":2"#);
    assert!(result.found_anything && latencies(&result).iter().all(|time| *time > 0.0), "{result:?}");
}

/// Started by the tests above; alone it has nothing to expect.
#[test]
fn echo_requests_are_what_the_network_lets_them_be() {
    let expected = std::env::var("MIG_TEST_ICMP").unwrap_or_default();
    let target = if expected == "unreachable" { "192.0.2.1:0" } else { "127.0.0.1:0" };
    if expected.is_empty() {
        return;
    }
    let result = ask("icmp", target.parse().unwrap(), r#","count":1,"timeout":2"#);
    let failures = json::to_string(&result.elements.get("failures")).unwrap();
    match expected.as_str() {
        "answered" => assert!(result.found_anything, "{result:?}"),
        "denied" => {
            assert!(latencies(&result) == [0.0] && failures.contains("icmp needs root"), "{result:?}")
        }
        _ => assert_eq!(latencies(&result), [-1.0], "{result:?}"),
    }
}

#[test]
fn a_name_is_shown_with_the_address_that_was_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let result = ping(&format!(
        r#"{{"destination":"localhost","destinationport":{port},"protocol":"tcp","count":1}}"#
    ));
    let first = result.statistics.get("addresses").and_then(Value::as_list).unwrap()[0].as_str().unwrap();
    assert_eq!(host(&result), format!("localhost:{port} ({first})"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_without_a_way_is_passed_over() {
    in_own_network("", "addresses_are_passed_over_in_a_network_of_the_local_host_alone", "passed over");
}

/// Started by the test above; alone it has nothing to expect.
#[test]
fn addresses_are_passed_over_in_a_network_of_the_local_host_alone() {
    if std::env::var("MIG_TEST_ICMP").as_deref() != Ok("passed over") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    let nowhere: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let mut attempts = Attempts { addresses: vec![nowhere, here], place: 0, answers: Vec::new() };
    let params = r#"{"destination":"x","destinationport":9,"protocol":"tcp","count":2}"#;
    let params = Params::parse(&json::from_str(params).unwrap()).unwrap();
    attempts.make(&params, &TestSession::new()).unwrap();
    assert!(
        matches!(attempts.answers[..], [Answer::Replied(_), Answer::Replied(_)]),
        "{:?}",
        attempts.answers
    );
    assert_eq!(attempts.address(), Some(here));

    let mut attempts = Attempts { addresses: vec![nowhere], place: 0, answers: Vec::new() };
    attempts.make(&params, &TestSession::new()).unwrap();
    assert!(matches!(attempts.answers[..], [Answer::NoWay(_), Answer::NoWay(_)]), "{:?}", attempts.answers);
}

#[test]
fn a_name_without_address_is_an_error_in_the_words_of_the_original() {
    let result = ping(r#"{"destination":"no-such-host.invalid","protocol":"icmp"}"#);
    assert!(!result.success && !result.found_anything && result.elements == Value::Null);
    let errors = result.errors.clone().unwrap();
    assert!(
        errors[0].starts_with("destination IP is invalid: no-such-host.invalid -> cannot look up"),
        "{errors:?}"
    );
    assert!(PingModule.print(&result, false).contains(&errors[0]));
}

#[test]
fn a_stop_ends_waiting_at_once_and_keeps_the_answers() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let params = format!(
        r#"{{"destination":"127.0.0.1","destinationport":{},"protocol":"udp","timeout":60}}"#,
        address.port()
    );
    let run = PingModule.prepare(&json::from_str(&params).unwrap()).unwrap();
    let session = RunSession::new(Budget { time: Duration::from_millis(200), ..Budget::default() });
    let begin = Instant::now();
    let outcome = run.run(&session).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(30), "nobody waited for an answer");
    assert_eq!(outcome.stopped, Some(Stop::Deadline));
    assert_eq!(outcome.statistics.get("sent"), Some(&Value::from(0.0)));
}

#[test]
fn an_image_is_not_asked() {
    let root = tempfile::tempdir().unwrap();
    let session = RunSession::new(Budget::default()).on(Machine::image(root.path()).unwrap());
    let params = json::from_str(r#"{"destination":"127.0.0.1","protocol":"icmp"}"#).unwrap();
    let (result, _) = worker::run_in_session(&PingModule, &params, session);
    assert!(!result.success);
    assert_eq!(result.errors.unwrap(), ["ping needs a running machine, not an image"]);
}
