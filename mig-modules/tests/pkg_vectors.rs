//! The pkg module against the vectors of the original.

mod common;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "common/rpm.rs"]
mod rpm;

use common::{Suite, list, same, text};
use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json::Value,
    module::{Machine, Module},
    testing::vectors,
};
use mig_modules::pkg::PkgModule;
use std::{collections::BTreeSet, fs, path::Path, process::ExitCode};
use tempfile::TempDir;

fn main() -> ExitCode {
    let mut suite = Suite::default();
    let mut cases = vectors::cases("modules/pkg.json");
    // A tool of Unix makes the databases of rpm.
    cases.retain(|case| cfg!(unix) || case.get("rpm_output").is_none());
    suite.family("pkg", cases, package_case);
    suite.run()
}

fn package_case(case: &Value) -> Result<(), String> {
    let image = image(case);
    let session = RunSession::new(Budget::default())
        .on(Machine::image(image.path()).map_err(|error| error.to_string())?);
    let parameters = case.get("parameters").ok_or("no parameters")?;
    let (result, _) = worker::run_in_session(&PkgModule, parameters, session);
    let expect = case.get("expect").ok_or("no expectation")?;
    match case.get("fixed") {
        Some(fixed) => check_fixed(&result, fixed),
        None => check(&result, expect, &unlisted(case)),
    }
}

/// A machine with the databases that give the listings of a case.
fn image(case: &Value) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    let directory = root.path().join("var/lib/dpkg");
    let status = match case.get("dpkg_status") {
        Some(_) => Some(text(&vectors::read("modules/dpkg-status.json"), "status").to_owned()),
        None => {
            case.get("dpkg_list_output").and_then(Value::as_str).filter(|text| *text != "FAIL").map(status_of)
        }
    };
    if let Some(listing) = case.get("rpm_output").and_then(Value::as_str).filter(|text| *text != "FAIL") {
        let directory = root.path().join("var/lib/rpm");
        fs::create_dir_all(&directory).expect("a directory");
        rpm::sqlite(&directory, &rpm::headers(listing));
    }
    if let Some(status) = status {
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(directory.join("status"), status).expect("a file");
        write_architectures(&directory, text(case, "native_arch"));
    }
    root
}

fn write_architectures(directory: &Path, native: &str) {
    fs::write(directory.join("arch"), format!("{native}\nall\n")).expect("a file");
}

/// The lines of a listing that are about packages: states, name, version, architecture.
fn listed(listing: &str) -> impl Iterator<Item = (&str, &str, &str, &str)> {
    listing.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let line = (words.next()?, words.next()?, words.next()?, words.next()?);
        let states = line.0.chars().collect::<Vec<char>>();
        matches!(states[..], ['u' | 'i' | 'h' | 'r' | 'p', state, ..] if "ncHUFWti".contains(state))
            .then_some(line)
    })
}

/// The status file of which a listing was made.
fn status_of(listing: &str) -> String {
    let paragraph = |(states, name, version, arch): (&str, &str, &str, &str)| {
        let state = match states.chars().nth(1) {
            Some('i') => "installed",
            Some('t') => "triggers-pending",
            Some('W') => "triggers-awaited",
            Some('F') => "half-configured",
            Some('H') => "half-installed",
            Some('U') => "unpacked",
            Some('c') => "config-files",
            _ => "not-installed",
        };
        let want = if states.starts_with('h') { "hold" } else { "install" };
        let (name, multi_arch) = match name.split_once(':') {
            Some((name, _)) => (name, "Multi-Arch: same\n"),
            None => (name, ""),
        };
        format!(
            "Package: {name}\nStatus: {want} ok {state}\nArchitecture: {arch}\n{multi_arch}Version: {version}\n\n"
        )
    };
    listed(listing).map(paragraph).collect()
}

/// What is installed but was not listed by the original, because it is on hold or has triggers to run: we list it too.
fn unlisted(case: &Value) -> BTreeSet<String> {
    let main = vectors::read("modules/dpkg-status.json");
    let listing = match case.get("dpkg_status") {
        Some(_) => text(&main, "listing"),
        None => text(case, "dpkg_list_output"),
    };
    let is_unlisted =
        |states: &str| states != "ii" && states.get(1..).is_some_and(|state| "itW".contains(state));
    listed(listing).filter(|(states, ..)| is_unlisted(states)).map(|(_, name, ..)| name.to_owned()).collect()
}

fn check_fixed(result: &ModuleResult, fixed: &Value) -> Result<(), String> {
    if let Some(found) = fixed.get("foundanything") {
        same("foundanything", &Value::Bool(result.found_anything), found)?;
    }
    let mut names: Vec<&str> =
        packages(&result.elements).iter().map(|package| text(package, "name")).collect();
    let mut wanted: Vec<&str> = list(fixed, "names").iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    wanted.sort_unstable();
    same("names", &names, &wanted)
}

fn packages(elements: &Value) -> &[Value] {
    list(elements, "packages")
}

fn check(result: &ModuleResult, expect: &Value, unlisted: &BTreeSet<String>) -> Result<(), String> {
    let is_added = |name: &str| unlisted.contains(name);
    let all = packages(&result.elements);
    let only_added = !all.is_empty() && all.iter().all(|package| is_added(text(package, "name")));
    same("success", &Some(&Value::Bool(result.success)), &expect.get("success"))?;
    let found = result.found_anything && !only_added;
    same("foundanything", &Some(&Value::Bool(found)), &expect.get("foundanything"))?;
    let listed = |elements: &Value| -> Vec<String> {
        let packages = packages(elements).iter().filter(|package| !is_added(text(package, "name")));
        sorted(packages.map(|package| mig_core::json::to_string(package).unwrap_or_default()))
    };
    let wanted = expect.get("elements").ok_or("no elements")?;
    same("elements", &listed(&result.elements), &listed(wanted))?;
    same("null elements", &result.elements.is_null(), &wanted.is_null())?;
    let errors =
        |errors: &[String]| errors.iter().map(|error| error.to_owned()).collect::<BTreeSet<String>>();
    let wanted: Vec<String> =
        list(expect, "errors").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    same("errors", &errors(result.errors.as_deref().unwrap_or_default()), &errors(&wanted))?;
    check_printed(result, expect, "print_all", unlisted)?;
    check_printed(result, expect, "print_found", unlisted)
}

fn check_printed(
    result: &ModuleResult,
    expect: &Value,
    field: &str,
    unlisted: &BTreeSet<String>,
) -> Result<(), String> {
    let Some(wanted) = expect.get(field).and_then(Value::as_list) else { return Ok(()) };
    let is_added =
        |line: &String| unlisted.iter().any(|name| line.starts_with(&format!("pkgmatch name={name} ")));
    let lines = PkgModule.print(result, field == "print_found");
    let placed = lines.into_iter().filter(|line| !is_added(line)).map(|line| {
        match line.starts_with("Statistics: runtime ") {
            true => "Statistics: runtime {EXECTIME}".to_owned(),
            false => line,
        }
    });
    same(field, &sorted(placed), &sorted(wanted.iter().filter_map(Value::as_str).map(str::to_owned)))
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}
