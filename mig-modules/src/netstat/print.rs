//! What the module answers, for people: lines and rows.

use super::{
    result::{Elements, Entry, Statistics},
    wire::Check,
};
use crate::results::decode;
use mig_core::command::ModuleResult;

/// Lines for people.
pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for_each(result, |check, query, entries| {
        lines.extend(entries.iter().map(|entry| line(check, query, entry)));
        // The original has no such line for hardware addresses of its own.
        if entries.is_empty() && !found_only && check != Check::LocalMac {
            lines.push(format!("did not find anything for netstat {}:'{query}'", printed(check)));
        }
    });
    if !found_only {
        lines.extend(result.errors.iter().flatten().map(|error| format!("error: {error}")));
        let Statistics { examined, duration, total_hits } = decode(&result.statistics);
        lines.push(format!(
            "Statistics: total hits {total_hits} examined {examined} items exectime {duration}"
        ));
    }
    lines
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 11] = [
    "check",
    "query",
    "mac",
    "protocol",
    "state",
    "local",
    "remote",
    "namespace",
    "pid",
    "container",
    "program",
];

/// One row for each thing found.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 11]> {
    let mut rows = Vec::new();
    for_each(result, |check, query, entries| {
        for entry in entries {
            let Entry { local_mac, remote_mac, local_address, remote_address, namespace, .. } = entry;
            let local =
                if entry.path.is_empty() { end(local_address, entry.local_port) } else { entry.path.clone() };
            rows.push([
                check.field().to_owned(),
                query.to_owned(),
                format!("{local_mac}{remote_mac}"),
                entry.protocol.clone(),
                entry.state.clone(),
                local,
                end(remote_address, entry.remote_port),
                namespace.clone(),
                if entry.pid > 0.0 { entry.pid.to_string() } else { String::new() },
                entry.container.clone(),
                entry.executable.clone(),
            ]);
        }
    });
    rows
}

/// Hands over what was found for each value, in the order of checks and then of values.
fn for_each(result: &ModuleResult, mut take: impl FnMut(Check, &str, &[Entry])) {
    let mut elements: Elements = decode(&result.elements);
    for check in Check::ALL {
        for (query, entries) in elements.remove(check.field()).flatten().unwrap_or_default() {
            take(check, &query, &entries.unwrap_or_default());
        }
    }
}

/// An address with its port in brackets where it has colons of its own.
fn end(address: &str, port: f64) -> String {
    match (address.contains(':'), port > 0.0) {
        (_, false) => address.to_owned(),
        (true, true) => format!("[{address}]:{port}"),
        (false, true) => format!("{address}:{port}"),
    }
}

fn printed(check: Check) -> &'static str {
    if check == Check::NeighbourIp { "neighborIP" } else { check.field() }
}

fn line(check: Check, query: &str, entry: &Entry) -> String {
    let Entry { local_mac, remote_mac, local_address, local_port, remote_address, remote_port, .. } = entry;
    let what = match check {
        Check::LocalMac => format!("local mac {local_mac}"),
        Check::NeighbourMac => format!("neighbor mac {remote_mac} {remote_address}"),
        Check::NeighbourIp => format!("neighbor IP {remote_address} {remote_mac}"),
        Check::LocalIp => format!("local ip {local_address}"),
        Check::ConnectedIp => format!(
            "connected tuple {remote_address}:{remote_port} with local tuple {local_address}:{local_port}"
        ),
        Check::ListeningPort => format!("listening port {local_port}"),
        Check::ListeningProcess => format!("listening process on {} port {local_port}", entry.protocol),
        Check::UnixSocket => format!("unix socket {}", entry.path),
    };
    let details = [place(entry), kind(check, entry), owner(entry)].concat();
    format!("found {what} for netstat {}:'{query}'{details}", printed(check))
}

/// What a socket speaks and does, where that was asked for and is not said already.
fn kind(check: Check, Entry { protocol, state, .. }: &Entry) -> String {
    match check {
        Check::ConnectedIp | Check::ListeningPort if !protocol.is_empty() => {
            format!(" socket:[{protocol} {state}]")
        }
        _ => String::new(),
    }
}

fn place(entry: &Entry) -> String {
    match entry.namespace.as_str() {
        "" | "default" => String::new(),
        name => format!(" namespace:[{name}]"),
    }
}

fn owner(entry: &Entry) -> String {
    let Entry { pid, executable, container, .. } = entry;
    let mut text = if *pid > 0.0 { format!(" process:[{pid} {executable}]") } else { String::new() };
    if !container.is_empty() {
        text.push_str(&format!(" container:[{container}]"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;

    #[test]
    fn missing_data_are_printed_as_nothing() {
        assert!(print(&ModuleResult::default(), true).is_empty());
        let statistics = "Statistics: total hits 0 examined 0 items exectime ";
        assert_eq!(print(&ModuleResult::default(), false), [statistics]);
        let odd = r#"{"localip":null,"other":{"x":[{}]},"connectedip":{"::1":null}}"#;
        let odd =
            ModuleResult { elements: json::from_slice(odd.as_bytes()).unwrap(), ..ModuleResult::default() };
        assert!(print(&odd, true).is_empty());
        assert!(rows(&odd).is_empty());
    }

    #[test]
    fn owners_and_namespaces_are_said_where_they_are_known() {
        let text = r#"{"listeningport":{"80":[{"localaddr":"::","localport":80,"namespace":"net:[7]","pid":12,"protocol":"tcp","state":"listening","executable":"/bin/www","container":"c0ffee"}]}}"#;
        let result =
            ModuleResult { elements: json::from_slice(text.as_bytes()).unwrap(), ..ModuleResult::default() };
        let line = "found listening port 80 for netstat listeningport:'80' namespace:[net:[7]] socket:[tcp listening] process:[12 /bin/www] container:[c0ffee]";
        assert_eq!(print(&result, true), [line]);
        let row = [
            "listeningport",
            "80",
            "",
            "tcp",
            "listening",
            "[::]:80",
            "",
            "net:[7]",
            "12",
            "c0ffee",
            "/bin/www",
        ];
        assert_eq!(rows(&result), [row]);
    }
}
