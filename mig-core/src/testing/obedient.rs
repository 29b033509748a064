//! Modules that do what their parameters say: for tests of whoever runs modules.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::zombie_processes,
    reason = "they play modules that misbehave"
)]

use crate::{
    json::{self, Value},
    module::{Effects, Module, ModuleInfo, Outcome, ParamsError, Run, Session, Stop},
};
use serde::Deserialize;
use std::{fs, io::Write as _, path::PathBuf, process::Command, thread, time::Duration};

/// The module `obedient`, which says that it only looks.
#[derive(Clone, Copy, Debug)]
pub struct Obedient;

/// The module `changer`: the same, but it says that it changes the machine.
#[derive(Clone, Copy, Debug)]
pub struct Changer;

/// What both do, in this order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Orders {
    /// Appends a line to this file: counts runs.
    pub append_to: Option<PathBuf>,
    /// Starts a process that lives for an hour, and writes its id to this file.
    pub grandchild: Option<PathBuf>,
    /// Reports a soft error.
    pub soft_error: Option<String>,
    /// Counts results.
    pub count: u64,
    /// Works for so many milliseconds, passing checkpoints.
    pub work_ms: u64,
    /// Works for so many milliseconds without a checkpoint.
    pub hang_ms: u64,
    /// Panics.
    pub panic: bool,
    /// Prints this where only the result may be.
    pub print: Option<String>,
    /// Prints this on standard error.
    pub complain: Option<String>,
    /// Ends the process with this code.
    pub exit: Option<i32>,
    /// Finds a text of so many bytes.
    pub found_bytes: usize,
}

impl Module for Obedient {
    fn name(&self) -> &'static str {
        "obedient"
    }

    fn info(&self) -> ModuleInfo {
        info(Effects::ReadOnly)
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        prepare(params)
    }
}

impl Module for Changer {
    fn name(&self) -> &'static str {
        "changer"
    }

    fn info(&self) -> ModuleInfo {
        info(Effects::Changes)
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        prepare(params)
    }
}

fn info(effects: Effects) -> ModuleInfo {
    ModuleInfo {
        summary: "does what its parameters say",
        description: "For tests.",
        flags: &[],
        examples: &[],
        privileges: "none",
        effects,
    }
}

fn prepare(params: &Value) -> Result<Box<dyn Run>, ParamsError> {
    let orders: Orders =
        json::from_value(params).map_err(|error| ParamsError::new(format!("orders: {error}")))?;
    Ok(Box::new(orders))
}

impl Run for Orders {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        self.touch_files();
        if let Some(error) = self.soft_error {
            session.soft_error(error);
        }
        session.count(self.count)?;
        for _ in 0..self.work_ms {
            session.checkpoint()?;
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(self.hang_ms));
        assert!(!self.panic, "secret content");
        if let Some(text) = self.print {
            print!("{text}");
        }
        if let Some(text) = self.complain {
            eprintln!("{text}");
        }
        if let Some(code) = self.exit {
            std::process::exit(code);
        }
        let elements = Value::String("x".repeat(self.found_bytes));
        Ok(Outcome { found: self.found_bytes > 0, elements, ..Outcome::default() })
    }
}

impl Orders {
    fn touch_files(&self) {
        if let Some(path) = &self.append_to {
            let mut file = fs::File::options().create(true).append(true).open(path).expect("append_to");
            writeln!(file, "ran").expect("append_to");
        }
        if let Some(path) = &self.grandchild {
            let child = Command::new("sleep").arg("3600").spawn().expect("grandchild");
            fs::write(path, child.id().to_string()).expect("grandchild");
        }
    }
}
