use super::*;
use proptest::prelude::*;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn echo(target: IpAddr) -> Echo {
    Echo { target, identifier: 0x1234, sequence: 5 }
}

/// A message with its checksum.
fn sealed(mut message: Vec<u8>) -> Vec<u8> {
    message[2..4].fill(0);
    let sum = checksum(&message).to_be_bytes();
    message.splice(2..4, sum);
    message
}

/// The reply of a host that follows the rules.
fn reply(echo: &Echo) -> Vec<u8> {
    let mut message = echo.request();
    message[0] = echo.reply_type();
    if echo.target.is_ipv4() { sealed(message) } else { message }
}

fn ipv4_header(target: Ipv4Addr) -> Vec<u8> {
    let mut header = vec![0; 20];
    header[0] = 0x45;
    header[9] = ICMP;
    header[16..].copy_from_slice(&target.octets());
    header
}

/// An error about a request.
fn error(echo: &Echo, kind: u8, code: u8) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    match echo.target {
        IpAddr::V4(target) => {
            message.extend(ipv4_header(target));
            message.extend(&echo.request()[..8]);
            sealed(message)
        }
        IpAddr::V6(target) => {
            let mut header = vec![0; 40];
            header[6] = ICMP_V6;
            header[24..].copy_from_slice(&target.octets());
            message.extend(header);
            message.extend(echo.request());
            message
        }
    }
}

#[test]
fn a_reply_is_known_with_and_without_a_header_in_front() {
    for target in [V4, V6] {
        let echo = echo(target);
        assert_eq!(echo.read(target, &reply(&echo)), Some(Reply::Echo));
    }
    let echo = echo(V4);
    let packet = [ipv4_header(Ipv4Addr::LOCALHOST), reply(&echo)].concat();
    assert_eq!(echo.read(V4, &packet), Some(Reply::Echo));
}

#[test]
fn replies_to_others_and_forged_ones_do_not_count() {
    for target in [V4, V6] {
        let ours = echo(target);
        assert_eq!(ours.read(ROUTER, &reply(&ours)), None, "another source");
        assert_eq!(ours.read(target, &reply(&Echo { identifier: 1, ..ours })), None, "another process");
        assert_eq!(ours.read(target, &reply(&Echo { sequence: 4, ..ours })), None, "an earlier request");
        assert_eq!(ours.read(target, &ours.request()), None, "a request");
        let mut other = reply(&ours);
        other.truncate(20);
        let other = if target.is_ipv4() { sealed(other) } else { other };
        assert_eq!(ours.read(target, &other), None, "another payload");
    }
    let ours = echo(V4);
    let mut broken = reply(&ours);
    broken[3] ^= 1;
    assert_eq!(ours.read(V4, &broken), None, "a wrong checksum");
}

#[test]
fn errors_count_if_they_quote_the_request() {
    for (target, kind, code, reason) in [
        (V4, 3, 0, "network unreachable"),
        (V4, 3, 1, "host unreachable"),
        (V4, 3, 13, "prohibited by a filter"),
        (V4, 3, 4, "destination unreachable"),
        (V4, 11, 0, "time to live exceeded"),
        (V6, 1, 0, "no route to destination"),
        (V6, 1, 1, "prohibited by a filter"),
        (V6, 1, 3, "host unreachable"),
        (V6, 1, 4, "port unreachable"),
        (V6, 3, 0, "time to live exceeded"),
    ] {
        let ours = echo(target);
        let message = error(&ours, kind, code);
        assert_eq!(ours.read(ROUTER, &message), Some(Reply::Unreachable(reason)), "{target} {kind} {code}");
        let of_another = error(&Echo { sequence: 6, ..ours }, kind, code);
        assert_eq!(ours.read(ROUTER, &of_another), None);
        let sent = ours.request();
        assert_eq!(ours.undelivered(kind, code, &sent[..8]), Some(Reply::Unreachable(reason)));
        assert_eq!(ours.undelivered(kind, code, &Echo { sequence: 6, ..ours }.request()), None);
        assert_eq!(ours.undelivered(kind, code, &sent[..7]), None);
        assert_eq!(ours.undelivered(5, 0, &sent), None);
    }
    let elsewhere = error(&echo(ROUTER), 3, 1);
    assert_eq!(echo(V4).read(ROUTER, &elsewhere), None);
}

#[test]
fn messages_of_other_kinds_are_not_about_us() {
    let ours = echo(V4);
    for kind in [4, 5, 9, 13, 14, 255] {
        assert_eq!(ours.read(V4, &error(&ours, kind, 0)), None, "{kind}");
    }
}

#[test]
fn the_checksum_is_that_of_the_standard() {
    assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    assert_eq!(checksum(&[0xff; 65_535]), 0x00ff);
    assert_eq!(checksum(&[]), 0xffff);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_bytes_are_taken_for_a_reply_or_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for target in [V4, V6] {
            prop_assert_eq!(echo(target).read(target, &bytes), None);
        }
    }

    #[test]
    fn cut_and_flipped_messages_never_break_the_reader(cut in 0_usize..120, at in 0_usize..120, bit in 0_u8..8) {
        for target in [V4, V6] {
            let echo = echo(target);
            for mut message in [reply(&echo), error(&echo, 3, 1), error(&echo, 1, 1)] {
                if let Some(byte) = message.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                message.truncate(cut);
                _ = echo.read(target, &message);
            }
        }
    }
}

#[test]
fn the_checksum_of_icmp_v6_covers_both_addresses() {
    let echo = echo(V6);
    let message = echo.request_from(V6);
    let covered = [&[0; 15][..], &[1], &[0; 15], &[1], &[0, 0, 0, 53, 0, 0, 0, 58], &message].concat();
    assert_eq!((message.len(), checksum(&covered)), (53, 0));
    assert_ne!(message[2..4], [0, 0]);
    let v4 = self::echo(V4);
    assert_eq!(v4.request_from(V6), v4.request());
}
