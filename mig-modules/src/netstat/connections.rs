//! The check of the other ends of sockets.

use super::{
    answer::{Answer, Hit},
    params::Params,
    peers::Peers,
    result::Entry,
    tables::{Rows, Tables},
    wire::Check,
};
use crate::sys::network::{Family, Protocol, Socket, SocketFilter, Subnet};
use mig_core::module::Stop;

/// After so many rows the session is asked whether to go on.
const ROWS_PER_CHECKPOINT: usize = 1024;

/// Sockets by the address of their other end: one pass over each table for all queries.
pub(super) fn connected(params: &Params, tables: &Tables<'_>, answer: &mut Answer<'_>) -> Result<(), Stop> {
    let asked: Vec<(usize, Subnet)> = params
        .of(Check::ConnectedIp)
        .filter_map(|(place, query)| Some((place, query.test.subnet()?)))
        .collect();
    let (v4, v6): (Vec<Subnet>, Vec<Subnet>) =
        asked.iter().map(|(_, subnet)| *subnet).partition(|subnet| subnet.address().is_ipv4());
    if asked.is_empty() {
        return Ok(());
    }
    let protocols: &[Protocol] = if params.raw {
        &[Protocol::Tcp, Protocol::Udp, Protocol::Raw]
    } else {
        &[Protocol::Tcp, Protocol::Udp]
    };
    let read = |family, peers| {
        let filter = SocketFilter { listening_only: false, peers: Some(peers) };
        tables.sockets(&[family], protocols, &filter)
    };
    // IPv4 peers of IPv6 sockets are in the tables of IPv6.
    let narrow = if v4.is_empty() { Vec::new() } else { read(Family::V4, v4.clone())? };
    let wide = read(Family::V6, [v4, v6].concat())?;
    add_matches(params, &asked, &narrow, tables, answer)?;
    add_matches(params, &asked, &wide, tables, answer)?;
    for (_, subnet) in asked {
        let (check, seen): (_, &[&[Rows<Socket>]]) = if subnet.address().is_ipv4() {
            ("HasIPConnected(): hasIP4Connected()", &[&narrow, &wide])
        } else {
            ("HasIPConnected(): hasIP6Connected()", &[&wide])
        };
        let seen = || seen.iter().copied().flatten();
        answer.examined += seen().map(|table| table.rows.len()).sum::<usize>();
        answer.fail(check, seen().find_map(|table| table.failure.as_ref()));
    }
    Ok(())
}

fn add_matches(
    params: &Params,
    asked: &[(usize, Subnet)],
    seen: &[Rows<Socket>],
    tables: &Tables<'_>,
    answer: &mut Answer<'_>,
) -> Result<(), Stop> {
    let peers = Peers::new(asked.iter().copied());
    let rows = seen.iter().flat_map(|table| &table.rows);
    for (number, (place, socket)) in rows.enumerate() {
        if number.is_multiple_of(ROWS_PER_CHECKPOINT) {
            tables.session.checkpoint()?;
        }
        for query in peers.of(socket.remote.ip()) {
            let entry = Entry {
                remote_address: socket.remote.ip().to_string(),
                remote_port: f64::from(socket.remote.port()),
                ..Entry::of_socket(socket, tables.namespace(*place), params.is_detailed())
            };
            answer.add(query, Hit { entry, inode: socket.inode })?;
        }
    }
    Ok(())
}
