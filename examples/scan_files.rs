//! Runs the file module inside of a Rust program: parameters in, answer out, no agent and no platform.
//!
//! ```text
//! echo '{"searches":{"s1":{"paths":["/etc"],"names":["^passwd$"],"options":{"matchall":true}}}}' |
//!     cargo run -p mig-examples --example scan_files
//! ```
//!
//! With `--json` the whole result is printed, else a line for each file, errors and statistics.

use mig_core::{
    agent::{Budget, worker},
    json::{self, Value},
    limits,
    module::Module,
};
use mig_modules::file::FileModule;
use std::{
    error::Error,
    io::{self, Write},
    thread::available_parallelism,
};

fn main() -> Result<(), Box<dyn Error>> {
    let parameters = limits::read(io::stdin().lock(), limits::MAX_PARAMETERS_BYTES)?;
    let parameters: Value = json::from_slice(&parameters)?;
    // The default is half of the processors, so that a machine stays usable. This program is alone.
    let budget = Budget { threads: available_parallelism()?, ..Budget::default() };
    let result = worker::run_module(&FileModule, &parameters, budget);

    let mut output = io::BufWriter::new(io::stdout().lock());
    if std::env::args().any(|argument| argument == "--json") {
        writeln!(output, "{}", json::to_string(&result)?)?;
    } else {
        for line in FileModule.lines(&result, false) {
            writeln!(output, "{line}")?;
        }
    }
    output.flush()?;
    Ok(())
}
