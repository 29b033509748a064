//! Any bytes in place of what the kernel answers by netlink: messages, attributes, and the rows of each table.
#![no_main]

use mig_modules::sys::{
    linux::{
        netlink::{Attributes, Messages},
        route, sock_diag,
    },
    network::Protocol,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for message in Messages(bytes).flatten() {
        _ = Attributes(message.body).count();
        _ = (sock_diag::inet_socket(message.body, Protocol::Tcp), sock_diag::unix_socket(message.body));
        _ = (route::link(message.body), route::address(message.body), route::neighbour(message.body));
    }
});
