//! From where a request comes.

use axum::http::{HeaderMap, header::HeaderName};
use std::net::IpAddr;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the caller: of the connection, or with `from_end` of that entry of `X-Forwarded-For`, counted from the last one,
/// which the nearest proxy wrote. Beyond the list it is the first entry. `None` where there is none, or it is no address.
pub(crate) fn address(headers: &HeaderMap, peer: Option<IpAddr>, from_end: Option<usize>) -> Option<IpAddr> {
    let Some(from_end) = from_end else { return peer.map(|address| address.to_canonical()) };
    // Several headers are one list.
    let lines = headers.get_all(&FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let place = entries.len().saturating_sub(from_end.saturating_add(1));
    entries.get(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (FORWARDED_FOR.clone(), line.parse().unwrap())).collect()
    }

    fn forwarded(lines: &[&str], from_end: usize) -> Option<String> {
        let peer = Some("203.0.113.1".parse().unwrap());
        address(&headers(lines), peer, Some(from_end)).map(|address| address.to_string())
    }

    #[test]
    fn entries_are_counted_from_the_last_one() {
        let list = ["192.0.2.1, 192.0.2.2", "192.0.2.3"];
        for (from_end, expected) in [(0, "192.0.2.3"), (1, "192.0.2.2"), (2, "192.0.2.1"), (9, "192.0.2.1")] {
            assert_eq!(forwarded(&list, from_end).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_missing_or_no_address_is_nobody() {
        assert_eq!(forwarded(&[], 0), None);
        assert_eq!(forwarded(&["unknown"], 0), None);
        assert_eq!(forwarded(&["192.0.2.1:4711"], 0), None);
        assert_eq!(address(&headers(&["192.0.2.9"]), None, None), None);
    }

    #[test]
    fn without_a_proxy_the_header_says_nothing() {
        let peer = Some("::ffff:203.0.113.1".parse().unwrap());
        let found = address(&headers(&["192.0.2.1"]), peer, None).unwrap();
        assert_eq!(found.to_string(), "203.0.113.1");
    }
}
