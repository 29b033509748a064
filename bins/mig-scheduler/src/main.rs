//! The program `mig-scheduler`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mig_scheduler::run()
}
