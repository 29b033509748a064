//! Linux: by the tables of `/proc`, of the running kernel or of an image.

#[cfg(feature = "agentdestroy")]
mod held;
mod process;

#[cfg(feature = "agentdestroy")]
use crate::sys::HeldProcess;
use crate::sys::{Files, Pid, Process, System, SystemError};
use mig_core::module::Machine;

#[derive(Debug)]
struct Linux {
    machine: Machine,
}

pub(super) fn system(machine: &Machine) -> Box<dyn System> {
    Box::new(Linux { machine: machine.clone() })
}

impl Linux {
    fn files(&self) -> Files<'_> {
        Files::of(&self.machine)
    }
}

impl System for Linux {
    fn processes(&self) -> Result<Vec<Pid>, SystemError> {
        process::list(self.files())
    }

    fn process(&self, pid: Pid) -> Result<Process, SystemError> {
        process::look(self.files(), pid)
    }

    #[cfg(feature = "agentdestroy")]
    fn hold(&self, pid: Pid) -> Result<Box<dyn HeldProcess>, SystemError> {
        if self.machine.is_running() {
            held::hold(pid)
        } else {
            Err(SystemError::NotRunning { what: "ending processes" })
        }
    }
}
