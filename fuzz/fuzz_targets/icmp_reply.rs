//! Any datagram in answer to an echo request, and any report of the network: about the request or not, but never a panic, and never
//! an answer by chance.
#![no_main]

use mig_modules::ping::packet::Echo;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

libfuzzer_sys::fuzz_target!(|datagram: &[u8]| {
    for target in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let echo = Echo { target, identifier: 0x1234, sequence: 1 };
        _ = echo.read(target, datagram);
        if let [kind, code, sent @ ..] = datagram {
            _ = echo.undelivered(*kind, *code, sent);
        }
    }
});
