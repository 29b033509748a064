//! The agent's half.

mod line;
mod subscription;

use super::{
    error::HttpError,
    options::HttpOptions,
    wire::{ENROLMENT, EXPIRES_IN, EnrolmentRequest, HEARTBEATS, RESULTS},
};
use crate::backoff::Backoff;
use async_trait::async_trait;
use line::{Body, Line};
use mig_core::{
    enrolment::Invitation,
    json,
    transport::{Address, Envelope, Subscription, Transport, TransportError},
};
use reqwest::Method;
use std::{sync::Arc, time::Instant};

/// A server that carries the messages of one agent. Cloning is cheap, all clones are one.
///
/// What can not be handed over is tried again until it is accepted, refused, or too old.
///
/// ```no_run
/// use mig_core::{agent::AgentName, enrolment::AgentKey, transport::{Address, Transport as _}};
/// use mig_transport::http::{HttpOptions, HttpRelay};
/// use std::path::Path;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let state = Path::new("/var/lib/mig");
/// let queue_location = AgentName::load_or_create(state)?.queue_location("linux");
/// let key = AgentKey::load_or_create(state)?;
/// let relay = HttpRelay::new(HttpOptions::new("https://mig.example.net", &queue_location, key)?)?;
/// relay.enrol(&"mig-invitation-…".parse()?).await?;
/// let mut commands = relay.subscribe(&Address::Agent(queue_location)).await?;
/// let command = commands.next().await?;
/// # let _ = command;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HttpRelay {
    line: Arc<Line>,
}

impl HttpRelay {
    /// Prepares everything and connects to nobody yet.
    ///
    /// # Errors
    /// [`HttpError`] if certificates or proxy can not be used.
    pub fn new(options: HttpOptions) -> Result<Self, HttpError> {
        Ok(Self { line: Arc::new(Line::new(options)?) })
    }

    /// Makes the server know this agent's key. May be repeated with the same invitation.
    ///
    /// # Errors
    /// [`HttpError::NotInvited`], [`HttpError::AnotherAgent`], or what is wrong with the way to the server.
    pub async fn enrol(&self, invitation: &Invitation) -> Result<(), HttpError> {
        let options = &self.line.options;
        let request = EnrolmentRequest {
            invitation: invitation.expose().to_owned(),
            queue_location: options.queue_location.clone(),
            key: options.key.public().to_string(),
        };
        let text =
            json::to_string(&request).map_err(|error| HttpError::Client { reason: error.to_string() })?;
        self.line.enrol(ENROLMENT, text.into_bytes()).await
    }

    /// Hands a message over, however long that takes.
    async fn post(
        &self,
        path: &str,
        operation: &'static str,
        message: Envelope,
    ) -> Result<(), TransportError> {
        let options = &self.line.options;
        let mut backoff = Backoff::new(options.first_pause, options.longest_pause);
        let began = Instant::now();
        let body = bytes::Bytes::from(message.body);
        loop {
            let left = message.expires_in.map(|life| life.saturating_sub(began.elapsed()));
            if left.is_some_and(|left| left.is_zero())
                && message.expires_in.is_some_and(|life| !life.is_zero())
            {
                tracing::warn!(operation, "a message became too old before the server took it");
                return Ok(());
            }
            let headers = left.map(|left| (EXPIRES_IN, left.as_secs().max(1).to_string()));
            let request = Body { bytes: body.clone(), header: headers };
            match self.line.ask(Method::POST, path, operation, request, options.patience).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(error) => return Err(backend(operation, error)),
            }
        }
    }
}

#[async_trait]
impl Transport for HttpRelay {
    async fn send(&self, to: &Address, message: Envelope) -> Result<(), TransportError> {
        match to {
            Address::Results => self.post(RESULTS, "handing an answer over", message).await,
            Address::Heartbeats => self.post(HEARTBEATS, "sending a heartbeat", message).await,
            Address::Agent(_) => Err(TransportError::Unroutable { address: to.clone() }),
        }
    }

    async fn subscribe(&self, address: &Address) -> Result<Box<dyn Subscription>, TransportError> {
        match address {
            Address::Agent(queue_location) if *queue_location == self.line.options.queue_location => {
                Ok(Box::new(subscription::subscribe(Arc::clone(&self.line)).await?))
            }
            // The server gives an agent its own commands only.
            _ => Err(TransportError::Unroutable { address: address.clone() }),
        }
    }
}

fn backend(operation: &'static str, error: HttpError) -> TransportError {
    TransportError::Backend { operation, source: Box::new(error) }
}
