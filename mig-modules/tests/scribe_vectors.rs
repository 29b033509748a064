//! The scribe module, and its order of versions, against the vectors of the original.

mod common;

use common::{Suite, list, same, text, tree};
use mig_core::{
    agent::{Budget, worker},
    command::ModuleResult,
    json::{self, Value},
    module::{Module, ModuleInfo, ParamsError, Run, Session, Stop},
    testing::vectors,
};
use mig_modules::{
    scribe::{self, Elements, InstalledPackage, Packages, ScribeModule, TestResult},
    version::evr,
};
use std::{process::ExitCode, sync::Arc};

fn main() -> ExitCode {
    let tree = tree::materialise("modules/tree-main.json");
    let mut suite = Suite::default();
    let mut cases = vectors::cases("modules/scribe.json");
    cases.retain(|case| tree.holds(case));
    let root = tree.text();
    suite.family("scribe", cases, move |case| {
        let _alive = &tree;
        check(case, &root)
    });
    suite.family("evr", vectors::cases("modules/evr.json"), check_versions);
    suite.run()
}

/// The module on a machine that has these packages.
#[derive(Clone, Debug)]
struct WithPackages(Vec<InstalledPackage>);

impl Packages for WithPackages {
    fn installed(&self, _session: &dyn Session) -> Result<Vec<InstalledPackage>, Stop> {
        Ok(self.0.clone())
    }
}

impl Module for WithPackages {
    fn name(&self) -> &'static str {
        ScribeModule.name()
    }

    fn info(&self) -> ModuleInfo {
        ScribeModule.info()
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        scribe::prepare(params, Arc::new(self.clone()))
    }

    fn failure(&self, reason: String) -> ModuleResult {
        ScribeModule.failure(reason)
    }
}

fn check(case: &Value, root: &str) -> Result<(), String> {
    let case = json::to_string(case).map_err(|error| error.to_string())?.replace("{ROOT}", root);
    let case: Value = json::from_str(&case).map_err(|error| error.to_string())?;
    let package = |package: &Value| InstalledPackage {
        name: text(package, "name").to_owned(),
        version: text(package, "version").to_owned(),
    };
    let module = WithPackages(list(&case, "packages").iter().map(package).collect());
    let parameters = case.get("parameters").ok_or("no parameters")?;
    let result = tree::in_one_form(worker::run_module(&module, parameters, Budget::default()));
    match case.get("fixed") {
        Some(fixed) => check_fixed(&result, &tree::in_one_form(fixed.clone())),
        None => check_all(&result, &tree::in_one_form(case.get("expect").ok_or("no expectation")?.clone())),
    }
}

fn check_fixed(result: &ModuleResult, fixed: &Value) -> Result<(), String> {
    same("success", &result.success, &true)?;
    for test in elements(&result.elements)?.results {
        let wanted = fixed.get(&test.id).ok_or("a test without expectation")?;
        if wanted.get("error") == Some(&Value::Bool(true)) {
            same(&test.id, &test.is_error, &true)?;
            continue;
        }
        let mut all: TestResult = json::from_value(wanted).map_err(|error| error.to_string())?;
        all.id.clone_from(&test.id);
        same("test", &sorted(test), &sorted(all))?;
    }
    Ok(())
}

fn check_all(result: &ModuleResult, expect: &Value) -> Result<(), String> {
    same("success", &Some(&Value::Bool(result.success)), &expect.get("success"))?;
    same("foundanything", &Some(&Value::Bool(result.found_anything)), &expect.get("foundanything"))?;
    let wanted = expect.get("elements").ok_or("no elements")?;
    same("null elements", &result.elements.is_null(), &wanted.is_null())?;
    if !wanted.is_null() {
        let (found, wanted) = (elements(&result.elements)?, elements(wanted)?);
        let tests = |elements: Elements| elements.results.into_iter().map(sorted).collect::<Vec<_>>();
        same("human output", &found.human_output, &wanted.human_output)?;
        same("JSON output", &found.json_output, &wanted.json_output)?;
        same("tests", &tests(found), &tests(wanted))?;
    }
    let errors: Vec<&str> = list(expect, "errors").iter().filter_map(Value::as_str).collect();
    same("errors", &result.errors.iter().flatten().map(String::as_str).collect::<Vec<_>>(), &errors)?;
    check_printed(result, expect, "print_all", false)?;
    check_printed(result, expect, "print_found", true)
}

fn elements(value: &Value) -> Result<Elements, String> {
    json::from_value(value).map_err(|error| error.to_string())
}

/// The order of sub-results is not part of the contract.
fn sorted(mut test: TestResult) -> TestResult {
    if let Some(results) = &mut test.results {
        results.sort_by(|one, other| (&one.identifier, one.result).cmp(&(&other.identifier, other.result)));
    }
    test
}

fn check_printed(result: &ModuleResult, expect: &Value, field: &str, found_only: bool) -> Result<(), String> {
    let mut wanted: Vec<&str> = list(expect, field).iter().filter_map(Value::as_str).collect();
    let mut found = ScribeModule.print(result, found_only);
    for line in &mut found {
        if line.starts_with("Statistics: runtime ") {
            *line = "Statistics: runtime {EXECTIME}".to_owned();
        }
    }
    found.sort();
    wanted.sort_unstable();
    same(field, &found.iter().map(String::as_str).collect(), &wanted)
}

fn check_versions(case: &Value) -> Result<(), String> {
    let (actual, check, operation) = (text(case, "actual"), text(case, "check"), text(case, "op"));
    let order = evr::compare(actual, check);
    if let Some(wanted) = case.get("error").and_then(Value::as_str) {
        return same("error", &order.err().map(|error| error.to_string()).as_deref(), &Some(wanted));
    }
    let order = order.map_err(|error| error.to_string())?;
    let holds = match operation {
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        _ => order.is_eq(),
    };
    // Where the original crashes: all these are true by the rule that zeros alone are 0.
    same("result", &holds, &case.get("result").and_then(Value::as_bool).unwrap_or(true))
}
