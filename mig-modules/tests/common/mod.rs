//! What the vector tests of modules share.
#![allow(dead_code, reason = "each test binary uses a part")]

#[cfg(target_os = "linux")]
pub(crate) mod helper;
pub(crate) mod session;
pub(crate) mod tree;

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

/// The tests of one binary: each case under its own name, counted by family.
#[derive(Default)]
pub(crate) struct Suite {
    trials: Vec<Trial>,
    families: BTreeMap<String, (Arc<AtomicUsize>, usize)>,
}

impl Suite {
    /// Adds cases; a family without cases fails.
    pub(crate) fn family(
        &mut self,
        family: &str,
        cases: Vec<Value>,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) {
        assert!(!cases.is_empty(), "{family}: no cases");
        let passed = Arc::new(AtomicUsize::new(0));
        let check = Arc::new(check);
        self.families.insert(family.to_owned(), (Arc::clone(&passed), cases.len()));
        for case in cases {
            let (passed, check) = (Arc::clone(&passed), Arc::clone(&check));
            self.trials.push(Trial::test(format!("{family}/{}", text(&case, "id")), move || {
                check(&case).map_err(Failed::from)?;
                passed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }));
        }
    }

    /// Runs the tests and prints `family: passed/all` for each.
    #[allow(clippy::print_stdout, reason = "the report of a test program")]
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

/// The text of a field; empty if there is none.
pub(crate) fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list; none if there is no list.
pub(crate) fn list<'a>(case: &'a Value, field: &str) -> &'a [Value] {
    case.get(field).and_then(Value::as_list).unwrap_or_default()
}

/// Fails unless both are equal; says what was compared.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}:\n found {found:?}\nwanted {wanted:?}")) }
}
