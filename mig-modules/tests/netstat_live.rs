//! The netstat module on this machine: against `ss`, with sockets that the test holds, and in network namespaces of its own.
#![cfg(target_os = "linux")]

use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json::{self, Value},
    module::{Machine, Module, Stop},
    testing::TestSession,
};
use mig_modules::netstat::NetstatModule;
use std::{
    collections::BTreeSet,
    env, fs,
    io::{BufRead, BufReader},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::{fs::MetadataExt, net::UnixListener, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio, id},
};

fn ask_on(machine: Machine, parameters: &str) -> ModuleResult {
    let parameters: Value = json::from_str(parameters).expect("JSON");
    let session = RunSession::new(Budget::default()).on(machine);
    worker::run_in_session(&NetstatModule, &parameters, session).0
}

fn ask(parameters: &str) -> ModuleResult {
    ask_on(Machine::Running, parameters)
}

/// The entries of a check, whatever the value.
fn entries(result: &ModuleResult, check: &str) -> Vec<Value> {
    let values = result.elements.get(check).and_then(Value::as_map).cloned().unwrap_or_default();
    values.into_values().filter_map(|entries| entries.as_list().map(<[Value]>::to_vec)).flatten().collect()
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn number(entry: &Value, field: &str) -> u32 {
    entry.get(field).and_then(|number| json::from_value(number).ok()).unwrap_or_default()
}

/// Sockets of all kinds; on loopback, so that nothing leaves the machine.
struct Sockets {
    listeners: Vec<TcpListener>,
    _streams: Vec<TcpStream>,
    datagrams: Vec<UdpSocket>,
}

impl Sockets {
    fn open() -> Self {
        let mut sockets = Self { listeners: Vec::new(), _streams: Vec::new(), datagrams: Vec::new() };
        for address in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let port = listener.local_addr().expect("a socket, address or port").port();
            // The last is reached by IPv4, and so has an IPv4 peer on an IPv6 socket.
            let ip = if address.starts_with("[::1]") { "::1" } else { "127.0.0.1" };
            let stream = TcpStream::connect((ip, port)).expect("a socket, address or port");
            sockets._streams.extend([stream, listener.accept().expect("a socket, address or port").0]);
            sockets.listeners.push(listener);
        }
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(first) = UdpSocket::bind(address) else { continue };
            let second = UdpSocket::bind(address).expect("an address of loopback");
            second
                .connect(first.local_addr().expect("a socket, address or port"))
                .expect("a socket, address or port");
            sockets.datagrams.extend([first, second]);
        }
        sockets
    }

    /// Ports that something listens on.
    fn ports(&self) -> BTreeSet<u16> {
        let tcp = self
            .listeners
            .iter()
            .map(|listener| listener.local_addr().expect("a socket, address or port").port());
        tcp.chain(
            self.datagrams
                .iter()
                .map(|socket| socket.local_addr().expect("a socket, address or port").port()),
        )
        .collect()
    }
}

/// Protocol, state, both ends and pid.
type Row = (String, String, SocketAddr, SocketAddr, u32);

/// What `ss` lists of sockets with one of these ports at an end; `None` if there is no `ss`.
fn ss(ports: &BTreeSet<u16>) -> Option<BTreeSet<Row>> {
    let output = Command::new("ss").args(["-H", "-O", "-n", "-a", "-p", "-t", "-u"]).output().ok()?;
    assert!(output.status.success());
    let listing = String::from_utf8(output.stdout).expect("text");
    let rows = listing.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let pid = words.get(6).and_then(|users| users.split("pid=").nth(1)?.split(',').next()?.parse().ok());
        let state = match words[1] {
            "LISTEN" => "listening",
            "ESTAB" => "established",
            "UNCONN" => "unconnected",
            other => other,
        };
        let (local, remote) = (end(words[4], words[4]), end(words[5], words[4]));
        (words[0].to_owned(), state.to_owned(), local, remote, pid.unwrap_or(0))
    });
    Some(rows.filter(|row| ports.contains(&row.2.port()) || ports.contains(&row.3.port())).collect())
}

/// An end as `ss` writes it: `*` for any address of both families, or for no port; `%lo` behind an address.
fn end(word: &str, local: &str) -> SocketAddr {
    let (address, port) = word.rsplit_once(':').expect("a port");
    let address = address.trim_matches(['[', ']']).split('%').next().expect("a part");
    let is_v6 = local.starts_with(['*', '[']);
    let address: IpAddr = match address {
        "*" | "0.0.0.0" if is_v6 => "::".parse().expect("a socket, address or port"),
        address => address.parse().expect("a socket, address or port"),
    };
    SocketAddr::new(address.to_canonical(), port.parse().unwrap_or(0))
}

fn row(entry: &Value) -> Row {
    let end = |address: &str, port: &str| {
        let family_of = text(entry, "localaddr");
        let nobody = if family_of.contains(':') { "::" } else { "0.0.0.0" };
        let address = match text(entry, address) {
            "" => nobody,
            address => address,
        };
        SocketAddr::new(
            address.parse().expect("a socket, address or port"),
            u16::try_from(number(entry, port)).expect("a socket, address or port"),
        )
    };
    let (local, remote) = (end("localaddr", "localport"), end("remoteaddr", "remoteport"));
    (text(entry, "protocol").to_owned(), text(entry, "state").to_owned(), local, remote, number(entry, "pid"))
}

#[test]
fn sockets_and_their_owners_are_those_of_ss() {
    let sockets = Sockets::open();
    let ports = sockets.ports();
    let Some(theirs) = ss(&ports) else { return eprintln!("skipped: no ss (package iproute2)") };
    let listed: Vec<String> = ports.iter().map(|port| format!("\"{port}\"")).collect();
    let result = ask(&format!(
        r#"{{"connectedip":["127.0.0.0/8","::1"],"listeningport":[{}],"owner":true}}"#,
        listed.join(",")
    ));
    // Of other processes on this machine we may not see everything.
    let errors = result.errors.clone().unwrap_or_default();
    assert!(errors.iter().all(|error| error.starts_with("owners of sockets: ")), "{errors:?}");
    let all = ["connectedip", "listeningport"].map(|check| entries(&result, check)).concat();
    let ours =
        all.iter().map(row).filter(|row| ports.contains(&row.2.port()) || ports.contains(&row.3.port()));
    let ours: BTreeSet<Row> = ours.collect();
    // Three listeners, three connections from both sides, two bound and two connected UDP sockets, unless there is no IPv6.
    assert!(theirs.len() == 13 || theirs.len() == 5, "{theirs:#?}");
    assert_eq!(ours, theirs);
    assert!(ours.iter().all(|row| row.4 == id()));
}

#[test]
fn text_tables_tell_the_same_as_netlink() {
    let sockets = Sockets::open();
    let ports: Vec<String> = sockets.ports().iter().map(|port| format!("\"{port}\"")).collect();
    let parameters =
        format!(r#"{{"localip":["127.0.0.1","::1"],"listeningport":[{}],"owner":true}}"#, ports.join(","));
    let by_netlink = ask(&parameters);
    // Of an image the kernel is not asked, also if it is this machine.
    let by_text = ask_on(Machine::image(Path::new("/")).unwrap(), &parameters);
    assert!(by_netlink.found_anything);
    assert_eq!(by_netlink.elements, by_text.elements);
}

#[test]
fn a_peer_is_found_among_many_addresses_that_are_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = stream.local_addr().unwrap().port();
    // Few enough for a program in the kernel, and too many.
    for others in [1, 100, 1000] {
        let asked: Vec<String> =
            (0..others).map(|other| format!("\"10.{}.{}.1\"", other / 250, other % 250)).collect();
        let result = ask(&format!(r#"{{"connectedip":["127.0.0.1",{}]}}"#, asked.join(",")));
        let found = entries(&result, "connectedip");
        assert!(found.iter().any(|entry| number(entry, "localport") == u32::from(port)), "{others}");
        assert!(found.iter().all(|entry| text(entry, "remoteaddr") == "127.0.0.1"));
    }
}

#[test]
fn the_program_that_listens_is_found_by_its_path() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = u32::from(listener.local_addr().unwrap().port());
    let program = env::current_exe().unwrap();
    let name = program.file_name().unwrap().to_str().unwrap();
    let result = ask(&format!(r#"{{"listeningprocess":["/{name}$","^/no/such/program$"]}}"#));
    let found = entries(&result, "listeningprocess");
    let own = found.iter().find(|entry| number(entry, "localport") == port).unwrap();
    assert_eq!((number(own, "pid"), text(own, "executable")), (id(), program.to_str().unwrap()));
    assert_eq!(
        result.elements.get("listeningprocess").unwrap().get("^/no/such/program$"),
        Some(&Value::Null)
    );
}

#[test]
fn unix_sockets_are_found_by_path() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("agent.socket");
    let _listener = UnixListener::bind(&path).unwrap();
    let path = path.to_str().unwrap();
    for machine in [Machine::Running, Machine::image(Path::new("/")).unwrap()] {
        let result = ask_on(machine, &format!(r#"{{"unixsocket":["^{path}$"],"owner":true}}"#));
        let [entry] = entries(&result, "unixsocket").try_into().unwrap();
        assert_eq!(
            (text(&entry, "path"), text(&entry, "state"), number(&entry, "pid")),
            (path, "listening", id())
        );
    }
}

#[test]
fn a_stop_ends_the_run_with_what_was_found() {
    let parameters =
        json::from_str(r#"{"localip":["127.0.0.1"],"connectedip":["0.0.0.0/0","::/0"]}"#).unwrap();
    for checkpoints in 0..12 {
        let session = TestSession::new().stop_after(checkpoints, Stop::Cancelled);
        let outcome = NetstatModule.prepare(&parameters).unwrap().run(&session).unwrap();
        assert_eq!(outcome.stopped, Some(Stop::Cancelled), "{checkpoints}");
        assert!(outcome.elements.get("connectedip").is_some());
    }
}

#[test]
fn a_limit_of_results_ends_the_run() {
    let _listeners: Vec<TcpListener> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let parameters = json::from_str(r#"{"connectedip":["0.0.0.0/0"]}"#).unwrap();
    let session = TestSession::new().result_limit(3);
    let outcome = NetstatModule.prepare(&parameters).unwrap().run(&session).unwrap();
    assert_eq!(outcome.stopped, Some(Stop::ResultLimit));
}

/// What this program is to do when it is started by itself.
const TASK: &str = "MIG_TEST_NETSTAT_TASK";

/// Started by other tests in another namespace or for another user; does nothing otherwise.
#[test]
fn task() {
    match env::var(TASK).as_deref() {
        Ok("listen") => {
            let listener = TcpListener::bind("0.0.0.0:0").unwrap();
            println!("ready {}", listener.local_addr().unwrap().port());
            std::io::stdin().lines().next();
        }
        Ok(parameters) => println!("ready {}", json::to_string(&ask(parameters)).unwrap()),
        Err(_) => {}
    }
}

/// Starts this program for a task, maybe by way of another command; gives what it says when it is ready.
fn start(mut command: Command, task: &str) -> Option<(Child, String)> {
    let command = command.args(["--exact", "task", "--nocapture"]).env(TASK, task);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut lines = BufReader::new(child.stdout.take()?).lines().map_while(Result::ok);
    let said = lines.find_map(|line| Some(line.split_once("ready ")?.1.to_owned()));
    match said {
        Some(said) => Some((child, said)),
        None => {
            child.wait().ok();
            None
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_listener_in_another_namespace_is_found_there_only() {
    if !is_root() {
        return eprintln!("skipped: not root");
    }
    let mut unshare = Command::new("unshare");
    unshare.arg("--net").arg(env::current_exe().unwrap());
    let Some((mut child, port)) = start(unshare, "listen") else {
        return eprintln!("skipped: unshare makes no network namespace here");
    };
    let namespace = fs::read_link(format!("/proc/{}/ns/net", child.id())).unwrap();
    let machines = [Machine::Running, Machine::image(Path::new("/")).unwrap()];
    let [by_netlink, by_text] = machines.map(|machine| {
        ask_on(machine, &format!(r#"{{"listeningport":["{port}"],"namespaces":true,"owner":true}}"#))
    });
    let here_only = ask(&format!(r#"{{"listeningport":["{port}"]}}"#));
    let links = ask(r#"{"localmac":["^$"],"namespaces":true}"#);
    drop(child.stdin.take());
    child.wait().unwrap();

    assert!(!here_only.found_anything);
    let [entry] = entries(&by_netlink, "listeningport").try_into().unwrap();
    assert_eq!(text(&entry, "namespace"), namespace.to_str().unwrap());
    assert_eq!(number(&entry, "pid"), child.id());
    assert_eq!(by_netlink.elements, by_text.elements);
    let loopbacks = entries(&links, "localmac");
    assert!(loopbacks.iter().any(|entry| text(entry, "namespace") == namespace.to_str().unwrap()));
}

#[test]
fn a_namespace_without_processes_is_found_by_the_file_that_is_bound_to_it() {
    if !is_root() {
        return eprintln!("skipped: not root");
    }
    let name = format!("mig-test-{}", std::process::id());
    let ip = |action: &str| {
        Command::new("ip").args(["netns", action, &name]).status().is_ok_and(|status| status.success())
    };
    if !ip("add") {
        return eprintln!("skipped: ip makes no network namespace here");
    }
    let inode = fs::metadata(format!("/run/netns/{name}")).unwrap().ino();
    let links = ask(r#"{"localmac":["^$"],"namespaces":true}"#);
    assert!(ip("delete"));
    let namespace = format!("net:[{inode}]");
    assert!(
        entries(&links, "localmac").iter().any(|entry| text(entry, "namespace") == namespace),
        "{links:?}"
    );
}

#[test]
fn who_may_not_see_owners_is_told() {
    if !is_root() {
        return eprintln!("skipped: not root");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // A place from which anybody may run it.
    let place = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let program = place.path().join("test");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let mut nobody = Command::new(&program);
    nobody.uid(65534).gid(65534);
    let parameters = format!(r#"{{"listeningport":["{port}"],"namespaces":true,"owner":true}}"#);
    let Some((mut child, said)) = start(nobody, &parameters) else {
        return eprintln!("skipped: programs of other users do not run here");
    };
    child.wait().unwrap();
    let result: ModuleResult = json::from_str(&said).unwrap();
    let errors = result.errors.clone().unwrap_or_default();
    assert!(errors.iter().any(|error| error.starts_with("owners of sockets: ")), "{errors:?}");
    assert!(errors.iter().any(|error| error.starts_with("namespaces: /proc: ")), "{errors:?}");
}
