//! Any bytes in place of a text table of the network: those below `/proc/net`, and the listing of the Windows tool.
#![no_main]

use mig_modules::sys::{
    linux::proc_net,
    network::{Family, Protocol, netstat_tool},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for line in bytes.split(|byte| *byte == b'\n') {
        for family in [Family::V4, Family::V6] {
            if let Ok(socket) = proc_net::socket(line, Protocol::Tcp, family) {
                assert!(family == Family::V6 || socket.remote.is_ipv4());
            }
        }
        _ = (proc_net::neighbour(line), proc_net::unix_socket(line));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let listing = netstat_tool::parse(text);
        assert!(listing.sockets.len() + listing.unreadable <= listing.entries);
    }
});
