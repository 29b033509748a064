//! A listener for the API: plain or TLS, with limits on slow callers, and an end that lets requests finish.

use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

/// How long a caller may take to send the head of a request; also how long an idle connection lives.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// How long requests may go on after the end was announced.
const FAREWELL: Duration = Duration::from_secs(10);

/// Certificate chain and key, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that sign it.
    pub certificates: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What ends a server; clones end the same one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Handle<SocketAddr>);

impl Stop {
    /// Takes no more connections, lets requests finish for a while, then ends.
    pub fn stop(&self) {
        self.0.graceful_shutdown(Some(FAREWELL));
    }
}

/// Serves on a listener until it is stopped.
///
/// # Errors
/// If the certificate or key can not be used, or the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsFiles>,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(stop.0);
            limit(server.http_builder());
            server.serve(service).await
        }
        Some(files) => {
            let config = load(&files).await?;
            let mut server = axum_server::from_tcp_rustls(listener, config)?.handle(stop.0);
            limit(server.http_builder());
            server.serve(service).await
        }
    }
}

async fn load(files: &TlsFiles) -> io::Result<RustlsConfig> {
    // Another part of the program may have chosen before: that is fine, there is one.
    rustls::crypto::ring::default_provider().install_default().ok();
    let config = RustlsConfig::from_pem_chain_file(&files.certificates, &files.key).await;
    config.map_err(|error| {
        let (certificates, key) = (files.certificates.display(), files.key.display());
        let text = format!("the certificate {certificates} and key {key} can not be used: {error}");
        io::Error::new(error.kind(), text)
    })
}

fn limit(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(MAX_HEADERS);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT).max_concurrent_streams(64);
}
