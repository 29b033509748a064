//! The examples do what they say.
#![allow(dead_code, reason = "the examples are whole programs")]

#[path = "../custom_module.rs"]
mod custom_module;
#[path = "../embed_agent.rs"]
mod embed_agent;
#[path = "../embed_modules.rs"]
mod embed_modules;

use custom_module::Uptime;
use mig_core::{
    agent::{Agent, AgentOptions, AgentParts, Budget, CancelHandle, FileJournal, InProcessRunner, Owners},
    agent_info::AgentInfo,
    clock::SystemClock,
    command::Command,
    id::CommandId,
    json,
    module::Registry,
    testing::person::{Person, operation},
    transport::{Address, Envelope, Transport as _},
};
use mig_transport::memory::MemoryRelay;
use std::{fs, net::TcpListener, sync::Arc};

#[tokio::test]
async fn a_custom_module_is_run_by_the_engine() {
    let (directory, person, relay) =
        (tempfile::tempdir().unwrap(), Person::new("Ann"), MemoryRelay::default());
    let owners = Owners::open(&directory.path().join("owners")).unwrap();
    let registry = Registry::from_modules(&[&Uptime]).unwrap();
    let agent = Agent::new(AgentParts {
        info: AgentInfo { queue_location: "linux.one".into(), ..AgentInfo::default() },
        transport: Arc::new(relay.clone()),
        runner: Arc::new(InProcessRunner::new(registry, Budget::default())),
        journal: Arc::new(FileJournal::open(&directory.path().join("journal"), &owners).unwrap()),
        policy: person.policy(),
        clock: Arc::new(SystemClock),
        options: AgentOptions::default(),
    });
    let action = person.ask("up for long?", vec![operation("uptime", r#"{"longer_than_days": -1}"#)]);
    let command = Command { id: CommandId::new(1), action, ..Command::default() };
    let body = json::to_string(&command).unwrap().into_bytes();
    let mut answers = relay.subscribe(&Address::Results).await.unwrap();
    let address = Address::Agent("linux.one".into());
    drop(relay.subscribe(&address).await.unwrap());
    relay.send(&address, Envelope { body, expires_in: None }).await.unwrap();
    let delivery = tokio::select! {
        ended = agent.run() => panic!("{ended:?}"),
        delivery = answers.next() => delivery.unwrap(),
    };
    let answer: Command = json::from_slice(&delivery.body).unwrap();
    assert_eq!(answer.status, "success");
    assert!(answer.results.unwrap()[0].found_anything);
}

#[test]
fn an_embedded_agent_answers() {
    embed_agent::main().unwrap();
}

/// What the example writes of this directory and this port.
fn investigate(directory: &std::path::Path, port: u16, stop: &CancelHandle) -> String {
    let mut output = Vec::new();
    let directory = directory.to_str().expect("a path that is text");
    embed_modules::investigate(directory, port, stop, &mut output).expect("parameters that are right");
    String::from_utf8(output).expect("text")
}

#[cfg(target_os = "linux")]
#[test]
fn embedded_modules_answer_in_rows() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("back\ndoor");
    fs::write(&program, "abc").unwrap();
    fs::write(directory.path().join("harmless"), "").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();

    let text = investigate(directory.path(), port, &CancelHandle::default());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "file: found", "{text}");
    let digest = "sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(lines[1].contains("size=3 mode=urwxr-xr-x") && lines[1].contains(digest), "{text}");
    assert!(lines[1].ends_with(r"/back\ndoor"), "{text}");
    // What packages this machine has is its own affair.
    assert!(lines[2].starts_with("pkg: "), "{text}");
    let netstat = lines.iter().position(|line| *line == "netstat: found").unwrap();
    let holder = format!("local=127.0.0.1:{port} namespace=default pid={}", std::process::id());
    assert!(lines[netstat + 1].contains(&holder), "{text}");
}

#[test]
fn embedded_modules_end_when_they_are_told_to() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let stop = CancelHandle::default();
    stop.cancel();
    let text = investigate(directory.path(), 1, &stop);
    let expected = ["file", "pkg", "netstat"]
        .map(|module| format!("{module}: stopped\n  remark: stop message received, terminating early\n"));
    assert_eq!(text, expected.concat());
}
