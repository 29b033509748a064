//! Which of many networks hold an address: a look-up for each length of prefix that occurs, however many networks there are.

use crate::sys::network::Subnet;
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

/// Networks, each with the places of the queries that ask for it.
#[derive(Debug, Default)]
pub(super) struct Peers {
    queries: HashMap<Subnet, Vec<usize>>,
    prefixes: [BTreeSet<u8>; 2],
}

impl Peers {
    pub(super) fn new(queries: impl IntoIterator<Item = (usize, Subnet)>) -> Self {
        let mut peers = Self::default();
        for (place, subnet) in queries {
            peers.queries.entry(subnet).or_default().push(place);
            let [v4, v6] = &mut peers.prefixes;
            let prefixes = if subnet.address().is_ipv4() { v4 } else { v6 };
            prefixes.insert(subnet.prefix());
        }
        peers
    }

    /// The places of the queries whose network holds an address, which is not a mapped one.
    pub(super) fn of(&self, address: IpAddr) -> impl Iterator<Item = usize> {
        let [v4, v6] = &self.prefixes;
        let prefixes = if address.is_ipv4() { v4 } else { v6 };
        prefixes
            .iter()
            .filter_map(move |prefix| self.queries.get(&Subnet::new(address, *prefix)))
            .flatten()
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_networks_that_hold_an_address_are_found() {
        let subnets = ["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "::/0", "10.1.2.3/32", "10.1.2.4"];
        let peers =
            Peers::new(subnets.iter().enumerate().map(|(place, text)| (place, text.parse().unwrap())));
        let mut found: Vec<usize> = peers.of("10.1.2.3".parse().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 4]);
        assert_eq!(peers.of("::1".parse().unwrap()).collect::<Vec<_>>(), [3]);
    }
}
