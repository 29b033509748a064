//! The packets of NTP, version 4 (RFC 5905), as far as a client that asks once needs them.

use std::time::Duration;

/// Length of a packet without extensions, in bytes.
pub const PACKET_BYTES: usize = 48;

/// No leap second announced, version 4, client.
const CLIENT: u8 = 0b00_100_011;
/// The mode of an answer.
const SERVER: u8 = 4;
/// A server that is not synchronised to anything says so in its leap indicator.
const ALARM: u8 = 3;
/// The first stratum that is too far from any clock.
const MAX_STRATUM: u8 = 16;
/// The first distance to a clock that is too far.
const MAX_DISTANCE: Duration = Duration::from_secs(16);

/// From 1900, where NTP begins to count, to 1970, in seconds.
const UNIX_EPOCH: i64 = 2_208_988_800;
/// The length of an era of NTP, in seconds.
const ERA: i64 = 1 << 32;

/// One question to one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    nonce: u64,
}

/// What a server says that may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// When the question came to the server, in nanoseconds since 1970.
    pub received: i64,
    /// When its answer left, in nanoseconds since 1970; not before `received`.
    pub sent: i64,
    /// Servers between it and a clock, 1 to 15.
    pub stratum: u8,
    /// How wrong the server may be, by its own account.
    pub distance: Duration,
}

/// Why an answer can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The server does not want to be asked ("kiss of death").
    #[error("the server refuses with code '{0}'")]
    Kiss(String),
    /// Something in its place answered, such as a client.
    #[error("the answer has mode {0}, not that of a server")]
    Mode(u8),
    /// It has no idea of the time.
    #[error("the server is not synchronised")]
    NotSynchronised,
    /// It is too far from a clock to be of use.
    #[error("the server is {} from a clock", mig_core::duration::format(*.0))]
    TooFar(Duration),
    /// A time is missing.
    #[error("null response received from NTP host")]
    NoTime,
    /// The answer left before the question came, or the clock was set later.
    #[error("the times of the answer contradict each other")]
    Contradiction,
}

impl Request {
    /// A question that nobody can answer who has not seen it: the number, random, stands where the time of sending may stand, and
    /// servers repeat it.
    #[must_use]
    pub fn new(nonce: u64) -> Self {
        Self { nonce }
    }

    /// The packet to send.
    #[must_use]
    pub fn packet(&self) -> [u8; PACKET_BYTES] {
        let mut packet = [0; PACKET_BYTES];
        let [first, .., a, b, c, d, e, f, g, h] = &mut packet;
        *first = CLIENT;
        [*a, *b, *c, *d, *e, *f, *g, *h] = self.nonce.to_be_bytes();
        packet
    }

    /// What a datagram answers; `None` if it is no answer to this question, whoever sent it.
    #[must_use]
    pub fn read(&self, datagram: &[u8]) -> Option<Result<Reply, Refusal>> {
        let packet: &[u8; PACKET_BYTES] = datagram.first_chunk()?;
        (long(packet, 24) == self.nonce).then(|| read_answer(packet))
    }
}

/// The checks of RFC 5905, sections 7.4 and 8.
fn read_answer(packet: &[u8; PACKET_BYTES]) -> Result<Reply, Refusal> {
    let [flags, stratum, ..] = *packet;
    if flags & 0b111 != SERVER {
        return Err(Refusal::Mode(flags & 0b111));
    }
    if stratum == 0 {
        return Err(Refusal::Kiss(kiss_code(packet)));
    }
    if flags >> 6 == ALARM || stratum >= MAX_STRATUM {
        return Err(Refusal::NotSynchronised);
    }
    let distance = short(packet, 4) / 2 + short(packet, 8);
    if distance >= MAX_DISTANCE {
        return Err(Refusal::TooFar(distance));
    }
    let [reference, received, sent] = [long(packet, 16), long(packet, 32), long(packet, 40)];
    if received == 0 || sent == 0 {
        return Err(Refusal::NoTime);
    }
    let clock_was_set_later = reference != 0 && unix_nanoseconds(reference) > unix_nanoseconds(sent);
    let [received, sent] = [received, sent].map(unix_nanoseconds);
    if sent < received || clock_was_set_later {
        return Err(Refusal::Contradiction);
    }
    Ok(Reply { received, sent, stratum, distance })
}

/// Four letters in place of the clock, such as `RATE`.
fn kiss_code(packet: &[u8; PACKET_BYTES]) -> String {
    let code = packet.iter().skip(12).take(4).filter(|byte| byte.is_ascii_graphic());
    code.map(|byte| char::from(*byte)).collect()
}

/// The 64 bits at a place: seconds since 1900 and a binary fraction.
fn long(packet: &[u8; PACKET_BYTES], at: usize) -> u64 {
    packet.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The duration at a place: 16 bits of seconds, 16 bits of a fraction.
fn short(packet: &[u8; PACKET_BYTES], at: usize) -> Duration {
    let bits =
        packet.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_be_bytes(*bytes));
    Duration::from_nanos((u64::from(bits) * 1_000_000_000) >> 16)
}

/// Nanoseconds since 1970. Seconds with the highest bit set lie in 1968 to 2036, others in 2036 to 2104 (RFC 4330, section 3).
fn unix_nanoseconds(stamp: u64) -> i64 {
    let [seconds, fraction] = [stamp >> 32, stamp & 0xffff_ffff];
    let era = if seconds >> 31 == 1 { 0 } else { ERA };
    let nanoseconds = (fraction * 1_000_000_000) >> 32;
    // 136 years at most: far from the limits of the type.
    (seconds.cast_signed() + era - UNIX_EPOCH) * 1_000_000_000 + nanoseconds.cast_signed()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-24 02:07:52 and a half, in the seconds of NTP.
    pub(in crate::timedrift) const NOON: u64 = (4_004_474_872 << 32) | (1 << 31);

    /// What a server that follows the rules answers when its clock shows this.
    pub(in crate::timedrift) fn answer(request: &[u8], stamp: u64) -> [u8; PACKET_BYTES] {
        let mut packet = [0; PACKET_BYTES];
        packet[0] = 0b00_100_100;
        packet[1] = 2;
        packet[4..8].copy_from_slice(&(1_u32 << 15).to_be_bytes());
        packet[8..12].copy_from_slice(&(1_u32 << 14).to_be_bytes());
        packet[16..24].copy_from_slice(&(stamp - (60 << 32)).to_be_bytes());
        packet[24..32].copy_from_slice(&request[40..48]);
        packet[32..40].copy_from_slice(&stamp.to_be_bytes());
        packet[40..48].copy_from_slice(&stamp.to_be_bytes());
        packet
    }

    const REQUEST: Request = Request { nonce: 0x0123_4567_89ab_cdef };

    fn good() -> [u8; PACKET_BYTES] {
        answer(&REQUEST.packet(), NOON)
    }

    fn with(at: usize, bytes: &[u8]) -> Option<Result<Reply, Refusal>> {
        let mut packet = good();
        packet[at..at + bytes.len()].copy_from_slice(bytes);
        REQUEST.read(&packet)
    }

    #[test]
    fn a_question_says_nothing_but_its_number() {
        let packet = REQUEST.packet();
        assert_eq!((packet[0], &packet[40..]), (0x23, &0x0123_4567_89ab_cdef_u64.to_be_bytes()[..]));
        assert!(packet[1..40].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_good_answer_has_its_times_and_its_distance() {
        let time = 1_795_486_072_500_000_000;
        let distance = Duration::from_millis(500);
        let expected = Reply { received: time, sent: time, stratum: 2, distance };
        assert_eq!(REQUEST.read(&good()), Some(Ok(expected)));
        let longer = [&good()[..], &[0xff; 100]].concat();
        assert_eq!(REQUEST.read(&longer), Some(Ok(expected)), "with extensions behind");
    }

    #[test]
    fn what_does_not_repeat_the_number_is_no_answer() {
        assert_eq!(with(31, &[0]), None);
        assert_eq!(REQUEST.read(&good()[..47]), None);
        assert_eq!(REQUEST.read(&[]), None);
        assert_eq!(REQUEST.read(&REQUEST.packet()), None, "the question itself");
    }

    #[test]
    fn answers_that_must_not_be_believed_are_refused_with_the_reason() {
        let refused = |at: usize, bytes: &[u8]| with(at, bytes).unwrap().unwrap_err();
        assert_eq!(refused(0, &[0x23]), Refusal::Mode(3));
        assert_eq!(refused(0, &[0b00_100_101]), Refusal::Mode(5));
        assert_eq!(refused(0, &[0b11_100_100]), Refusal::NotSynchronised);
        assert_eq!(refused(1, &[16]), Refusal::NotSynchronised);
        assert_eq!(refused(1, &[255]), Refusal::NotSynchronised);
        assert_eq!(refused(4, &[0, 30, 0, 0, 0, 1, 0, 0]), Refusal::TooFar(Duration::from_secs(16)));
        assert_eq!(refused(40, &[0; 8]), Refusal::NoTime);
        assert_eq!(refused(32, &[0; 8]), Refusal::NoTime);
        assert_eq!(refused(32, &(NOON + 1_000).to_be_bytes()), Refusal::Contradiction);
        assert_eq!(refused(16, &(NOON + 1_000).to_be_bytes()), Refusal::Contradiction);
    }

    #[test]
    fn a_kiss_of_death_is_told_with_its_code() {
        let mut packet = good();
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"RA\x1bE");
        let refusal = REQUEST.read(&packet).unwrap().unwrap_err();
        assert_eq!(refusal.to_string(), "the server refuses with code 'RAE'");
    }

    #[test]
    fn a_fraction_of_zero_is_a_time() {
        let whole = NOON & !0xffff_ffff;
        assert!(REQUEST.read(&answer(&REQUEST.packet(), whole)).unwrap().is_ok());
    }

    #[test]
    fn time_goes_on_after_2036() {
        let at = |seconds: i64| unix_nanoseconds(seconds.cast_unsigned() << 32) / 1_000_000_000;
        let turn = ERA - UNIX_EPOCH;
        assert_eq!(at(ERA - 1), turn - 1);
        assert_eq!(at(0), turn);
        assert_eq!(at(1 << 31), (1 << 31) - UNIX_EPOCH);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(REQUEST.read(&bytes), None);
            let mut packet = good();
            for (place, byte) in packet.iter_mut().zip(&bytes) {
                *place = *byte;
            }
            packet[24..32].copy_from_slice(&REQUEST.packet()[40..]);
            if let Some(Ok(reply)) = REQUEST.read(&packet) {
                prop_assert!(reply.sent >= reply.received && (1..16).contains(&reply.stratum));
            }
        }
    }
}
