//! One bounded queue.

use mig_core::transport::{Envelope, TransportError};
use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

/// A message with the room it takes in its queue; dropping it frees the room.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) body: Vec<u8>,
    pub(super) redelivered: bool,
    expires: Option<Instant>,
    _room: OwnedSemaphorePermit,
}

impl Message {
    fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    messages: Mutex<VecDeque<Message>>,
    arrived: Notify,
    /// Free room, in KiB.
    room: Arc<Semaphore>,
    kibibytes: u32,
}

impl Queue {
    pub(super) fn new(kibibytes: NonZeroU32) -> Self {
        let permits = usize::try_from(kibibytes.get()).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            messages: Mutex::default(),
            arrived: Notify::new(),
            room: Arc::new(Semaphore::new(permits)),
            kibibytes: kibibytes.get(),
        }
    }

    /// Waits for room.
    pub(super) async fn push(&self, envelope: Envelope) -> Result<(), TransportError> {
        let expires = envelope.expires_in.and_then(|time| Instant::now().checked_add(time));
        let room = self.room_for(envelope.body.len()).await?;
        let message = Message { body: envelope.body, redelivered: false, expires, _room: room };
        self.lock().push_back(message);
        self.arrived.notify_one();
        Ok(())
    }

    async fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, TransportError> {
        let wanted = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, self.kibibytes);
        let permit = Arc::clone(&self.room).acquire_many_owned(wanted);
        tokio::pin!(permit);
        loop {
            tokio::select! {
                biased;
                permit = &mut permit => return permit.map_err(|_| TransportError::Closed),
                () = self.expire() => {}
            }
        }
    }

    /// Forgets what has expired, which frees room, and waits until more will have.
    async fn expire(&self) {
        let now = Instant::now();
        let next = {
            let mut messages = self.lock();
            messages.retain(|message| !message.has_expired(now));
            messages.iter().filter_map(|message| message.expires).min()
        };
        match next {
            Some(time) => sleep_until(time).await,
            None => std::future::pending().await,
        }
    }

    /// Takes the first message that has not expired; waits for one.
    pub(super) async fn pop(&self) -> Result<Message, TransportError> {
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            // From here on no arrival and no close is missed.
            arrived.as_mut().enable();
            if self.room.is_closed() {
                self.arrived.notify_one();
                return Err(TransportError::Closed);
            }
            if let Some(message) = self.first() {
                return Ok(message);
            }
            arrived.await;
        }
    }

    /// Returns a message to the head of the queue, to be delivered again.
    pub(super) fn put_back(&self, message: Message) {
        if self.room.is_closed() {
            return;
        }
        self.lock().push_front(Message { redelivered: true, ..message });
        self.arrived.notify_one();
    }

    pub(super) fn close(&self) {
        self.room.close();
        self.lock().clear();
        // One receiver wakes the next.
        self.arrived.notify_one();
    }

    fn first(&self) -> Option<Message> {
        let now = Instant::now();
        let mut messages = self.lock();
        std::iter::from_fn(|| messages.pop_front()).find(|message| !message.has_expired(now))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
