//! A server for HTTPS on this machine, with an authority of its own.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What is answered to a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Status 200 and these bytes.
    Body(Vec<u8>),
    /// These bytes of the body, and nothing more as long as the client listens; the length says one more.
    Stalled(Vec<u8>),
    /// Bytes, as long as the client takes them.
    Endless,
    /// A length in the head and no body.
    Announced(u64),
    /// Fewer bytes than the head says.
    CutOff(Vec<u8>),
    /// A status without a body.
    Status(u16),
    /// To another location.
    Redirect(String),
}

/// A running server. It ends with the process.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The certificate of its authority, PEM.
    pub(crate) authority: String,
    requests: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each path.
    pub(crate) fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let (authority, config) = config();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (requests, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (answer, counters) = (Arc::new(answer), (Arc::clone(&requests), Arc::clone(&open)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, counters) = (Arc::clone(&answer), counters.clone());
                let stream = stream.expect("a connection");
                let config = Arc::clone(&config);
                thread::spawn(move || {
                    counters.1.fetch_add(1, Ordering::SeqCst);
                    // Clients may go away at any time.
                    serve(stream, config, &counters.0, &*answer).ok();
                    counters.1.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, authority, requests, open }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.port)
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

/// An authority, and a certificate of it for `localhost`.
fn config() -> (String, Arc<ServerConfig>) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("an authority");
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.expect("versions").with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key).expect("a certificate");
    (authority.pem(), Arc::new(config))
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    requests: &AtomicUsize,
    answer: &dyn Fn(&str) -> Answer,
) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let mut stream = reader.into_inner();
    send(&mut stream, answer(&path))?;
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.sock.shutdown(Shutdown::Write)
}

fn send(stream: &mut (impl Read + Write), answer: Answer) -> io::Result<()> {
    let mut head = |status: &str, length: u64| {
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).expect("a length");
    match answer {
        Answer::Body(bytes) => {
            head("200 OK", length(&bytes))?;
            stream.write_all(&bytes)
        }
        Answer::Stalled(bytes) => {
            head("200 OK", length(&bytes) + 1)?;
            stream.write_all(&bytes)?;
            stream.flush()?;
            // Until the client goes away.
            stream.read(&mut [0]).map(drop)
        }
        Answer::CutOff(bytes) => {
            head("200 OK", length(&bytes) + 1)?;
            stream.write_all(&bytes)
        }
        Answer::Announced(length) => head("200 OK", length),
        Answer::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[7; 16 << 10])?;
            }
        }
        Answer::Status(status) => head(&format!("{status} Whatever"), 0),
        Answer::Redirect(location) => write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
    }
}
