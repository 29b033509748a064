//! What others may send to a gateway.

use crate::{faults::of, server::Server};
use mig_core::{
    json,
    transport::{Address, Envelope, Transport as _},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

async fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn without_a_proof_no_request_is_answered() {
    let server = Server::start().await;
    for line in [
        "GET /mig/agent/v1/commands?wait=0",
        "DELETE /mig/agent/v1/commands/1",
        "POST /mig/agent/v1/results",
        "POST /mig/agent/v1/heartbeats",
    ] {
        for headers in
            ["", "authorization: MIG-Agent 1;linux.one;0;00;AA;AA\r\n", "authorization: Basic eA==\r\n"]
        {
            let answer = raw(&server, &request(line, headers)).await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{line}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let request =
        request("POST /mig/agent/v1/enrolment", "content-length: 100000000\r\n") + &"x".repeat(100_000);
    assert!(raw(&server, &request).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn an_agent_speaks_for_itself_only() {
    let server = Server::start().await;
    let agent = server.agent("linux.one");
    let body = json::to_string(&of("linux.two")).unwrap().into_bytes();
    let error = agent.send(&Address::Heartbeats, Envelope { body, expires_in: None }).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains(" 403 ") && source.contains("not about the agent"), "{source}");
    let garbage = Envelope { body: b"garbage".to_vec(), expires_in: None };
    assert!(agent.send(&Address::Results, garbage).await.is_err());
}

#[tokio::test]
async fn what_is_no_enrolment_is_refused() {
    let server = Server::start().await;
    let invitation = server.agents.invite();
    for body in [
        "",
        "{}",
        "[",
        r#"{"invitation":"mig-invitation-x","queueloc":"linux.one","key":""}"#,
        &format!(r#"{{"invitation":"{}","queueloc":"linux.one","key":"AAAA"}}"#, invitation.expose()),
        &format!(
            r#"{{"invitation":"{}","queueloc":"../x","key":"{}"}}"#,
            invitation.expose(),
            mig_core::enrolment::AgentKey::generate().unwrap().public()
        ),
    ] {
        let head = request("POST /mig/agent/v1/enrolment", &format!("content-length: {}\r\n", body.len()));
        let answer = raw(&server, &(head + body)).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{body}: {answer}");
    }
}
