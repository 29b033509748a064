//! macOS: nothing of the running system is told yet; modules that need files only are complete.

use crate::sys::System;
use mig_core::module::Machine;

#[derive(Debug)]
struct MacOs;

impl System for MacOs {}

pub(super) fn system(_machine: &Machine) -> Box<dyn System> {
    Box::new(MacOs)
}
