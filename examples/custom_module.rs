//! A module of your own: which machines have not been restarted since the patch?
//! Try: `echo '{"class":"parameters","parameters":{"longer_than_days":30}}' | cargo run -p mig-examples --example custom_module`

use mig_core::{
    agent::{Budget, worker},
    json::{self, Value},
    limits,
    module::{Effects, Module, ModuleInfo, Outcome, ParamsError, Registry, Run, Session, Stop},
};
use std::{error::Error, io, path::Path};

/// Finds machines that have been up for longer than `longer_than_days`.
#[derive(Debug)]
pub(crate) struct Uptime;

#[derive(Debug, serde::Deserialize)]
struct LongerThan {
    longer_than_days: f64,
}

impl Module for Uptime {
    fn name(&self) -> &'static str {
        "uptime"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "finds machines that were not restarted for long",
            description: "Parameter: longer_than_days.",
            flags: &[],
            examples: &[],
            privileges: "none",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        let run: LongerThan =
            json::from_value(params).map_err(|error| ParamsError::new(error.to_string()))?;
        Ok(Box::new(run))
    }
}

impl Run for LongerThan {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let text = limits::read_file(Path::new("/proc/uptime"), 256).unwrap_or_default();
        let Some(seconds) = json::lossy(&text).split(' ').next().and_then(|word| word.parse::<f64>().ok())
        else {
            session.soft_error("the uptime of this machine is unknown".to_owned());
            return Ok(Outcome::default());
        };
        let days = seconds / 86_400.0;
        Ok(Outcome { found: days > self.longer_than_days, elements: Value::from(days), ..Outcome::default() })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::from_modules(&[&Uptime])?;
    Ok(worker::run(&registry, "uptime", Budget::default(), &mut io::stdin().lock(), &mut io::stdout())?)
}
