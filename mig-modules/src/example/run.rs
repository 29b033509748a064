//! A prepared run: asks the machine, then the resolver.

use super::{
    params::Parameters,
    result::{Elements, Statistics},
};
use crate::{
    net::{LookupError, resolve},
    sys::{Files, SystemError},
};
use mig_core::{
    agent,
    agent_info::Environment,
    json,
    module::{Machine, Outcome, Registry, Run, Session, Stop},
};
use std::{io, path::Path};

/// Longest file with the name of a host, in bytes.
const MAX_HOST_NAME_BYTES: usize = 4 << 10;

/// Questions that are ready to be asked.
#[derive(Debug)]
pub(super) struct ExampleRun {
    parameters: Parameters,
}

impl ExampleRun {
    pub(super) fn new(parameters: Parameters) -> Self {
        Self { parameters }
    }

    /// Adds each answer to the elements as it comes, so that a stop loses none.
    fn ask(&self, session: &dyn Session, elements: &mut Elements) -> Result<(), Stop> {
        let machine = session.machine();
        if self.parameters.host_name {
            session.checkpoint()?;
            elements.host_name = told(host_name(machine), session);
        }
        if self.parameters.addresses {
            session.checkpoint()?;
            elements.addresses = told(addresses(machine), session).unwrap_or_default();
        }
        for name in self.parameters.names.iter().flatten() {
            match look_up(name, session) {
                Ok(addresses) => {
                    elements.looked_up.insert(name.clone(), addresses);
                }
                Err(ExampleError::Lookup(LookupError::Stopped(stop))) => return Err(stop),
                Err(error) => session.soft_error(error.to_string()),
            }
        }
        Ok(())
    }
}

impl Run for ExampleRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let mut elements = Elements::default();
        let stopped = self.ask(session, &mut elements).err();
        let statistics = Statistics { found: elements.found() };
        Ok(Outcome {
            found: statistics.found > 0,
            elements: json::to_value(&elements).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped,
        })
    }
}

/// Why something can not be told.
#[derive(Debug, thiserror::Error)]
enum ExampleError {
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

/// The answer, or `None` and a soft error.
fn told<T>(answer: Result<T, ExampleError>, session: &dyn Session) -> Option<T> {
    answer.map_err(|error| session.soft_error(error.to_string())).ok()
}

/// What the kernel says, or what an image would tell its kernel.
fn host_name(machine: &Machine) -> Result<String, ExampleError> {
    if machine.is_running() {
        return Ok(agent::host_name());
    }
    let path = Path::new("/etc/hostname");
    let text = Files::of(machine).read(path, MAX_HOST_NAME_BYTES).map_err(SystemError::reading(path))?;
    let text = json::lossy(&text);
    let mut names = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let missing = || SystemError::reading(path)(io::Error::new(io::ErrorKind::InvalidData, "no name"));
    Ok(names.next().ok_or_else(missing)?.to_owned())
}

fn addresses(machine: &Machine) -> Result<Vec<String>, ExampleError> {
    let what = "listing addresses";
    if !machine.is_running() {
        return Err(SystemError::NotRunning { what }.into());
    }
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        return Err(SystemError::unsupported(what).into());
    }
    Ok(Environment::of_this_machine(&Registry::default()).addresses)
}

fn look_up(name: &str, session: &dyn Session) -> Result<Vec<String>, ExampleError> {
    if !session.machine().is_running() {
        return Err(SystemError::NotRunning { what: "looking up names" }.into());
    }
    let found = resolve(name, 0, &|| session.checkpoint())?;
    Ok(found.into_iter().map(|address| address.ip().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::ExampleModule;
    use mig_core::{
        agent::{Budget, RunSession, worker},
        command::ModuleResult,
        json::Value,
        testing::TestSession,
    };
    use std::fs;

    fn answer(parameters: &str, machine: Machine) -> ModuleResult {
        let parameters: Value = json::from_str(parameters).unwrap();
        worker::run_in_session(&ExampleModule, &parameters, RunSession::new(Budget::default()).on(machine)).0
    }

    #[test]
    fn the_machine_is_told_with_its_name_and_the_names_it_knows() {
        let result = answer(r#"{"gethostname":true,"lookuphost":["localhost"]}"#, Machine::Running);
        assert!(result.success && result.found_anything, "{result:?}");
        assert_eq!(result.elements.get("hostname"), Some(&Value::from(agent::host_name())));
        let found = result.elements.get("lookeduphost").and_then(|found| found.get("localhost")).unwrap();
        assert!(found.as_list().unwrap().iter().any(|address| address.as_str() == Some("127.0.0.1")));
        assert_eq!(result.statistics.get("stufffound"), Some(&Value::from(1.0)));
    }

    #[test]
    fn nothing_asked_is_nothing_found() {
        let result = answer("{}", Machine::Running);
        assert!(result.success && !result.found_anything);
        assert_eq!(json::to_string(&result.elements).unwrap(), "{}");
    }

    #[test]
    fn a_name_that_is_not_there_spoils_no_other_answer() {
        let result = answer(
            r#"{"gethostname":true,"lookuphost":["no-such-host.invalid","localhost"]}"#,
            Machine::Running,
        );
        assert!(!result.success && result.found_anything);
        assert_eq!(result.errors.unwrap().len(), 1);
        assert!(result.elements.get("lookeduphost").unwrap().get("localhost").is_some());
    }

    #[test]
    fn an_image_has_a_name_and_no_addresses() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/hostname"), "# comment\n\n web1 \n").unwrap();
        let machine = Machine::image(root.path()).unwrap();
        let all = r#"{"gethostname":true,"getaddresses":true,"lookuphost":["localhost"]}"#;
        let result = answer(all, machine.clone());
        assert_eq!(json::to_string(&result.elements).unwrap(), r#"{"hostname":"web1"}"#);
        assert_eq!(
            result.errors.unwrap(),
            [
                "listing addresses needs a running machine, not an image",
                "looking up names needs a running machine, not an image"
            ]
        );
        fs::remove_file(root.path().join("etc/hostname")).unwrap();
        let errors = answer(r#"{"gethostname":true}"#, machine).errors.unwrap();
        assert!(errors[0].starts_with("/etc/hostname: "), "{errors:?}");
    }

    #[test]
    fn a_stop_keeps_what_was_told() {
        let parameters = Parameters { host_name: true, addresses: true, ..Parameters::default() };
        let session = TestSession::new().stop_after(1, Stop::Cancelled);
        let outcome = Box::new(ExampleRun::new(parameters)).run(&session).unwrap();
        assert_eq!(outcome.stopped, Some(Stop::Cancelled));
        assert!(outcome.found && outcome.elements.get("hostname").is_some());
    }
}
