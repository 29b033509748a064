//! The program `mig-agent`.

use mig_core::module::Registry;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Two built-in modules of one name are a mistake of the build, which no user can cause.
    Registry::from_modules(mig_modules::BUILTIN)
        .map_or(ExitCode::FAILURE, |registry| mig_agent::run(&registry))
}
