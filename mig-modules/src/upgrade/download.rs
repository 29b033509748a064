//! A program from a server, by HTTPS only, piece by piece.

use super::{
    settings::{Patience, Settings},
    tls,
};
use crate::net::TICK;
use mig_core::{
    duration,
    module::{Session, Stop},
};
use std::{
    io::{self, Read},
    path::PathBuf,
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    thread,
    time::Duration,
};
use ureq::{Agent, Timeout, http::StatusCode};

/// Largest piece, in bytes; it is the largest record of TLS too.
const PIECE_BYTES: usize = 16 << 10;
/// How many pieces may wait to be written.
const PIECES: usize = 16;
/// How often a server may send us elsewhere.
const MAX_REDIRECTS: u32 = 5;

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub(super) enum DownloadError {
    #[error(transparent)]
    Stopped(#[from] Stop),
    #[error("no certificate authority is known: {0}")]
    NoRoots(String),
    #[error("cannot read the certificate authorities in {}: {reason}", path.display())]
    Roots { path: PathBuf, reason: String },
    #[error("the server answers with status {0}, not 200 OK")]
    Status(StatusCode),
    #[error("it is sent to '{0}', which is not https")]
    NotHttps(String),
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the server was silent for {}", duration::format(*.0))]
    Silent(Duration),
    #[error("it takes longer than {}", duration::format(*.0))]
    Slow(Duration),
    #[error(transparent)]
    Failed(ureq::Error),
    #[error("cannot write it: {0}")]
    Write(io::Error),
    #[error("there is no thread for it: {0}")]
    NoThread(io::Error),
}

impl DownloadError {
    fn of(error: ureq::Error, patience: &Patience) -> Self {
        match error {
            ureq::Error::RequireHttpsOnly(location) => Self::NotHttps(location),
            ureq::Error::Timeout(Timeout::Global | Timeout::PerCall) => Self::Slow(patience.download),
            ureq::Error::Timeout(_) => Self::Silent(patience.silence),
            error => Self::Failed(error),
        }
    }
}

/// What a thread has received.
enum Piece {
    Bytes(Vec<u8>),
    /// It was all.
    End,
}

/// Takes what is at a location, at most as much as allowed, and hands it on while it comes; how many bytes it was. A stop is obeyed
/// also while the server is silent.
pub(super) fn fetch(
    location: &str,
    settings: &Settings,
    session: &dyn Session,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<u64, DownloadError> {
    session.checkpoint()?;
    let client = client(settings)?;
    let _interrupt = Interrupt(&client);
    let pieces = receive(&client, location, settings)?;
    let mut size = 0_usize;
    loop {
        session.checkpoint()?;
        let bytes = match pieces.recv_timeout(TICK) {
            Ok(Ok(Piece::Bytes(bytes))) => bytes,
            Ok(Ok(Piece::End)) => return Ok(u64::try_from(size).unwrap_or(u64::MAX)),
            Ok(Err(error)) => return Err(error),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(DownloadError::NoThread(io::Error::other("it died")));
            }
        };
        size = size.saturating_add(bytes.len());
        if size > settings.program_bytes {
            return Err(DownloadError::TooLarge(settings.program_bytes));
        }
        write(&bytes).map_err(DownloadError::Write)?;
    }
}

/// Proxies are those of the environment.
fn client(settings: &Settings) -> Result<Agent, DownloadError> {
    let config = Agent::config_builder()
        .tls_config(tls::config(settings.extra_roots.as_deref())?)
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(MAX_REDIRECTS)
        .user_agent(concat!("mig-agent/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(settings.patience.download))
        .timeout_connect(Some(settings.patience.silence))
        .timeout_resolve(Some(settings.patience.silence))
        .timeout_recv_response(Some(settings.patience.silence))
        .timeout_per_read(Some(settings.patience.silence))
        .timeout_per_write(Some(settings.patience.silence));
    Ok(config.build().new_agent())
}

/// Ends the connections of a client, whatever its thread waits for.
struct Interrupt<'a>(&'a Agent);

impl Drop for Interrupt<'_> {
    fn drop(&mut self) {
        self.0.clone().shutdown();
    }
}

/// Has a thread wait for the server. It ends with its client.
fn receive(
    client: &Agent,
    location: &str,
    settings: &Settings,
) -> Result<Receiver<Result<Piece, DownloadError>>, DownloadError> {
    let (sender, receiver) = mpsc::sync_channel(PIECES);
    let (client, location) = (client.clone(), location.to_owned());
    let (limit, patience) = (settings.program_bytes, settings.patience.clone());
    let work = move || {
        let end = transfer(&client, &location, limit, &patience, &sender).map(|()| Piece::End);
        // Nobody listens any more: the answer is not wanted.
        sender.send(end).ok();
    };
    thread::Builder::new().spawn(work).map_err(DownloadError::NoThread)?;
    Ok(receiver)
}

fn transfer(
    client: &Agent,
    location: &str,
    limit: usize,
    patience: &Patience,
    sender: &SyncSender<Result<Piece, DownloadError>>,
) -> Result<(), DownloadError> {
    let failed = |error| DownloadError::of(error, patience);
    let response = client.get(location).call().map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(DownloadError::Status(response.status()));
    }
    let announced = response.body().content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(DownloadError::TooLarge(limit));
    }
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let length = body.read(&mut buffer).map_err(|error| failed(error.into()))?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() || sender.send(Ok(Piece::Bytes(bytes.to_vec()))).is_err() {
            return Ok(());
        }
    }
}
