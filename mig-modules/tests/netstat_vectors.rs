//! The netstat module against the vectors of the original: runs over copies of `/proc`, listings of the Windows tool,
//! and networks.

mod common;

use common::{Suite, list, same, text, tree};
use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json::{self, Value},
    module::{Machine, Module},
    testing::vectors,
};
use mig_modules::{
    netstat::NetstatModule,
    sys::network::{Socket, Subnet, netstat_tool},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::IpAddr,
    process::ExitCode,
};

fn main() -> ExitCode {
    let mut suite = Suite::default();
    // Tables of Linux, which it alone reads.
    if cfg!(target_os = "linux") {
        let cases = vectors::cases("modules/netstat.json");
        let images = Images::of(&cases);
        suite.family("netstat", cases, move |case| images.check(case));
    }
    let listing = text(&vectors::read("modules/netstat-windows.json"), "text").to_owned();
    suite.family("netstat-windows", vectors::cases("modules/netstat-windows.json"), move |case| {
        windows(case, &listing)
    });
    suite.family("cidr", vectors::cases("modules/cidr.json"), cidr);
    suite.run()
}

/// For each directory that stands for `/proc` an image of a machine with that one.
struct Images(BTreeMap<String, (tree::Tree, Machine)>);

impl Images {
    fn of(cases: &[Value]) -> Self {
        let names: BTreeSet<&str> = cases.iter().map(|case| text(case, "proc")).collect();
        let image = |name: &str| {
            let root = tree::materialise("modules/tree-proc.json");
            if !name.is_empty() && name != "proc" {
                fs::rename(root.path().join("proc"), root.path().join("other")).expect("a tree with proc");
                fs::rename(root.path().join(name), root.path().join("proc")).expect("the case's proc");
            }
            let machine = Machine::image(root.path()).expect("an image");
            (root, machine)
        };
        Self(names.into_iter().map(|name| (name.to_owned(), image(name))).collect())
    }

    fn check(&self, case: &Value) -> Result<(), String> {
        let parameters = case.get("parameters").ok_or("no parameters")?;
        let (_, image) = self.0.get(text(case, "proc")).ok_or("no image")?;
        // Of its own interfaces the original asks the kernel, whatever stands for /proc.
        let is_own = parameters.get("localmac").or(parameters.get("localip")).is_some();
        let machine = if is_own { Machine::Running } else { image.clone() };
        let session = RunSession::new(Budget::default()).on(machine);
        let result = worker::run_in_session(&NetstatModule, parameters, session).0;
        let expect = placed(case, case.get("expect").ok_or("no expectation")?)?;
        match (case.get("fixed"), case.get("quirk")) {
            (Some(fixed), _) => check_fixed(&result, fixed),
            // Either is fine, and the prose wants something else.
            (None, Some(_)) => Ok(()),
            (None, None) => check_all(&result, &expect, is_own),
        }
    }
}

/// The value with paths as they are inside of the image.
fn placed(case: &Value, value: &Value) -> Result<Value, String> {
    let text = json::to_string(value).map_err(|error| error.to_string())?;
    let place = format!("{{ROOT}}/{}", self::text(case, "proc"));
    json::from_str(&text.replace(&place, "/proc")).map_err(|error| error.to_string())
}

fn check_fixed(result: &ModuleResult, fixed: &Value) -> Result<(), String> {
    same("foundanything", &Some(&Value::Bool(result.found_anything)), &fixed.get("foundanything"))?;
    same("elements", &sorted(&result.elements), &sorted(fixed.get("elements").ok_or("no elements")?))
}

fn check_all(result: &ModuleResult, expect: &Value, is_own: bool) -> Result<(), String> {
    same("success", &Some(&Value::Bool(result.success)), &expect.get("success"))?;
    same("foundanything", &Some(&Value::Bool(result.found_anything)), &expect.get("foundanything"))?;
    same("elements", &sorted(&result.elements), &sorted(expect.get("elements").ok_or("no elements")?))?;
    let errors = |errors: &[Value]| -> BTreeSet<String> {
        errors.iter().filter_map(Value::as_str).map(head).collect()
    };
    let found: BTreeSet<String> = result.errors.iter().flatten().map(|error| head(error)).collect();
    same("errors", &found, &errors(list(expect, "errors")))?;
    if let Some(examined) = expect.get("statistics").and_then(|statistics| statistics.get("examined")) {
        same("examined", &result.statistics.get("examined"), &Some(examined))?;
    }
    check_hits(result)?;
    check_printed(result, expect, "print_all", false, is_own)?;
    check_printed(result, expect, "print_found", true, is_own)
}

/// The original's count is always 0; ours is what the elements hold.
fn check_hits(result: &ModuleResult) -> Result<(), String> {
    if result.statistics == Value::Null {
        return Ok(());
    }
    let hits: usize = sorted(&result.elements)
        .iter()
        .map(|(_, entries)| entries.iter().filter(|entry| *entry != "null").count())
        .sum();
    same("totalhits", &result.statistics.get("totalhits"), &Some(&Value::Number(hits as f64)))
}

/// By check and value the entries as sorted texts: order is not part of the contract.
fn sorted(elements: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (check, values) in elements.as_map().into_iter().flatten() {
        for (value, entries) in values.as_map().into_iter().flatten() {
            let entries = entries.as_list().map_or(&[Value::Null][..], |entries| entries);
            let mut entries: Vec<String> =
                entries.iter().map(|entry| json::to_string(entry).unwrap_or_default()).collect();
            entries.sort();
            found.push((format!("{check} {value}"), entries));
        }
    }
    found
}

/// The part before the first words of a library or of the system.
fn head(error: &str) -> String {
    let ends = ["failed with", "no such file", "No such file"];
    let end = ends.iter().filter_map(|words| error.find(words)).min().unwrap_or(error.len());
    error.get(..end).unwrap_or(error).to_owned()
}

fn check_printed(
    result: &ModuleResult,
    expect: &Value,
    field: &str,
    found_only: bool,
    is_own: bool,
) -> Result<(), String> {
    let mut wanted: Vec<String> = list(expect, field).iter().filter_map(Value::as_str).map(line).collect();
    let mut found: Vec<String> =
        NetstatModule.print(result, found_only).iter().map(|printed| line(printed)).collect();
    if is_own {
        // How many interfaces there are is not the same on each machine.
        for lines in [&mut wanted, &mut found] {
            lines.retain(|line| !line.starts_with("Statistics"));
        }
    }
    found.sort();
    wanted.sort();
    same(field, &found, &wanted)
}

/// A printed line without what may differ: hits, which the original does not count, and times.
fn line(printed: &str) -> String {
    let Some(rest) = printed.strip_prefix("Statistics: total hits ") else { return head(printed) };
    let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    let rest = rest.split_once("exectime").map_or(rest, |(begin, _)| begin);
    format!("Statistics: {rest}")
}

fn windows(case: &Value, listing: &str) -> Result<(), String> {
    let listing = netstat_tool::parse(listing);
    let expect = case.get("expect").ok_or("no expectation")?;
    let entries = Value::Number(listing.entries as f64);
    same("entries", &Some(&entries), &expect.get("entries"))?;
    let wanted = |field: &str| {
        let fixed = case.get("fixed").and_then(|fixed| fixed.get(field));
        fixed.or(expect.get(field)).and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default()
    };
    if let Some(asked) = case.get("connectedip").and_then(Value::as_str) {
        let asked: Subnet = asked.parse().map_err(|error| format!("{error}"))?;
        let found = listing.sockets.iter().filter(|socket| asked.contains(socket.remote.ip()));
        same("connected", &found.map(described).collect(), &wanted("connected"))?;
    }
    if let Some(Value::Number(port)) = case.get("listeningport") {
        let is_asked = |socket: &&Socket| socket.is_listening() && f64::from(socket.local.port()) == *port;
        let found = listing.sockets.iter().filter(is_asked);
        same("listening", &found.map(described).collect(), &wanted("listening"))?;
    }
    Ok(())
}

fn described(socket: &Socket) -> Value {
    let mut entry = BTreeMap::from([
        ("localaddr".to_owned(), Value::from(socket.local.ip().to_string())),
        ("remoteaddr".to_owned(), Value::from(socket.remote.ip().to_string())),
    ]);
    for (field, port) in [("localport", socket.local.port()), ("remoteport", socket.remote.port())] {
        if port > 0 {
            entry.insert(field.to_owned(), Value::Number(port.into()));
        }
    }
    Value::Map(entry)
}

fn cidr(case: &Value) -> Result<(), String> {
    let subnet: Result<Subnet, _> = text(case, "cidr").parse();
    let error = case.get("error").and_then(Value::as_str).map(str::to_owned);
    same("error", &subnet.as_ref().err().map(ToString::to_string), &error)?;
    let Ok(subnet) = subnet else { return Ok(()) };
    same("network", &subnet.to_string().as_str(), &text(case, "network"))?;
    let address = text(case, "ip").parse::<IpAddr>().ok();
    same("parsed", &Some(&Value::Bool(address.is_some())), &case.get("parsed"))?;
    let Some(address) = address else { return Ok(()) };
    same("canonical", &address.to_canonical().to_string().as_str(), &text(case, "canonical"))?;
    same("contains", &Some(&Value::Bool(subnet.contains(address))), &case.get("contains"))
}
