//! Interfaces, addresses and neighbours by routing netlink (rtnetlink(7)).

use super::{
    netlink::{Attributes, Client, Message, NetlinkError, u16_at, u32_at},
    sock_diag::ip,
};
use crate::sys::network::{Family, Interface, MAX_ROWS, Neighbour, Table, mac_text};
use mig_core::{json, module::Session};
use std::{collections::BTreeMap, net::IpAddr};

const KIND_GET_LINK: u16 = 18;
const KIND_GET_ADDRESS: u16 = 22;
const KIND_GET_NEIGHBOUR: u16 = 30;
const LINK_ADDRESS: u16 = 1;
const LINK_NAME: u16 = 3;
const ADDRESS_ADDRESS: u16 = 1;
const ADDRESS_LOCAL: u16 = 2;
const NEIGHBOUR_ADDRESS: u16 = 1;
const NEIGHBOUR_MAC: u16 = 2;
/// `NUD_NOARP`: never asked for, as multicast. The text table leaves these out too.
const STATE_NEVER_ASKED: u16 = 0x40;
/// A table that changes under the reader is read again this often.
const ATTEMPTS: usize = 3;

/// The interfaces of the thread's network namespace.
pub(super) fn interfaces(session: &dyn Session) -> Result<Table<Interface>, NetlinkError> {
    let mut client = Client::open(None)?;
    let links = collect(&mut client, KIND_GET_LINK, [0; 16], session, &link)?;
    let addresses = collect(&mut client, KIND_GET_ADDRESS, [0; 8], session, &address)?;
    let mut interfaces: BTreeMap<u32, Interface> = links.into_iter().collect();
    for (index, address) in addresses {
        interfaces.entry(index).or_default().addresses.push(address);
    }
    Ok(Table { rows: interfaces.into_values().collect(), problems: Vec::new() })
}

/// The neighbours of the thread's network namespace.
pub(super) fn neighbours(family: Family, session: &dyn Session) -> Result<Table<Neighbour>, NetlinkError> {
    let mut question = [0; 12];
    question[0] = match family {
        Family::V4 => 2,
        Family::V6 => 10,
    };
    let mut client = Client::open(None)?;
    let rows = collect(&mut client, KIND_GET_NEIGHBOUR, question, session, &neighbour)?;
    Ok(Table { rows, problems: Vec::new() })
}

fn collect<T, const LENGTH: usize>(
    client: &mut Client,
    kind: u16,
    question: [u8; LENGTH],
    session: &dyn Session,
    row: &dyn Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, NetlinkError> {
    for _ in 0..ATTEMPTS {
        let mut rows = Vec::new();
        let mut keep = |message: Message<'_>| {
            if rows.len() < MAX_ROWS {
                rows.extend(row(message.body));
            }
        };
        match client.dump(kind, &question, session, &mut keep) {
            Err(NetlinkError::Interrupted) => {}
            result => return result.map(|()| rows),
        }
    }
    Err(NetlinkError::Interrupted)
}

/// Index and interface, from `ifinfomsg`.
#[must_use]
pub fn link(body: &[u8]) -> Option<(u32, Interface)> {
    let index = u32_at(body, 4)?;
    let mut interface = Interface::default();
    for (kind, value) in Attributes(body.get(16..)?) {
        match kind {
            LINK_NAME => interface.name = json::lossy(value.strip_suffix(&[0]).unwrap_or(value)),
            LINK_ADDRESS if is_mac(value) => interface.mac = mac_text(value),
            _ => {}
        }
    }
    Some((index, interface))
}

/// Loopback has zeros only, and tunnels have the address of their end there.
fn is_mac(value: &[u8]) -> bool {
    value.iter().any(|byte| *byte != 0) && !matches!(value.len(), 4 | 16)
}

/// Index of the interface and address, from `ifaddrmsg`.
#[must_use]
pub fn address(body: &[u8]) -> Option<(u32, IpAddr)> {
    let (family, index) = (*body.first()?, u32_at(body, 4)?);
    let mut address = None;
    for (kind, value) in Attributes(body.get(8..)?) {
        match kind {
            // On a link between two points the other attribute is the far end.
            ADDRESS_LOCAL => return Some((index, ip(family, value)?)),
            ADDRESS_ADDRESS => address = ip(family, value),
            _ => {}
        }
    }
    Some((index, address?))
}

/// A neighbour, from `ndmsg`.
#[must_use]
pub fn neighbour(body: &[u8]) -> Option<Neighbour> {
    let (family, state) = (*body.first()?, u16_at(body, 8)?);
    if state & STATE_NEVER_ASKED != 0 {
        return None;
    }
    // The text table has zeros for a neighbour that never answered.
    let mut mac = mac_text(&[0; 6]);
    let mut address = None;
    for (kind, value) in Attributes(body.get(12..)?) {
        match kind {
            NEIGHBOUR_ADDRESS => address = ip(family, value),
            NEIGHBOUR_MAC => mac = mac_text(value),
            _ => {}
        }
    }
    Some(Neighbour { address: address?.to_string(), mac })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::testing::TestSession;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    #[test]
    fn loopback_is_an_interface_without_mac() {
        let interfaces = interfaces(&TestSession::new()).unwrap().rows;
        let loopback = interfaces.iter().find(|interface| interface.name == "lo").unwrap();
        assert_eq!(loopback.mac, "");
        assert!(loopback.addresses.contains(&Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn neighbours_are_listed_for_both_families() {
        for family in [Family::V4, Family::V6] {
            let neighbours = neighbours(family, &TestSession::new()).unwrap().rows;
            let parsed = neighbours.iter().map(|neighbour| neighbour.address.parse::<IpAddr>().unwrap());
            assert!(parsed.into_iter().all(|address| address.is_ipv4() == (family == Family::V4)));
        }
    }

    #[test]
    fn a_neighbour_that_never_answered_has_zeros() {
        let mut body = vec![2, 0, 0, 0, 1, 0, 0, 0];
        body.extend(1_u16.to_ne_bytes());
        body.extend([0, 0]);
        body.extend(super::super::netlink::attribute(NEIGHBOUR_ADDRESS, &[192, 0, 2, 9]).unwrap());
        let expected = Neighbour { address: "192.0.2.9".to_owned(), mac: "00:00:00:00:00:00".to_owned() };
        assert_eq!(neighbour(&body), Some(expected));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn random_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..120)) {
            _ = (link(&body), address(&body), neighbour(&body));
        }
    }
}
