//! Parameters and failures of the small modules against the vectors of the original.

mod common;

use common::{Suite, list, same, text};
use mig_core::{
    agent::{Budget, worker},
    command::ModuleResult,
    json::{self, Value},
    message::Message,
    module::Module,
    testing::vectors,
};
use mig_modules::BUILTIN;
use std::{collections::BTreeSet, process::ExitCode};

fn main() -> ExitCode {
    let mut suite = Suite::default();
    for module in BUILTIN {
        let mut cases = vectors::cases("modules/misc.json");
        cases.retain(|case| text(case, "module") == module.name());
        // There are no other agents to end where it is not supported.
        cases.retain(|case| cfg!(unix) || text(case, "module") != "agentdestroy");
        if !cases.is_empty() {
            suite.family(&format!("misc ({})", module.name()), cases, |case| check(*module, case));
        }
    }
    suite.run()
}

fn check(module: &dyn Module, case: &Value) -> Result<(), String> {
    let result = run(module, case)?;
    match (case.get("fixed"), case.get("quirk")) {
        (Some(fixed), _) => check_fixed(&result, fixed),
        // Either is fine, and the prose wants something else.
        (None, Some(_)) => Ok(()),
        (None, None) => check_all(module, &result, case.get("expect").ok_or("no expectation")?),
    }
}

fn run(module: &dyn Module, case: &Value) -> Result<ModuleResult, String> {
    let line = match case.get("message").and_then(Value::as_str) {
        Some(line) => line.to_owned(),
        None => {
            let parameters = case.get("parameters").ok_or("no parameters")?;
            let parameters = json::to_string(parameters).map_err(|error| error.to_string())?;
            format!(r#"{{"class":"parameters","parameters":{parameters}}}"#)
        }
    };
    let message = Message::read_parameters(&mut line.as_bytes()).map_err(|error| error.to_string())?;
    Ok(worker::run_module(module, &message.parameters, Budget::default()))
}

fn check_fixed(result: &ModuleResult, fixed: &Value) -> Result<(), String> {
    let found = json::to_value(result).map_err(|error| error.to_string())?;
    for field in ["success", "foundanything", "elements"] {
        if let Some(wanted) = fixed.get(field) {
            same(field, &found.get(field), &Some(wanted))?;
        }
    }
    let part = text(fixed, "error_contains");
    if part.is_empty() || result.errors.iter().flatten().any(|error| error.contains(part)) {
        Ok(())
    } else {
        Err(format!("no error contains '{part}': {:?}", result.errors))
    }
}

fn check_all(module: &dyn Module, result: &ModuleResult, expect: &Value) -> Result<(), String> {
    let found = json::to_value(result).map_err(|error| error.to_string())?;
    for field in ["success", "foundanything", "elements"] {
        same(field, &found.get(field), &expect.get(field))?;
    }
    let heads = |errors: BTreeSet<&str>| -> BTreeSet<String> { errors.into_iter().map(head).collect() };
    same("errors", &heads(errors(result)), &heads(their_errors(expect)))?;
    check_printed(module, result, expect, "print_all", false)?;
    check_printed(module, result, expect, "print_found", true)
}

fn errors(result: &ModuleResult) -> BTreeSet<&str> {
    result.errors.iter().flatten().map(String::as_str).collect()
}

fn their_errors(expect: &Value) -> BTreeSet<&str> {
    list(expect, "errors").iter().filter_map(Value::as_str).collect()
}

/// The part before the first words of a library.
fn head(error: &str) -> String {
    error.split_once(" -> ").map_or(error, |(head, _)| head).to_owned()
}

/// Lines that are nothing but an error do not count: the original leaves some of them out.
fn check_printed(
    module: &dyn Module,
    result: &ModuleResult,
    expect: &Value,
    field: &str,
    found_only: bool,
) -> Result<(), String> {
    let (ours, theirs) = (errors(result), their_errors(expect));
    let mut wanted: Vec<String> =
        list(expect, field).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    wanted.retain(|line| !theirs.contains(line.as_str()));
    let mut found = module.print(result, found_only);
    found.retain(|line| !ours.contains(line.as_str()));
    found.sort();
    wanted.sort();
    same(field, &found, &wanted)
}
