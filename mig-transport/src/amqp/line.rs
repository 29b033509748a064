//! A connection that comes back: one task connects, and connects again, for ever.

use super::{AmqpError, AmqpOptions, Role, dial, publish::Channels, topology};
use crate::backoff::Backoff;
use futures_core::Stream;
use lapin::{Connection, Event};
use mig_core::transport::TransportError;
use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::AbortHandle, time::timeout};

/// One connection while it lasts.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) channels: Channels,
}

#[derive(Clone, Debug)]
enum State {
    /// With the reason, once there is one.
    Down(Option<AmqpError>),
    Up(Arc<Link>),
    Closed,
}

/// Ends with its last owner.
#[derive(Debug)]
pub(super) struct Line {
    state: watch::Sender<State>,
    keeper: AbortHandle,
}

/// How long a broker may take to answer a farewell.
const FAREWELL: Duration = Duration::from_secs(5);

impl Line {
    /// Begins to connect, with `first` if that was done already.
    pub(super) fn new(options: Arc<AmqpOptions>, first: Option<Opened>) -> Self {
        let state = watch::Sender::new(State::Down(None));
        let keeper = Keeper {
            backoff: Backoff::new(options.first_pause, options.longest_pause),
            state: state.clone(),
            options,
        };
        Self { state, keeper: tokio::spawn(keeper.keep(first)).abort_handle() }
    }

    /// The connection; waits for one, unless somebody has to change something first.
    pub(super) async fn link(&self) -> Result<Arc<Link>, TransportError> {
        let mut states = self.state.subscribe();
        let known = states
            .wait_for(|state| match state {
                State::Down(reason) => reason.as_ref().is_some_and(AmqpError::needs_an_operator),
                State::Up(_) | State::Closed => true,
            })
            .await
            .map_err(|_| TransportError::Closed)?;
        match &*known {
            State::Up(link) => Ok(Arc::clone(link)),
            State::Down(Some(reason)) => Err(super::backend("connection", reason.clone())),
            State::Down(None) | State::Closed => Err(TransportError::Closed),
        }
    }

    /// Returns when this link is no longer the connection.
    pub(super) async fn lost(&self, link: &Arc<Link>) {
        let mut states = self.state.subscribe();
        let is_other = |state: &State| !matches!(state, State::Up(now) if Arc::ptr_eq(now, link));
        // It fails only without a sender, and this is one.
        states.wait_for(is_other).await.ok();
    }

    /// True if there is a connection now.
    pub(super) fn is_up(&self) -> bool {
        matches!(&*self.state.borrow(), State::Up(_))
    }

    /// True if no connection will come any more.
    pub(super) fn is_closed(&self) -> bool {
        matches!(&*self.state.borrow(), State::Closed)
    }

    pub(super) async fn close(&self) {
        self.keeper.abort();
        if let State::Up(link) = self.state.send_replace(State::Closed) {
            // A broker that is gone needs no farewell.
            timeout(FAREWELL, link.connection.close(200, "OK".into())).await.ok();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.keeper.abort();
        self.state.send_replace(State::Closed);
    }
}

/// A new connection, and what ends it.
pub(super) struct Opened {
    link: Link,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

/// Connects once, and declares what our role declares.
pub(super) async fn open(options: &AmqpOptions) -> Result<Opened, AmqpError> {
    let connection = dial::dial(options).await?;
    let events = Box::pin(connection.events_listener());
    if options.role == Role::Scheduler {
        topology::declare(&connection, options.has_events).await?;
    }
    Ok(Opened { link: Link { connection, channels: Channels::default() }, events })
}

struct Keeper {
    options: Arc<AmqpOptions>,
    backoff: Backoff,
    state: watch::Sender<State>,
}

impl Keeper {
    async fn keep(mut self, mut first: Option<Opened>) {
        loop {
            let opened = match first.take() {
                Some(opened) => Ok(opened),
                None => open(&self.options).await,
            };
            match opened {
                Ok(opened) => self.hold(opened).await,
                Err(error) => {
                    tracing::warn!(%error, "no connection to the relay, trying again");
                    self.state.send_replace(State::Down(Some(error)));
                }
            }
            tokio::time::sleep(self.backoff.pause()).await;
        }
    }

    /// Returns when the connection has ended.
    async fn hold(&mut self, opened: Opened) {
        let began = Instant::now();
        let endpoint = self.options.peer().endpoint;
        let Opened { link, mut events } = opened;
        tracing::info!(endpoint, "connected to the relay");
        let link = Arc::new(link);
        self.state.send_replace(State::Up(Arc::clone(&link)));
        let reason = ended(&link.connection, &mut events).await;
        self.state.send_replace(State::Down(None));
        tracing::warn!(endpoint, reason, "connection to the relay lost, connecting again");
        self.backoff.succeeded(began.elapsed());
    }
}

/// How often to look whether a connection lives whose events said nothing.
const LOOK: Duration = Duration::from_secs(1);

async fn ended(connection: &Connection, events: &mut (impl Stream<Item = Event> + Unpin)) -> String {
    loop {
        if !connection.status().connected() {
            return "it is no longer connected".to_owned();
        }
        let next = std::future::poll_fn(|context| Pin::new(&mut *events).poll_next(context));
        match timeout(LOOK, next).await {
            Ok(Some(Event::Error(error))) if !connection.status().connected() => return error.to_string(),
            Ok(Some(Event::Error(error))) => tracing::debug!(%error, "the relay refused something"),
            Ok(Some(Event::ConnectionBlocked(reason))) => {
                tracing::warn!(reason, "the relay takes no messages for now: it is short of memory or disk");
            }
            Ok(Some(Event::ConnectionUnblocked)) => tracing::info!("the relay takes messages again"),
            Ok(Some(_)) | Err(_) => {}
            Ok(None) => return "its driver ended".to_owned(),
        }
    }
}
