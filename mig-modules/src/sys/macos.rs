//! macOS: nothing of the running system is told yet; modules that need files only are complete.

use crate::sys::{System, SystemError, packages_of_images_only};
use mig_core::module::Machine;

#[derive(Debug)]
struct MacOs {
    machine: Machine,
}

impl System for MacOs {
    fn package_databases(&self) -> Result<(), SystemError> {
        packages_of_images_only(&self.machine)
    }
}

pub(super) fn system(machine: &Machine) -> Box<dyn System> {
    Box::new(MacOs { machine: machine.clone() })
}
