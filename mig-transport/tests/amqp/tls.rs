//! TLS with a private authority and client certificates.

use crate::{
    authority::{Authority, Issued},
    broker,
};
use mig_core::transport::{Address, Envelope, Transport as _};
use mig_transport::amqp::{AmqpError, AmqpOptions, AmqpRelay, Role, TlsIdentity, TlsOptions};

fn of(authority: &Authority, identity: Option<Issued>) -> TlsOptions {
    let identity = identity.map(|issued| TlsIdentity { certificates: issued.certificate, key: issued.key });
    TlsOptions { ca: Some(authority.pem.clone()), identity }
}

async fn connect(host: &str, virtual_host: &str, tls: &TlsOptions) -> Result<AmqpRelay, AmqpError> {
    let port = broker::shared().unwrap().tls_port;
    let url = format!("amqps://scheduler:secret@{host}:{port}/{virtual_host}");
    AmqpRelay::connect(AmqpOptions::with_tls(&url, Role::Scheduler, tls).unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_travel_over_tls_with_a_client_certificate() {
    let Some(broker) = broker::shared() else { return };
    let tls = of(&broker.authority, Some(broker.authority.issue("agent")));
    let host = broker.virtual_host();
    let relay = connect("localhost", &host, &tls).await.unwrap();
    let mut answers = relay.subscribe(&Address::Results).await.unwrap();
    let agent = broker::agent(broker, &host).await;
    agent.send(&Address::Results, Envelope { body: b"over".to_vec(), expires_in: None }).await.unwrap();
    assert_eq!(answers.next().await.unwrap().body, b"over");
}

/// The authorities of the system do not count beside a private one, nor do other private ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_of_another_authority_is_refused() {
    let Some(broker) = broker::shared() else { return };
    // The second has the name of the right one, as a renewed authority has.
    for name in ["another authority", "the authority of the tests"] {
        let tls = of(&Authority::new(name), Some(broker.authority.issue("agent")));
        let error = connect("localhost", "mig0", &tls).await.unwrap_err();
        assert!(error.to_string().contains("give the CA that issued it"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_host_is_refused() {
    let Some(broker) = broker::shared() else { return };
    let tls = of(&broker.authority, Some(broker.authority.issue("agent")));
    let error = connect("127.0.0.1", "mig0", &tls).await.unwrap_err();
    assert!(error.to_string().contains("is for another host than '127.0.0.1'"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_client_certificate_nobody_gets_in() {
    let Some(broker) = broker::shared() else { return };
    connect("localhost", "mig0", &of(&broker.authority, None)).await.unwrap_err();
}
