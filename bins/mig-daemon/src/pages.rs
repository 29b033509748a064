//! Pages for this machine: status, health, metrics. HTTP/1.1, small and bounded; what asks gets a text.
//!
//! A listener on loopback answers only requests that name it so: a web page in a browser of this machine must not read it by
//! giving its own name the address 127.0.0.1.

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

/// Connections at once; further ones wait.
const CONNECTIONS: usize = 32;
/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection may last.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);
/// Memory for a request's head, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// Pause after the system could not accept, such as when too many files are open.
const AGAIN: Duration = Duration::from_millis(200);

/// One answer.
#[derive(Clone, Debug)]
pub struct Page {
    /// Status.
    pub status: StatusCode,
    /// Such as `text/plain; charset=utf-8`.
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}

impl Page {
    /// A text.
    #[must_use]
    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    /// There is nothing of this name; says what there is.
    #[must_use]
    pub fn not_found(known: &str) -> Self {
        Self::text(StatusCode::NOT_FOUND, format!("there is no such page; known are {known}\n"))
    }
}

/// Who answers. Bodies of requests are not read.
pub trait Site: Send + Sync + 'static {
    /// The answer to a request.
    fn answer(&self, request: &Parts) -> impl Future<Output = Page> + Send;
}

/// Serves until the future is dropped.
pub async fn serve(listener: TcpListener, site: Arc<impl Site>) -> Infallible {
    let is_loopback = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let permit = Arc::clone(&room).acquire_owned().await;
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                connections.spawn(async move {
                    let _permit = permit;
                    // A client that is too slow is no fault of ours.
                    timeout(CONNECTION_LIMIT, converse(stream, site, is_loopback)).await.ok();
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection for pages");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, site: Arc<impl Site>, is_loopback: bool) {
    let service = service_fn(|request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move {
            let (parts, _) = request.into_parts();
            let page = match is_loopback && !names_this_machine(&parts) {
                true => Page::text(StatusCode::FORBIDDEN, "ask for localhost or 127.0.0.1\n"),
                false => site.answer(&parts).await,
            };
            Ok::<_, Infallible>(response(page, &parts.method))
        }
    });
    let mut connection = http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT).max_buf_size(HEAD_BYTES);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection for pages ended badly");
    }
}

fn response(page: Page, method: &Method) -> Response<Full<Bytes>> {
    let body = if *method == Method::HEAD { Bytes::new() } else { Bytes::from(page.body) };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = page.status;
    for (name, value) in [
        (header::CONTENT_TYPE, page.content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a request was meant for a loopback name.
fn names_this_machine(request: &Parts) -> bool {
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A text as HTML shows it.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    struct Echo;

    impl Site for Echo {
        async fn answer(&self, request: &Parts) -> Page {
            Page::text(StatusCode::OK, format!("{} {}", request.method, request.uri.path()))
        }
    }

    async fn ask(head: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            text
        };
        tokio::select! {
            text = exchange => text,
            never = serve(listener, Arc::new(Echo)) => match never {},
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_request_for_localhost_is_answered() {
        for host in ["localhost", "127.0.0.1:51664", "[::1]:80", "LOCALHOST:1"] {
            let text = ask(&format!("GET /a?b HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
            assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("GET /a"), "{text}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_page_of_the_web_can_not_read_what_is_for_this_machine() {
        for host in ["evil.example.net", "evil.example.net:51664", "127.0.0.1.evil.example.net", ""] {
            let text = ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
            assert!(text.starts_with("HTTP/1.1 403"), "{text}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_no_request_ends_the_connection() {
        assert!(ask("\u{0}\u{1}\r\n\r\n").await.starts_with("HTTP/1.1 400"));
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
        assert!(ask(&long).await.starts_with("HTTP/1.1 431"));
    }

    #[test]
    fn html_shows_texts_of_others_as_texts() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
