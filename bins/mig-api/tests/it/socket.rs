//! The API over real sockets.

use crate::support::World;
use mig_api::serve::{Stop, TlsFiles, serve};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinHandle;

struct Server {
    address: SocketAddr,
    stop: Stop,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    fn start(world: &World, tls: Option<TlsFiles>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), Stop::default());
        let task = tokio::spawn(serve(listener, world.router.clone(), tls, stop.clone()));
        Self { address, stop, task }
    }

    async fn end(self) {
        self.stop.stop();
        self.task.await.unwrap().unwrap();
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends a request and reads until the server closes.
fn ask(stream: &mut (impl Read + Write), path: &str, header: &str) -> String {
    let head = format!("GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn a_caller_is_known_by_the_address_of_the_connection() {
    let world = World::new().await;
    let server = Server::start(&world, None);
    let address = server.address;
    let reply = blocking(move || ask(&mut connect(address), "/ip", "X-Forwarded-For: 192.0.2.1\r\n")).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\n127.0.0.1"), "{reply}");
    server.end().await;
}

#[tokio::test]
async fn a_token_opens_over_the_wire() {
    let world = World::new().await;
    let server = Server::start(&world, None);
    let (address, token) = (server.address, format!("X-PGPAUTHORIZATION: {}\r\n", world.ann.token()));
    let reply = blocking(move || ask(&mut connect(address), "/dashboard", &token)).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("online agents"), "{reply}");
    let reply = blocking(move || ask(&mut connect(address), "/dashboard", "")).await;
    assert!(reply.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{reply}");
    server.end().await;
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let world = World::new().await;
    let server = Server::start(&world, None);
    let (address, headers) = (server.address, "X-Header: 1\r\n".repeat(200));
    let reply = blocking(move || ask(&mut connect(address), "/ip", &headers)).await;
    assert!(reply.starts_with("HTTP/1.1 431 "), "{reply}");
    server.end().await;
}

#[tokio::test]
async fn a_server_that_stops_takes_no_more_connections() {
    let world = World::new().await;
    let server = Server::start(&world, None);
    let address = server.address;
    blocking(move || ask(&mut connect(address), "/ip", "")).await;
    server.end().await;
    assert!(blocking(move || TcpStream::connect(address).is_err()).await);
}

#[tokio::test]
async fn tls_is_spoken_with_the_certificate_of_the_configuration() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let files =
        TlsFiles { certificates: directory.path().join("cert.pem"), key: directory.path().join("key.pem") };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&files.certificates, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::start(&world, Some(files));
    let (address, certificate) = (server.address, made.cert.der().clone());
    let reply = blocking(move || {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        ask(&mut rustls::StreamOwned::new(connection, connect(address)), "/ip", "")
    });
    assert!(reply.await.ends_with("\r\n\r\n127.0.0.1"));
    server.end().await;
}

#[tokio::test]
async fn a_certificate_that_is_not_there_is_named() {
    let world = World::new().await;
    let files = TlsFiles { certificates: "nowhere.pem".into(), key: "nowhere.key".into() };
    let server = Server::start(&world, Some(files));
    let error = server.task.await.unwrap().unwrap_err().to_string();
    assert!(error.starts_with("the certificate nowhere.pem and key nowhere.key can not be used"), "{error}");
}
