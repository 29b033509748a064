//! Runs vectors as named tests and counts them by family.

use libtest_mimic::{Arguments, Failed, Trial};
use mig_core::json::Value;
use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The tests of one binary.
#[derive(Default)]
pub(crate) struct Suite {
    trials: Vec<Trial>,
    families: BTreeMap<String, (Arc<AtomicUsize>, usize)>,
}

impl Suite {
    /// Adds every case of a vector file; a file without cases fails.
    pub(crate) fn family(&mut self, file: &str, check: fn(&Value) -> Result<(), String>) {
        let family = file.trim_end_matches(".json").to_owned();
        let cases = mig_core::testing::vectors::cases(file);
        self.cases(family, cases, check);
    }

    /// Adds these cases.
    pub(crate) fn cases(
        &mut self,
        family: String,
        cases: Vec<Value>,
        check: fn(&Value) -> Result<(), String>,
    ) {
        assert!(!cases.is_empty(), "{family}: no cases");
        let passed = Arc::new(AtomicUsize::new(0));
        self.families.insert(family.clone(), (Arc::clone(&passed), cases.len()));
        for case in cases {
            let id = case.get("id").and_then(Value::as_str).unwrap_or("without id").to_owned();
            let passed = Arc::clone(&passed);
            self.trials.push(Trial::test(format!("{family}/{id}"), move || {
                check(&case).map_err(Failed::from)?;
                passed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }));
        }
    }

    #[allow(clippy::print_stdout, reason = "the report of a test program")]
    /// Runs the tests and prints `family: passed/all` for each.
    pub(crate) fn run(self) -> ExitCode {
        let arguments = Arguments::from_args();
        let listing = arguments.list;
        let conclusion = libtest_mimic::run(&arguments, self.trials);
        if !listing {
            for (family, (passed, all)) in self.families {
                println!("{family}: {}/{all}", passed.load(Ordering::Relaxed));
            }
        }
        conclusion.exit_code()
    }
}

/// The text of a field that must be there.
pub(crate) fn text<'a>(case: &'a Value, field: &str) -> Result<&'a str, String> {
    case.get(field).and_then(Value::as_str).ok_or_else(|| format!("no text '{field}' in the case"))
}

/// True if the case says that the input must be refused.
pub(crate) fn refuses(case: &Value) -> bool {
    case.get("error").is_some_and(|error| *error != Value::Bool(false))
}

/// True if an implementation may refuse the input.
pub(crate) fn may_refuse(case: &Value) -> bool {
    case.get("optional").is_some()
}

/// Compares what came out with what the case wants.
pub(crate) fn same(found: &str, wanted: &str) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("\n found {found}\nwanted {wanted}")) }
}

/// Judges an outcome: refused inputs must be errors, optional ones may be, others must give `wanted`.
pub(crate) fn judge(case: &Value, outcome: Result<String, String>, wanted: &str) -> Result<(), String> {
    match (outcome, refuses(case)) {
        (Ok(found), true) => Err(format!("accepted what must be refused: {found}")),
        (Err(_), true) => Ok(()),
        (Err(_), false) if may_refuse(case) => Ok(()),
        (Err(error), false) => Err(error),
        (Ok(found), false) => same(&found, case.get(wanted).and_then(Value::as_str).unwrap_or_default()),
    }
}
