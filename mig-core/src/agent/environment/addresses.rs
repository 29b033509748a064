//! Addresses of this machine with their prefix lengths, out of what the Linux kernel shows of its routing tables.
//! On other systems there are none yet.

use super::linux::read;
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

/// Every address but those of the loopback interface, IPv4 first.
pub(super) fn of_this_machine() -> Vec<String> {
    let tree = read("/proc/net/fib_trie").unwrap_or_default();
    let routes = read("/proc/net/route").unwrap_or_default();
    let mut addresses = ipv4(&tree, &routes);
    addresses.extend(ipv6(&read("/proc/net/if_inet6").unwrap_or_default()));
    addresses
}

/// A local address is a leaf followed by `/32 host LOCAL`; its prefix length is that of the network it lies in.
fn ipv4(tree: &str, routes: &str) -> Vec<String> {
    let networks: Vec<_> = routes.lines().filter_map(network).collect();
    let mut leaf = None;
    let mut local = BTreeSet::new();
    for line in tree.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 host LOCAL") {
            local.extend(leaf.filter(|address| !address.is_loopback()));
        }
    }
    local.iter().map(|address| format!("{address}/{}", prefix_length(*address, &networks))).collect()
}

fn prefix_length(address: Ipv4Addr, networks: &[(u32, u32)]) -> u32 {
    let inside = networks.iter().filter(|(network, mask)| u32::from(address) & mask == *network);
    inside.map(|(_, mask)| mask.leading_ones()).max().unwrap_or(32)
}

/// Network and mask of a route that needs no gateway: columns 2, 3 and 8, hexadecimal in the order of the machine.
fn network(line: &str) -> Option<(u32, u32)> {
    let columns: Vec<_> = line.split_ascii_whitespace().collect();
    let number = |column: usize| {
        let raw = u32::from_str_radix(columns.get(column)?, 16).ok()?;
        Some(u32::from_be_bytes(raw.to_ne_bytes()))
    };
    let (network, gateway, mask) = (number(1)?, number(2)?, number(7)?);
    (gateway == 0 && mask != 0).then_some((network, mask))
}

/// One line per address: 32 hexadecimal digits, interface index, prefix length (hexadecimal), scope, flags, name.
fn ipv6(interfaces: &str) -> Vec<String> {
    let address = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let address = Ipv6Addr::from(u128::from_str_radix(columns.next()?, 16).ok()?);
        let length = u8::from_str_radix(columns.nth(1)?, 16).ok()?;
        (!address.is_loopback()).then(|| format!("{address}/{length}"))
    };
    interfaces.lines().filter_map(address).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.2.0/24 2 0 2
        |-- 10.1.2.0
           /24 link UNICAST
        |-- 10.1.2.7
           /32 host LOCAL
        |-- 10.1.2.255
           /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.0.2.9
        /32 host LOCAL
";

    #[cfg(target_endian = "little")]
    #[test]
    fn ipv4_addresses_have_the_prefix_of_their_network() {
        let routes = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
                      eth0 00000000 0101010A 0003 0 0 0 00000000 0 0 0\n\
                      eth0 0002010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n";
        assert_eq!(ipv4(TREE, routes), ["10.1.2.7/24", "192.0.2.9/32"]);
    }

    #[test]
    fn ipv6_addresses_are_written_short() {
        let text = "00000000000000000000000000000001 01 80 10 80       lo\n\
                    fe80000000000000021a4afffe000001 02 40 20 80     eth0\n";
        assert_eq!(ipv6(text), ["fe80::21a:4aff:fe00:1/64"]);
    }

    #[test]
    fn broken_tables_give_no_address() {
        for text in ["", "|-- x\n/32 host LOCAL", "/32 host LOCAL", "zz 1 2", "\u{0}"] {
            assert!(ipv4(text, text).is_empty() && ipv6(text).is_empty());
        }
    }
}
