//! The file module against the vectors of the original.

mod common;

use common::{Suite, list, same, text, tree};
use mig_core::{
    agent::{Budget, worker},
    command::ModuleResult,
    json::{self, Value},
    message::Message,
    module::Module,
    testing::vectors,
};
use mig_modules::file::FileModule;
use std::{collections::BTreeSet, num::NonZeroUsize, process::ExitCode, sync::Arc};

fn main() -> ExitCode {
    let tree = Arc::new(tree::materialise("modules/tree-main.json"));
    let root = tree.text();
    let mut suite = Suite::default();
    for family in ["file", "file-params", "file-2015"] {
        let mut cases = vectors::cases(&format!("modules/{family}.json"));
        cases.retain(|case| case.get("argv").is_none() && tree.holds(case));
        let (tree, root) = (Arc::clone(&tree), root.clone());
        let old = family == "file-2015";
        suite.family(family, cases, move |case| {
            let _alive = &tree;
            Case { case, root: &root, old }.check()
        });
    }
    suite.run()
}

/// One case, and where the tree is.
struct Case<'a> {
    case: &'a Value,
    root: &'a str,
    /// From the version of 2015: its results lack later options.
    old: bool,
}

impl Case<'_> {
    fn check(&self) -> Result<(), String> {
        let result = self.run()?;
        let fixed = self.case.get("fixed").map(|fixed| self.placed(fixed)).transpose()?;
        let expect = self.placed(self.case.get("expect").ok_or("no expectation")?)?;
        match (fixed, self.case.get("quirk")) {
            (Some(fixed), _) => self.check_fixed(&result, &fixed),
            // Either is fine, and the prose wants something else.
            (None, Some(_)) => Ok(()),
            (None, None) => self.check_all(&result, &expect),
        }
    }

    fn run(&self) -> Result<ModuleResult, String> {
        let budget = Budget { threads: NonZeroUsize::new(2).ok_or("no threads")?, ..Budget::default() };
        let line = match self.case.get("message").and_then(Value::as_str) {
            Some(line) => line.to_owned(),
            None => {
                let parameters = self.case.get("parameters").ok_or("no parameters")?;
                let parameters = json::to_string(parameters).map_err(|error| error.to_string())?;
                format!(r#"{{"class":"parameters","parameters":{parameters}}}"#)
            }
        };
        let line = line.replace("{ROOT}", self.root);
        let message = Message::read_parameters(&mut line.as_bytes()).map_err(|error| error.to_string())?;
        Ok(tree::in_one_form(worker::run_module(&FileModule, &message.parameters, budget)))
    }

    /// The value with the place of the tree put in.
    fn placed(&self, value: &Value) -> Result<Value, String> {
        let text = json::to_string(value).map_err(|error| error.to_string())?;
        let placed = json::from_str(&text.replace("{ROOT}", self.root)).map_err(|error| error.to_string());
        placed.map(tree::in_one_form)
    }

    fn check_fixed(&self, result: &ModuleResult, fixed: &Value) -> Result<(), String> {
        if let Some(Value::Bool(success)) = fixed.get("success") {
            same("success", &result.success, success)?;
        }
        if let Some(Value::Bool(found)) = fixed.get("foundanything") {
            same("foundanything", &result.found_anything, found)?;
        }
        if let Some(total) = fixed.get("totalhits") {
            same("totalhits", &result.statistics.get("totalhits"), &Some(total))?;
        }
        if let Some(elements) = fixed.get("elements") {
            self.check_elements(result, elements)?;
        }
        if let Some(counts) = fixed.get("counts") {
            same("counts", &counts_of(&result.elements), counts)?;
        }
        let errors = result.errors.clone().unwrap_or_default();
        let part = text(fixed, "error_contains");
        if errors.iter().any(|error| error.contains(part)) || part.is_empty() {
            Ok(())
        } else {
            Err(format!("no error contains '{part}': {errors:?}"))
        }
    }

    fn check_all(&self, result: &ModuleResult, expect: &Value) -> Result<(), String> {
        same("success", &Some(&Value::Bool(result.success)), &expect.get("success"))?;
        same("foundanything", &Some(&Value::Bool(result.found_anything)), &expect.get("foundanything"))?;
        match text(self.case, "compare") {
            "counts" => {
                same("counts", &Some(&counts_of(&result.elements)), &expect.get("counts"))?;
                return same(
                    "totalhits",
                    &result.statistics.get("totalhits"),
                    &expect.get("statistics").and_then(|statistics| statistics.get("totalhits")),
                );
            }
            "errors-count" => check_error_count(result, expect)?,
            _ => check_errors(result, list(expect, "errors"))?,
        }
        if self.old && !list_of_sizes(self.case).is_empty() {
            // The bounds of 2015 were exclusive: what it found we find as well, and what lies on a bound.
            return self.check_contains(result, expect.get("elements").ok_or("no elements")?);
        }
        self.check_elements(result, expect.get("elements").ok_or("no elements")?)?;
        let statistics = expect.get("statistics").and_then(Value::as_map).cloned().unwrap_or_default();
        for (name, wanted) in statistics {
            same(&name, &result.statistics.get(&name), &Some(&wanted))?;
        }
        check_printed(result, expect, "print_all", false)?;
        check_printed(result, expect, "print_found", true)
    }

    fn check_elements(&self, result: &ModuleResult, wanted: &Value) -> Result<(), String> {
        same("elements", &self.sorted(&result.elements), &self.sorted(wanted))
    }

    fn check_contains(&self, result: &ModuleResult, wanted: &Value) -> Result<(), String> {
        let found = self.sorted(&result.elements);
        for (label, wanted) in self.sorted(wanted) {
            let all = found.iter().filter(|(other, _)| *other == label).flat_map(|(_, elements)| elements);
            let all: BTreeSet<&String> = all.collect();
            if let Some(missing) = wanted.iter().find(|element| !all.contains(element)) {
                return Err(format!("missing {missing}"));
            }
        }
        Ok(())
    }

    /// Elements by label as sorted texts: order is not part of the contract.
    fn sorted(&self, elements: &Value) -> Vec<(String, Vec<String>)> {
        let map = elements.as_map().cloned().unwrap_or_default();
        map.into_iter()
            .map(|(label, elements)| {
                let elements = elements.as_list().map(<[Value]>::to_vec);
                let mut texts: Vec<String> = match elements {
                    None => vec!["null".to_owned()],
                    Some(elements) => elements.into_iter().map(|element| self.text_of(element)).collect(),
                };
                texts.sort();
                (label, texts)
            })
            .collect()
    }

    fn text_of(&self, mut element: Value) -> String {
        if self.old
            && let Value::Map(element) = &mut element
            && let Some(Value::Map(search)) = element.get_mut("search")
            && let Some(Value::Map(options)) = search.get_mut("options")
        {
            options.retain(|name, _| !["macroal", "maxerrors", "mismatch"].contains(&name.as_str()));
        }
        json::to_string(&element).unwrap_or_default()
    }
}

fn list_of_sizes(case: &Value) -> Vec<Value> {
    let searches = case.get("parameters").and_then(|parameters| parameters.get("searches"));
    let searches = searches.and_then(Value::as_map).cloned().unwrap_or_default();
    searches.values().flat_map(|search| list(search, "sizes").to_vec()).collect()
}

/// Files found by label.
fn counts_of(elements: &Value) -> Value {
    let found = |elements: &Value| {
        let elements = elements.as_list().unwrap_or_default();
        elements.iter().filter(|element| !text(element, "file").is_empty()).count()
    };
    let map = elements.as_map().cloned().unwrap_or_default();
    Value::Map(
        map.into_iter().map(|(label, elements)| (label, Value::Number(found(&elements) as f64))).collect(),
    )
}

fn check_error_count(result: &ModuleResult, expect: &Value) -> Result<(), String> {
    let errors = result.errors.clone().unwrap_or_default();
    same("errors", &Some(&Value::Number(errors.len() as f64)), &expect.get("errors_count"))?;
    same("last error", &errors.last().map(String::as_str), &Some(text(expect, "errors_last")))
}

/// The original repeats errors, with and without a prefix; and words of libraries may differ.
fn check_errors(result: &ModuleResult, wanted: &[Value]) -> Result<(), String> {
    let whole = |error: &str| error.trim_start_matches("ERROR: ").to_owned();
    let found: BTreeSet<String> = result.errors.iter().flatten().map(|error| whole(error)).collect();
    let wanted: BTreeSet<String> = wanted.iter().filter_map(Value::as_str).map(whole).collect();
    let heads =
        |errors: &BTreeSet<String>| -> BTreeSet<String> { errors.iter().map(|error| head(error)).collect() };
    if !cfg!(unix) {
        // Each system has words of its own for what is wrong.
        let places = |errors: &BTreeSet<String>| errors.iter().map(|error| place(error)).collect();
        return same::<BTreeSet<String>>("errors", &places(&found), &places(&wanted));
    }
    if found == wanted { Ok(()) } else { same("errors", &heads(&found), &heads(&wanted)) }
}

/// The part before the words of the system.
fn place(error: &str) -> String {
    let head = head(error);
    head.split(": ").next().unwrap_or(&head).to_owned()
}

/// The part before the first words of a library.
fn head(error: &str) -> String {
    let end = error.rfind(" -> ").or_else(|| error.rfind("failed with")).unwrap_or(error.len());
    error.get(..end).unwrap_or(error).to_owned()
}

fn check_printed(result: &ModuleResult, expect: &Value, field: &str, found_only: bool) -> Result<(), String> {
    let Some(wanted) = expect.get(field).and_then(Value::as_list) else { return Ok(()) };
    let errors: BTreeSet<&str> = result.errors.iter().flatten().map(String::as_str).collect();
    let their_errors: BTreeSet<&str> = list(expect, "errors").iter().filter_map(Value::as_str).collect();
    let mut wanted: Vec<String> = wanted.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    wanted.retain(|line| !their_errors.contains(line.as_str()));
    let mut found = tree::in_one_form(FileModule.print(result, found_only));
    found.retain(|line| !errors.contains(line.as_str()));
    for line in &mut found {
        if let Some((begin, _)) = line.split_once("ran in ") {
            *line = format!("{begin}ran in {{EXECTIME}}.");
        }
    }
    if text(expect, "compare") == "errors-count" {
        return Ok(());
    }
    found.sort();
    wanted.sort();
    same(field, &found, &wanted)
}
