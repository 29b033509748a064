//! Checks of sockets that wait: by port, by the program that holds them, and by path.

use super::{
    answer::{Answer, Hit},
    holders::Holders,
    params::Params,
    result::Entry,
    tables::{Rows, Tables},
    wire::Check,
};
use crate::sys::network::{Family, Protocol, Socket, SocketFilter};
use mig_core::module::Stop;
use std::collections::BTreeSet;

const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// Listening sockets by port and by program.
pub(super) fn listening(params: &Params, tables: &Tables<'_>, answer: &mut Answer<'_>) -> Result<(), Stop> {
    let by_process = params.has(Check::ListeningProcess);
    if !(by_process || params.has(Check::ListeningPort)) {
        return Ok(());
    }
    let filter = SocketFilter { listening_only: true, peers: None };
    let seen = tables.sockets(&FAMILIES, &[Protocol::Tcp, Protocol::Udp], &filter)?;
    by_port(params, &seen, tables, answer)?;
    if !by_process {
        return Ok(());
    }
    let raw = if params.raw { tables.sockets(&FAMILIES, &[Protocol::Raw], &filter)? } else { Vec::new() };
    let seen: Vec<Rows<Socket>> = seen.into_iter().chain(raw).collect();
    by_program(params, &seen, tables, answer)
}

fn by_port(
    params: &Params,
    seen: &[Rows<Socket>],
    tables: &Tables<'_>,
    answer: &mut Answer<'_>,
) -> Result<(), Stop> {
    for (query, asked) in params.of(Check::ListeningPort) {
        tables.session.checkpoint()?;
        report(seen, "HasListeningPort()", answer);
        for (place, socket) in listeners(seen).filter(|(_, socket)| asked.test.is_port(socket.local.port())) {
            let entry = Entry::of_socket(socket, tables.namespace(*place), params.is_detailed());
            answer.add(query, Hit { entry, inode: socket.inode })?;
        }
    }
    Ok(())
}

fn by_program(
    params: &Params,
    seen: &[Rows<Socket>],
    tables: &Tables<'_>,
    answer: &mut Answer<'_>,
) -> Result<(), Stop> {
    let inodes: BTreeSet<u64> = listeners(seen).map(|(_, socket)| socket.inode).collect();
    let mut holders = Holders::find(&*tables.system, &inodes, tables.session)?;
    for (query, asked) in params.of(Check::ListeningProcess) {
        report(seen, "HasListeningProcess()", answer);
        for (place, socket) in listeners(seen) {
            tables.session.checkpoint()?;
            let held_by = holders.of(socket.inode);
            let Some(pid) = held_by.into_iter().find(|pid| asked.test.is_match(&holders.program(*pid)))
            else {
                continue;
            };
            let mut entry = Entry::of_socket(socket, tables.namespace(*place), true);
            holders.describe(&mut entry, pid, socket.inode);
            answer.add(query, Hit { entry, inode: socket.inode })?;
        }
    }
    Ok(())
}

fn listeners(seen: &[Rows<Socket>]) -> impl Iterator<Item = &(usize, Socket)> {
    seen.iter().flat_map(|table| &table.rows).filter(|(_, socket)| socket.is_listening())
}

/// Counts what a query looks at, and says what it could not.
fn report(seen: &[Rows<Socket>], check: &str, answer: &mut Answer<'_>) {
    answer.examined += seen.iter().map(|table| table.rows.len()).sum::<usize>();
    answer.fail(check, seen.iter().find_map(|table| table.failure.as_ref()));
}

/// Unix sockets by path.
pub(super) fn unix_sockets(
    params: &Params,
    tables: &Tables<'_>,
    answer: &mut Answer<'_>,
) -> Result<(), Stop> {
    if !params.has(Check::UnixSocket) {
        return Ok(());
    }
    let seen = tables.unix_sockets()?;
    for (query, asked) in params.of(Check::UnixSocket) {
        tables.session.checkpoint()?;
        answer.fail("HasUnixSocket()", seen.failure.as_ref());
        for (place, socket) in seen.rows.iter().filter(|(_, socket)| !socket.path.is_empty()) {
            answer.examined += 1;
            if asked.test.is_match(&socket.path) {
                let entry = Entry {
                    path: socket.path.clone(),
                    protocol: "unix".to_owned(),
                    state: if socket.is_listening { "listening".to_owned() } else { String::new() },
                    namespace: tables.namespace(*place).to_owned(),
                    ..Entry::default()
                };
                answer.add(query, Hit { entry, inode: socket.inode })?;
            }
        }
    }
    Ok(())
}
