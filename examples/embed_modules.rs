//! Three modules inside of your program: no agent, no platform, no asynchronous runtime.
//!
//! ```sh
//! cargo run -p mig-examples --example embed_modules
//! ```
//!
//! The story: an advisory about a break-in says that it leaves setuid programs in temporary directories, comes in through an
//! old OpenSSL, and listens on port 4444. What of that holds for this machine?

use mig_core::{
    agent::{Budget, CancelHandle, RunSession, worker},
    json::{self, Value},
    module::{Module, ParsedArgs},
    safe,
};
use mig_modules::{
    file::FileModule,
    netstat::{self, NetstatModule},
    pkg::PkgModule,
};
use std::{
    error::Error,
    io::{self, Write},
    num::NonZeroUsize,
    thread,
    time::Duration,
};

fn main() -> Result<(), Box<dyn Error>> {
    // All runs below hold this handle. Whoever else has it may end them: a button, a signal, here a clock.
    let stop = CancelHandle::default();
    let clock = stop.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(60));
        clock.cancel();
    });
    investigate("/tmp", 4444, &stop, &mut io::stdout().lock())
}

/// Asks the three questions, one after the other.
pub(crate) fn investigate(
    directory: &str,
    port: u16,
    stop: &CancelHandle,
    output: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    ask(&FileModule, &setuid_programs(directory)?, stop, output)?;
    ask(&PkgModule, &old_openssl()?, stop, output)?;
    ask(&NetstatModule, &listeners(port)?, stop, output)
}

/// Parameters as words of a command line: what stands behind `mig file`.
fn setuid_programs(directory: &str) -> Result<Value, Box<dyn Error>> {
    let words = ["-path", directory, "-mode", "^u", "-returnsha256"].map(str::to_owned);
    match FileModule.parse_args(&words)? {
        ParsedArgs::Params(parameters) => Ok(parameters),
        ParsedArgs::Help => Err("these words ask for help".into()),
    }
}

/// Parameters as a document: what an action file holds.
fn old_openssl() -> Result<Value, Box<dyn Error>> {
    Ok(json::from_str(r#"{"pkgmatch": {"matches": ["^(openssl|libssl3)"]}, "vercmp": "<3.0.14"}"#)?)
}

/// Parameters as a type: the compiler knows their names.
fn listeners(port: u16) -> Result<Value, Box<dyn Error>> {
    let parameters = netstat::wire::Parameters {
        listening_port: vec![port.to_string()],
        owner: true,
        ..netstat::wire::Parameters::default()
    };
    Ok(json::to_value(&parameters)?)
}

/// Runs a module in this thread, within a budget and until somebody stops it, and writes what it found.
fn ask(
    module: &dyn Module,
    parameters: &Value,
    stop: &CancelHandle,
    output: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let budget = Budget {
        time: Duration::from_secs(20),
        results: 10_000,
        threads: NonZeroUsize::MIN,
        ..Budget::default()
    };
    let session = RunSession::new(budget).cancelled_by(stop);
    // Wrong parameters, a panic of the module and a stop are told in the result. It never holds what a file contains.
    let (result, stopped) = worker::run_in_session(module, parameters, session);

    let verdict = match (result.found_anything, result.success) {
        (true, _) => "found",
        (false, true) => "nothing found",
        (false, false) if stopped.is_some() => "stopped",
        (false, false) => "no answer",
    };
    writeln!(output, "{}: {verdict}", module.name())?;
    for row in module.rows(&result) {
        let cells = module.columns().iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let cells: Vec<String> = cells.map(|(column, cell)| format!("{column}={cell}")).collect();
        // Whoever names files may try to command your terminal.
        writeln!(output, "  {}", safe::line(&cells.join(" ")))?;
    }
    for remark in module.remarks(parameters, &result) {
        writeln!(output, "  remark: {}", safe::line(&remark))?;
    }
    Ok(())
}
