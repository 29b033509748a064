//! What is wrong is told in one line, with what to do.

use crate::{
    broker::{self, options},
    wire::bare,
};
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use mig_core::transport::{Address, Envelope, Transport as _, TransportError};
use mig_transport::amqp::{AmqpError, AmqpRelay, Role};
use std::{error::Error as _, time::Duration};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

async fn refusal(url: &str) -> String {
    let error = AmqpRelay::connect(options(url, Role::Scheduler)).await.unwrap_err();
    assert!(error.needs_an_operator(), "{error:?}");
    let text = error.to_string();
    assert!(!text.contains("secret") && !text.contains('\n'), "{text}");
    text
}

fn cause(error: &TransportError) -> String {
    error.source().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refused_login_names_its_remedy() {
    let Some(broker) = broker::shared() else { return };
    let wrong = format!("amqp://scheduler:wrong@127.0.0.1:{}/mig0", broker.port);
    let text = refusal(&wrong).await;
    assert!(text.contains("refuses user 'scheduler'") && text.contains("password"), "{text}");
    let text = refusal(&broker.url("scheduler", "nowhere")).await;
    assert!(text.contains("no virtual host 'nowhere'") && text.contains("add_vhost"), "{text}");
    let text = refusal(&broker.url("scheduler", "closed")).await;
    assert!(text.contains("into virtual host 'closed'") && text.contains("set_permissions"), "{text}");
}

/// The original's agents may not declare exchanges.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_permission_names_what_was_refused() {
    let Some(broker) = broker::shared() else { return };
    let text = refusal(&broker.url("agent", &broker.virtual_host())).await;
    assert!(
        text.contains("declaring an exchange is not permitted") && text.contains("set_permissions"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_other_kind_is_named() {
    let Some(broker) = broker::shared() else { return };
    let host = broker.virtual_host();
    let _scheduler = broker::scheduler(broker, &host).await;
    let (_connection, other) = bare(&broker.url("root", &host)).await;
    let (options, nothing) = (QueueDeclareOptions::default(), FieldTable::default());
    other.queue_declare("mig.agt.linux.odd".into(), options, nothing).await.unwrap();
    let agent = broker::agent(broker, &host).await;
    let error = agent.subscribe(&Address::Agent("linux.odd".to_owned())).await.unwrap_err();
    let text = cause(&error);
    assert!(text.contains("mig.agt.linux.odd") && text.contains("delete it"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_a_scheduler_says_what_is_missing() {
    let Some(broker) = broker::shared() else { return };
    let agent = broker::agent(broker, &broker.virtual_host()).await;
    let error = agent.send(&Address::Results, Envelope { body: vec![], expires_in: None }).await.unwrap_err();
    let text = cause(&error);
    assert!(text.contains("toschedulers") && text.contains("start a scheduler"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_a_relay_that_was_started_are_told_too() {
    let Some(broker) = broker::shared() else { return };
    let relay = AmqpRelay::start(options(&broker.url("scheduler", "nowhere"), Role::Scheduler));
    let error = relay.subscribe(&Address::Results).await.unwrap_err();
    assert!(cause(&error).contains("add_vhost"), "{error:?}");
    let error = relay.send(&Address::Results, Envelope { body: vec![], expires_in: None }).await.unwrap_err();
    assert!(cause(&error).contains("add_vhost"), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("amqp://a:secret@127.0.0.1:{port}/mig");
    let error = AmqpRelay::connect(options(&url, Role::Agent)).await.unwrap_err();
    assert!(matches!(error, AmqpError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

/// And the connection is not kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://a:secret@127.0.0.1:{}/mig", listener.local_addr().unwrap().port());
    let mut options = options(&url, Role::Agent);
    options.connect_timeout = Duration::from_millis(300);
    let connecting = tokio::spawn(AmqpRelay::connect(options));
    let (mut stream, _) = listener.accept().await.unwrap();
    let error = connecting.await.unwrap().unwrap_err();
    assert!(matches!(error, AmqpError::Silent { .. }), "{error:?}");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"AMQP\0\0\x09\x01");
}

/// The driver has features in which TLS is silently left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_listener_never_sees_amqp_from_an_amqps_url() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqps://a:secret@127.0.0.1:{}/mig", listener.local_addr().unwrap().port());
    let tls = mig_transport::amqp::TlsOptions::default();
    let Ok(mut options) = mig_transport::amqp::AmqpOptions::with_tls(&url, Role::Agent, &tls) else {
        println!("skipped: this system trusts no authority at all");
        return;
    };
    options.connect_timeout = Duration::from_millis(500);
    let connecting = tokio::spawn(AmqpRelay::connect(options));
    let (mut stream, _) = listener.accept().await.unwrap();
    connecting.await.unwrap().unwrap_err();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard.first(), Some(&0x16), "a handshake of TLS");
    assert!(!heard.windows(4).any(|bytes| bytes == b"AMQP"));
}
