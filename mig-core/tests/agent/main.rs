//! Tests of the agent that need processes: this program is also the module's process, and an agent to be killed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod child;
mod in_process;
mod killed;
mod support;
mod worker;

use libtest_mimic::{Arguments, Trial};
use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [support::WORKER, module] => support::serve(module),
        [killed::AGENT, directory] => killed::be_an_agent(directory.as_ref()),
        _ => {
            let trials = [child::trials(), in_process::trials(), killed::trials(), worker::trials()];
            libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
        }
    }
}

/// Makes trials of functions, named after them.
macro_rules! trials {
    ($family:literal: $($test:ident)+) => {
        pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
            vec![$(crate::trial(concat!($family, "::", stringify!($test)), $test)),+]
        }
    };
}
pub(crate) use trials;

pub(crate) fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
