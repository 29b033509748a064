//! Command lines and dialogues of modules against the vectors of the original.

mod common;

use common::{Suite, list, same, text};
use mig_core::{
    json::{self, Value},
    module::{ArgsError, Module, ParsedArgs},
    testing::{Script, vectors},
};
use mig_modules::BUILTIN;
use std::{fs, process::ExitCode};
use tempfile::TempDir;

fn main() -> ExitCode {
    let mut suite = Suite::default();
    let root = files_of("modules/cli.json");
    suite.family("cli", of_built_modules("modules/cli.json", &root), move |case| {
        let _alive = &root;
        command_line(case)
    });
    let root = files_of("modules/interactive.json");
    suite.family("interactive", of_built_modules("modules/interactive.json", &root), move |case| {
        let _alive = &root;
        dialogue(case)
    });
    let mut cases = vectors::cases("modules/file-2015.json");
    cases.retain(|case| case.get("argv").is_some());
    suite.family("file-2015 (command lines)", cases, command_line_of_2015);
    suite.run()
}

/// A directory with the files that the cases name.
fn files_of(vectors: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    let files = vectors::read(vectors).get("files").and_then(Value::as_map).cloned().unwrap_or_default();
    for (name, text) in files {
        fs::write(root.path().join(name), text.as_str().expect("a text")).expect("a file");
    }
    root
}

/// The cases of modules that exist, with the directory of their files put in.
fn of_built_modules(vectors: &str, root: &TempDir) -> Vec<Value> {
    let mut cases = vectors::cases(vectors);
    cases.retain(|case| module(case).is_ok());
    // With slashes, which every system reads: others would have to be escaped.
    let root = root.path().to_str().expect("a path that is text").replace('\\', "/");
    let placed = |case: Value| {
        let text = json::to_string(&case).expect("JSON").replace("{ROOT}", &root);
        json::from_str(&text).expect("JSON")
    };
    cases.into_iter().map(placed).collect()
}

fn module(case: &Value) -> Result<&'static dyn Module, String> {
    let name = text(case, "module");
    BUILTIN.iter().copied().find(|module| module.name() == name).ok_or(format!("no module '{name}'"))
}

fn lines(case: &Value, field: &str) -> Vec<String> {
    list(case, field).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn show(value: Option<&Value>) -> String {
    value.map_or("nothing".to_owned(), |value| json::to_string(value).unwrap_or_default())
}

fn command_line(case: &Value) -> Result<(), String> {
    if is_refused_by_mistake(case) {
        return match module(case)?.parse_args(&lines(case, "argv")) {
            Ok(ParsedArgs::Params(_)) => Ok(()),
            other => Err(format!("documented flags are refused: {other:?}")),
        };
    }
    let expect = case.get("expect").ok_or("no expectation")?;
    let (params, error, help) = match module(case)?.parse_args(&lines(case, "argv")) {
        Ok(ParsedArgs::Help) => (None, None, true),
        Ok(ParsedArgs::Params(params)) => (Some(params), None, false),
        Err(ArgsError { error, params }) => (params, Some(error.reason), false),
    };
    same("parameters", &show(params.as_ref()), &show(expect.get("parameters")))?;
    // Some modules of the original call it an error that they printed their help; `mig` prints it for ours.
    let error_wanted = expect.get("error").and_then(Value::as_str).filter(|error| *error != "help printed");
    same("error", &error.as_deref(), &error_wanted)?;
    let is_true = |field: &str| expect.get(field) == Some(&Value::Bool(true));
    same("help", &help, &(is_true("help") || is_true("prints_help")))
}

/// The original refuses flags that its help documents; its specification wants them accepted.
fn is_refused_by_mistake(case: &Value) -> bool {
    text(case, "quirk").starts_with("the documented flags -offset and -maxlength do not exist")
}

/// What was asked for must be the same; defaults are those of the later version.
fn command_line_of_2015(case: &Value) -> Result<(), String> {
    let wanted = case.get("expect").and_then(|expect| expect.get("parameters")).ok_or("no parameters")?;
    let file = BUILTIN.iter().find(|module| module.name() == "file").ok_or("no module 'file'")?;
    let arguments = lines(case, "argv");
    let Ok(ParsedArgs::Params(found)) = file.parse_args(&arguments) else {
        return Err("no parameters".to_owned());
    };
    let is_given = |option: &str| option == "matchall" || arguments.contains(&format!("-{option}"));
    let (found, wanted) = (without_defaults(&found, is_given), without_defaults(wanted, is_given));
    same("parameters", &show(Some(&found)), &show(Some(&wanted)))
}

fn without_defaults(params: &Value, is_given: impl Fn(&str) -> bool) -> Value {
    let mut params = params.clone();
    let mut place = &mut params;
    for field in ["searches", "s1", "options"] {
        let Value::Map(fields) = place else { return params };
        let Some(next) = fields.get_mut(field) else { return params };
        place = next;
    }
    if let Value::Map(options) = place {
        options.retain(|option, _| is_given(option));
    }
    params
}

fn dialogue(case: &Value) -> Result<(), String> {
    let expect = case.get("expect").ok_or("no expectation")?;
    let mut script = Script::new(lines(case, "input_lines"));
    let found = module(case)?.create_interactive(&mut script).map_err(|error| error.to_string())?;
    same("parameters", &show(found.as_ref()), &show(expect.get("parameters")))
}
