//! Checks of what is on the links of this machine: its own interfaces and its neighbours.

use super::{
    answer::{Answer, Hit},
    params::Params,
    result::Entry,
    tables::{Rows, Tables},
    wire::Check,
};
use crate::sys::network::{Family, Neighbour, Subnet};
use mig_core::module::Stop;
use std::net::IpAddr;

/// Interfaces by hardware address and by address.
pub(super) fn interfaces(params: &Params, tables: &Tables<'_>, answer: &mut Answer<'_>) -> Result<(), Stop> {
    if !(params.has(Check::LocalMac) || params.has(Check::LocalIp)) {
        return Ok(());
    }
    let Rows { rows, failure } = tables.interfaces()?;
    // The original tells no namespace here, for it looks into one only.
    let entry = |place: &usize| {
        let namespace = if params.namespaces { tables.namespace(*place) } else { "" };
        Entry { namespace: namespace.to_owned(), ..Entry::default() }
    };
    for (query, asked) in params.of(Check::LocalMac) {
        answer.fail("HasLocalMAC()", failure.as_ref());
        // Addresses whose interface is not known have one without a name.
        for (place, interface) in rows.iter().filter(|(_, interface)| !interface.name.is_empty()) {
            answer.examined += 1;
            if asked.test.is_match(&interface.mac) {
                let entry = Entry { local_mac: interface.mac.clone(), ..entry(place) };
                answer.add(query, Hit { entry, inode: 0 })?;
            }
        }
    }
    for (query, asked) in params.of(Check::LocalIp) {
        answer.fail("HasLocalIP()", failure.as_ref());
        for (place, interface) in &rows {
            for address in &interface.addresses {
                answer.examined += 1;
                if asked.test.subnet().is_some_and(|subnet| subnet.contains(*address)) {
                    let entry = Entry { local_address: address.to_string(), ..entry(place) };
                    answer.add(query, Hit { entry, inode: 0 })?;
                }
            }
        }
    }
    Ok(())
}

/// Neighbours by hardware address and by address.
pub(super) fn neighbours(params: &Params, tables: &Tables<'_>, answer: &mut Answer<'_>) -> Result<(), Stop> {
    if !(params.has(Check::NeighbourMac) || params.has(Check::NeighbourIp)) {
        return Ok(());
    }
    let v4 = tables.neighbours(Family::V4)?;
    let v6 = tables.neighbours(Family::V6)?;
    let is_running = tables.session.machine().is_running();
    for (query, asked) in params.of(Check::NeighbourMac) {
        // Images never have IPv6 neighbours, so only who asks for one is told.
        let failure = v4.failure.as_ref().or(v6.failure.as_ref().filter(|_| is_running));
        answer.fail("HasSeenMac()", failure);
        for (place, neighbour) in v4.rows.iter().chain(&v6.rows) {
            answer.examined += 1;
            if asked.test.is_match(&neighbour.mac) {
                answer.add(query, hit(tables, *place, neighbour))?;
            }
        }
    }
    for (query, asked) in params.of(Check::NeighbourIp) {
        let Some(subnet) = asked.test.subnet() else { continue };
        let (check, rows) = match subnet.address() {
            IpAddr::V4(_) => ("HasSeenIP(): hasSeenIP4()", &v4),
            IpAddr::V6(_) => ("HasSeenIP(): hasSeenIP6()", &v6),
        };
        let unreadable = near(query, subnet, rows, tables, answer)?;
        answer.fail(check, rows.failure.as_ref().or(unreadable.as_ref()));
    }
    Ok(())
}

/// Adds the neighbours inside of a network; says whether there are some whose address is none.
fn near(
    query: usize,
    subnet: Subnet,
    rows: &Rows<Neighbour>,
    tables: &Tables<'_>,
    answer: &mut Answer<'_>,
) -> Result<Option<String>, Stop> {
    let mut unreadable = None;
    for (place, neighbour) in &rows.rows {
        let Ok(address) = neighbour.address.parse() else {
            unreadable = Some("failed to convert remote IP".to_owned());
            continue;
        };
        answer.examined += 1;
        if subnet.contains(address) {
            answer.add(query, hit(tables, *place, neighbour))?;
        }
    }
    Ok(unreadable)
}

fn hit(tables: &Tables<'_>, place: usize, neighbour: &Neighbour) -> Hit {
    let entry = Entry {
        remote_mac: neighbour.mac.clone(),
        remote_address: neighbour.address.clone(),
        namespace: tables.namespace(place).to_owned(),
        ..Entry::default()
    };
    Hit { entry, inode: 0 }
}
