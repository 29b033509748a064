//! Waiting for the network in short steps, so that a stop is obeyed between them.

use mig_core::module::Stop;
use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, UdpSocket},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// Longest time between two looks at whether the run must end.
pub const TICK: Duration = Duration::from_millis(50);

/// Why waiting ended without an answer.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The run must end.
    #[error(transparent)]
    Stopped(#[from] Stop),
    /// A call of the system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Nothing came in time.
    #[error("no answer within {}", mig_core::duration::format(*.0))]
    TimedOut(Duration),
}

/// Has a thread do what can not be interrupted, and waits for it: at most `limit`. A thread that is not waited for any longer
/// is left to itself.
///
/// # Errors
/// [`WaitError`], also if there can be no thread.
pub fn in_background<T: Send + 'static>(
    limit: Duration,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WaitError> {
    let begin = Instant::now();
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody listens any more: the answer is not wanted.
    thread::Builder::new().spawn(move || sender.send(work()).ok())?;
    loop {
        checkpoint()?;
        let left = limit.saturating_sub(begin.elapsed());
        match receiver.recv_timeout(left.min(TICK)) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(WaitError::TimedOut(limit)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("a thread died").into()),
        }
    }
}

/// Waits for one datagram, at most `limit`: how much of the buffer it fills, and who sent it.
///
/// # Errors
/// [`WaitError`].
pub fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
    limit: Duration,
    checkpoint: &dyn Fn() -> Result<(), Stop>,
) -> Result<(usize, SocketAddr), WaitError> {
    let begin = Instant::now();
    loop {
        checkpoint()?;
        let left = limit.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Err(WaitError::TimedOut(limit));
        }
        socket.set_read_timeout(Some(left.min(TICK)))?;
        match socket.recv_from(buffer) {
            Ok(received) => return Ok(received),
            Err(error) if is_patience(&error) => {}
            // Only who is connected is told by whom it was sent; others wait for one that fits.
            Err(error) if is_cut(&error) => {
                if let Ok(sender) = socket.peer_addr() {
                    return Ok((buffer.len(), sender));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Nothing came yet. Systems differ in how they say so.
fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A datagram came that the buffer has no room for. Windows calls that an error; other systems cut it silently.
fn is_cut(error: &io::Error) -> bool {
    const MESSAGE_SIZE: i32 = 10_040;
    cfg!(windows) && error.raw_os_error() == Some(MESSAGE_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn stopping_after(wait: Duration) -> impl Fn() -> Result<(), Stop> {
        let begin = Instant::now();
        move || if begin.elapsed() < wait { Ok(()) } else { Err(Stop::Cancelled) }
    }

    #[test]
    fn a_stop_interrupts_what_can_not_be_interrupted() {
        let begin = Instant::now();
        let stop = stopping_after(Duration::from_millis(20));
        let waited = in_background(LONG, &stop, || thread::sleep(LONG));
        assert!(matches!(waited, Err(WaitError::Stopped(Stop::Cancelled))));
        assert!(begin.elapsed() < LONG / 2, "it was not waited for");
    }

    #[test]
    fn a_stop_interrupts_waiting_for_a_datagram() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let begin = Instant::now();
        let stop = stopping_after(Duration::from_millis(20));
        let waited = receive(&socket, &mut [0; 16], LONG, &stop);
        assert!(matches!(waited, Err(WaitError::Stopped(Stop::Cancelled))));
        assert!(begin.elapsed() < LONG / 2, "it was not waited for");
    }

    #[test]
    fn what_does_not_come_in_time_is_said_so() {
        let limit = Duration::from_millis(10);
        let slow = in_background(limit, &|| Ok(()), || thread::sleep(Duration::from_secs(1)));
        assert_eq!(slow.unwrap_err().to_string(), "no answer within 10ms");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(matches!(receive(&socket, &mut [0; 16], limit, &|| Ok(())), Err(WaitError::TimedOut(_))));
    }

    #[test]
    fn a_datagram_that_does_not_fit_is_cut() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(other.local_addr().unwrap()).unwrap();
        other.send_to(b"hello", socket.local_addr().unwrap()).unwrap();
        let mut buffer = [0; 2];
        let (length, from) = receive(&socket, &mut buffer, LONG, &|| Ok(())).unwrap();
        assert_eq!((&buffer[..length], from), (&b"he"[..], other.local_addr().unwrap()));
    }

    #[test]
    fn answers_are_handed_on() {
        assert_eq!(in_background(LONG, &|| Ok(()), || 7).unwrap(), 7);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        other.send_to(b"hello", socket.local_addr().unwrap()).unwrap();
        let mut buffer = [0; 16];
        let (length, from) = receive(&socket, &mut buffer, LONG, &|| Ok(())).unwrap();
        assert_eq!((&buffer[..length], from), (&b"hello"[..], other.local_addr().unwrap()));
    }
}
