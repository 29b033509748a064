//! Linux: by the tables of `/proc`, of the running kernel or of an image.

pub mod maps;
mod memory;
mod process;

use crate::sys::{Files, Memory, MemoryError, Pid, Process, Region, System, SystemError};
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

    fn regions(&self, pid: Pid) -> Result<Vec<Region>, SystemError> {
        maps::read(self.files(), pid)
    }

    fn memory(&self, pid: Pid) -> Result<Box<dyn Memory>, MemoryError> {
        if !self.machine.is_running() {
            return Err(SystemError::NotRunning { what: "reading the memory of processes" }.into());
        }
        Ok(Box::new(memory::ProcessMemory::open(pid)?))
    }
}
