//! Requests with their proofs, and what the answers mean.

use crate::{
    http::{
        error::HttpError,
        options::{HttpOptions, plain},
        proof::{Claim, NONCE_BYTES, Proof, digest},
        wire::COMMANDS,
    },
    tls::certificate_fault,
};
use bytes::Bytes;
use mig_core::{limits::MAX_INCOMING_COMMAND_BYTES, time::Time};
use reqwest::{Method, Response, StatusCode, header};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime},
};

/// How much of what a server says about a refusal is kept, in bytes.
const MAX_SAID: usize = 200;

/// The way to the server.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) options: HttpOptions,
    client: reqwest::Client,
    /// By how many seconds the server's clock is ahead of ours.
    ahead: AtomicI64,
}

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) header: Option<(&'static str, String)>,
}

impl Line {
    pub(super) fn new(options: HttpOptions) -> Result<Self, HttpError> {
        let client = options.client()?;
        Ok(Self { options, client, ahead: AtomicI64::new(0) })
    }

    /// Asks with a proof; once more if our clock was the reason of a refusal.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        operation: &'static str,
        body: Body,
        patience: Duration,
    ) -> Result<Response, HttpError> {
        let answer = self.prove_and_send(&method, path, &body, patience).await?;
        let answer = match answer.status() {
            StatusCode::UNAUTHORIZED if self.learn_time(&answer) => {
                self.prove_and_send(&method, path, &body, patience).await?
            }
            _ => answer,
        };
        self.judge(answer, operation).await
    }

    /// Asks without a proof: the server does not know our key yet.
    pub(super) async fn enrol(&self, path: &str, body: Vec<u8>) -> Result<(), HttpError> {
        let request = self.request(Method::POST, path)?.body(body).timeout(self.options.patience);
        let answer = request.send().await.map_err(|error| self.unreachable(error))?;
        match answer.status() {
            StatusCode::FORBIDDEN => {
                Err(HttpError::NotInvited { server: self.server(), said: said(answer).await })
            }
            _ => self.judge(answer, "enrolling").await.map(drop),
        }
    }

    async fn prove_and_send(
        &self,
        method: &Method,
        path: &str,
        body: &Body,
        patience: Duration,
    ) -> Result<Response, HttpError> {
        let proof = Proof::new(self.claim(&body.bytes)?, &self.options.key, method.as_str(), path);
        let mut request = self
            .request(method.clone(), path)?
            .header(header::AUTHORIZATION, proof.header())
            .timeout(patience);
        if let Some((name, value)) = &body.header {
            request = request.header(*name, value);
        }
        if !body.bytes.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.bytes.clone());
        }
        request.send().await.map_err(|error| self.unreachable(error))
    }

    fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder, HttpError> {
        let url = self
            .options
            .url
            .join(path)
            .map_err(|error| HttpError::Url { url: self.server(), reason: error.to_string() })?;
        Ok(self.client.request(method, url))
    }

    fn claim(&self, body: &[u8]) -> Result<Claim, HttpError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)
            .map_err(|error| HttpError::NoRandomNumbers { reason: error.to_string() })?;
        Ok(Claim {
            queue_location: self.options.queue_location.clone(),
            time: now().saturating_add(self.ahead.load(Ordering::Relaxed)),
            nonce,
            body: digest(body),
        })
    }

    /// Takes over the server's time; false if it is ours already. Nothing but proofs depends on it.
    fn learn_time(&self, answer: &Response) -> bool {
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else { return false };
        let ahead = Time::from(date).unix_seconds().saturating_sub(now());
        let before = self.ahead.swap(ahead, Ordering::Relaxed);
        let is_news = before.abs_diff(ahead) > 60;
        if is_news {
            tracing::warn!(seconds = ahead, "the server's clock is ahead of ours; requests use its time");
        }
        is_news
    }

    async fn judge(&self, answer: Response, operation: &'static str) -> Result<Response, HttpError> {
        let (server, status) = (self.server(), answer.status());
        if status.is_success() {
            return Ok(answer);
        }
        let said = said(answer).await;
        Err(match status {
            StatusCode::UNAUTHORIZED => HttpError::NotEnrolled { server, said },
            StatusCode::CONFLICT => HttpError::AnotherAgent { server, said },
            _ => HttpError::Refused { server, operation, status: status.as_u16(), said },
        })
    }

    fn unreachable(&self, error: reqwest::Error) -> HttpError {
        match certificate_error(&error) {
            Some(fault) => {
                let host = self.options.url.host_str().unwrap_or_default();
                HttpError::Certificate { server: self.server(), reason: certificate_fault(fault, host) }
            }
            None => HttpError::Unreachable { server: self.server(), reason: plain(error) },
        }
    }

    fn server(&self) -> String {
        self.options.url.to_string()
    }

    /// Waits for the next command that is not held.
    pub(super) async fn next_command(&self, held: &str, wait: Duration) -> Result<Response, HttpError> {
        let path = format!("{COMMANDS}?holding={held}&wait={}", wait.as_secs());
        let patience = wait.saturating_add(self.options.patience);
        self.ask(Method::GET, &path, "asking for commands", Body::default(), patience).await
    }

    /// Says that the effect of a command is durable.
    pub(super) async fn acknowledge(&self, number: u64) -> Result<(), HttpError> {
        let path = format!("{COMMANDS}/{number}");
        let patience = self.options.patience;
        self.ask(Method::DELETE, &path, "acknowledging a command", Body::default(), patience).await.map(drop)
    }

    /// The body of a command, of a size that an agent reads.
    pub(super) async fn body(&self, mut answer: Response) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.unreachable(error))? {
            if body.len() + piece.len() > MAX_INCOMING_COMMAND_BYTES {
                return Err(HttpError::Refused {
                    server: self.server(),
                    operation: "asking for commands",
                    status: answer.status().as_u16(),
                    said: format!("a command of more than {MAX_INCOMING_COMMAND_BYTES} bytes"),
                });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn now() -> i64 {
    Time::from(SystemTime::now()).unix_seconds()
}

fn certificate_error(error: &reqwest::Error) -> Option<&rustls::CertificateError> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = cause.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()));
        if let Some(rustls::Error::InvalidCertificate(fault)) = found {
            return Some(fault);
        }
        source = cause.source();
    }
    None
}

/// The first line of what a server says, safe to be printed.
async fn said(mut answer: Response) -> String {
    let mut text = Vec::new();
    while text.len() < MAX_SAID {
        match answer.chunk().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) | Err(_) => break,
        }
    }
    let text = mig_core::json::lossy(&text);
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect()
}
