//! The program `mig`.

use mig::exit::Exit;
use mig_core::module::Registry;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Two built-in modules of one name are a mistake of the build, which no user can cause.
    let exit =
        Registry::from_modules(mig_modules::BUILTIN).map_or(Exit::Error, |registry| mig::run(&registry));
    exit.into()
}
