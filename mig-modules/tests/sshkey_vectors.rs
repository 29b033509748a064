//! The sshkey module against the vectors of the original.

mod common;

use common::{Suite, list, same, text, tree};
use mig_core::{
    agent::{Budget, worker},
    command::ModuleResult,
    json::{self, Value},
    module::Module,
    testing::vectors,
};
use mig_modules::sshkey::SshKeyModule;
use std::{collections::BTreeSet, process::ExitCode};

fn main() -> ExitCode {
    let tree = tree::materialise("modules/tree-sshkey.json");
    let mut suite = Suite::default();
    let mut cases = vectors::cases("modules/sshkey.json");
    cases.retain(|case| tree.holds(case));
    let root = tree.text();
    suite.family("sshkey", cases, move |case| {
        let _alive = &tree;
        check(&placed(case, &root)?)
    });
    suite.run()
}

/// The case with the place of the tree put in.
fn placed(case: &Value, root: &str) -> Result<Value, String> {
    let text = json::to_string(case).map_err(|error| error.to_string())?;
    json::from_str(&text.replace("{ROOT}", root)).map_err(|error| error.to_string())
}

fn check(case: &Value) -> Result<(), String> {
    let parameters = case.get("parameters").ok_or("no parameters")?;
    let result = tree::in_one_form(worker::run_module(&SshKeyModule, parameters, Budget::default()));
    match (case.get("fixed"), case.get("quirk")) {
        (Some(fixed), _) => check_all(&result, fixed),
        // The original misses keys: what it found is among ours.
        (None, Some(_)) => check_contains(&result, case.get("expect").ok_or("no expectation")?),
        (None, None) => check_all(&result, case.get("expect").ok_or("no expectation")?),
    }
}

fn check_all(result: &ModuleResult, expect: &Value) -> Result<(), String> {
    same("success", &Some(&Value::Bool(result.success)), &expect.get("success"))?;
    same("foundanything", &Some(&Value::Bool(result.found_anything)), &expect.get("foundanything"))?;
    if let Some(elements) = expect.get("elements") {
        same("keys", &keys(&result.elements), &keys(elements))?;
        same("null", &is_empty(&result.elements), &is_empty(elements))?;
    }
    let errors: Vec<&str> = result.errors.iter().flatten().map(String::as_str).collect();
    let wanted: Vec<&str> = list(expect, "errors").iter().filter_map(Value::as_str).collect();
    same("errors", &errors, &wanted)?;
    for (field, found_only) in [("print_all", false), ("print_found", true)] {
        let lines: BTreeSet<String> = SshKeyModule.print(result, found_only).into_iter().collect();
        let wanted = list(expect, field).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        same(field, &lines, &wanted)?;
    }
    Ok(())
}

fn check_contains(result: &ModuleResult, expect: &Value) -> Result<(), String> {
    let (found, wanted) = (keys(&result.elements), keys(expect.get("elements").ok_or("no elements")?));
    same("missing", &wanted.difference(&found).collect::<Vec<_>>(), &Vec::new())
}

/// Keys as texts: their order is not part of the contract.
fn keys(elements: &Value) -> BTreeSet<String> {
    list(elements, "keys").iter().map(|key| json::to_string(key).unwrap_or_default()).collect()
}

/// Whether there are no elements, and whether there is no list of keys.
fn is_empty(elements: &Value) -> (bool, bool) {
    let no_keys = elements.get("keys").is_none_or(|keys| *keys == Value::Null);
    (*elements == Value::Null, no_keys || text(elements, "keys") == "null")
}
