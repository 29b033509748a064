//! The memory module against the vectors of the original.

mod common;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::common::{
        Suite,
        helper::{Helper, Kind, Spec, be_helper},
        list, same, text,
    };
    use mig_core::{
        agent::{Budget, worker},
        command::ModuleResult,
        json::{self, Value},
        module::Module,
        testing::vectors,
    };
    use mig_modules::memory::MemoryModule;
    use std::{num::NonZeroUsize, process::ExitCode};

    pub(crate) fn main() -> ExitCode {
        if be_helper() {
            return ExitCode::SUCCESS;
        }
        let mut suite = Suite::default();
        suite.family("memory", vectors::cases("modules/memory.json"), parameters);
        suite.family("memory-process", vectors::cases("modules/memory-process.json"), process);
        suite.run()
    }

    fn run(parameters: &Value) -> Result<ModuleResult, String> {
        let budget = Budget { threads: NonZeroUsize::new(2).ok_or("no threads")?, ..Budget::default() };
        Ok(worker::run_module(&MemoryModule, parameters, budget))
    }

    fn show(value: Option<&Value>) -> String {
        value.map_or("nothing".to_owned(), |value| json::to_string(value).unwrap_or_default())
    }

    fn parameters(case: &Value) -> Result<(), String> {
        let expect = case.get("fixed").or(case.get("expect")).ok_or("no expectation")?;
        let result = run(case.get("parameters").ok_or("no parameters")?)?;
        same("success", &Some(&Value::Bool(result.success)), &expect.get("success"))?;
        same("foundanything", &Some(&Value::Bool(result.found_anything)), &expect.get("foundanything"))?;
        same("elements", &show(Some(&result.elements)), &show(expect.get("elements")))?;
        let errors: Vec<&str> = list(expect, "errors").iter().filter_map(Value::as_str).collect();
        same("errors", &result.errors.iter().flatten().map(String::as_str).collect(), &errors)?;
        let printed = MemoryModule.print(&result, true);
        let lines: Vec<&str> = list(expect, "print_found").iter().filter_map(Value::as_str).collect();
        same("print_found", &printed.iter().map(String::as_str).collect(), &lines)
    }

    fn process(case: &Value) -> Result<(), String> {
        let number = |field| case.get(field).and_then(|number| json::from_value::<u32>(number).ok());
        let spec = Spec {
            kind: Kind::Anonymous,
            bytes: number("region_bytes").ok_or("no size")? as usize,
            filler: *text(case, "filler").as_bytes().first().ok_or("no filler")?,
            marks: vec![(number("offset").ok_or("no offset")? as usize, text(case, "marker_hex").to_owned())],
        };
        let helper = Helper::start(&spec, &[]);
        let search = show(case.get("search")).replace("{HELPER}", &helper.name);
        let parameters = json::from_str(&format!(r#"{{"searches":{{"s1":{search}}}}}"#));
        let result = run(&parameters.map_err(|error| error.to_string())?)?;
        let expect = case.get("expect").ok_or("no expectation")?;
        same("foundanything", &Some(&Value::Bool(result.found_anything)), &expect.get("foundanything"))?;
        let found = result.elements.get("s1").and_then(Value::as_list).and_then(|found| found.first());
        let pid = found.and_then(|found| found.get("process")).and_then(|process| process.get("pid"));
        same("pid", &pid, &Some(&Value::Number(f64::from(helper.child.id()))))
    }
}
