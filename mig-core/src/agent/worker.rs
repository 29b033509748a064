//! The inside of a module's process: one message in, one result out.

use super::session::{Budget, CancelHandle, RunSession};
use crate::{
    command::ModuleResult,
    json::{self, Value},
    message::Message,
    module::{Module, Outcome, Registry, Stop},
};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

/// Reads a `parameters` message, runs the module and writes its result without a line feed, as `-m <module>` of the
/// original's agent does. Whatever is wrong with message or module becomes part of the result.
///
/// # Errors
/// Only if the output can not be written.
pub fn run(
    registry: &Registry,
    module: &str,
    budget: Budget,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let Some(module) = registry.module(module) else { return print_unavailable(module, output) };
    let result = match Message::read_parameters(input) {
        Ok(message) => run_module(module, &message.parameters, budget),
        Err(error) => module.failure(error.to_string()),
    };
    print(module, &result, output)
}

/// Like [`run`], and listens to the input while the module runs: a `stop` message ends the run at its next checkpoint.
///
/// # Errors
/// Only if the output can not be written.
pub fn run_until_stopped(
    registry: &Registry,
    module: &str,
    session: RunSession,
    input: impl Read + Send + 'static,
    output: &mut impl Write,
) -> io::Result<()> {
    run_listening(registry, module, session, input, output, |_| {})
}

/// Like [`run`], for a program that was started by a [`ChildRunner`](super::ChildRunner): listens to the input while the
/// module runs. A `stop` message ends the run at its next checkpoint. The end of the input before that of the run means
/// that the parent is dead: the process and all others of its group end within half a second.
///
/// # Errors
/// Only if the output can not be written.
pub fn serve(
    registry: &Registry,
    module: &str,
    budget: Budget,
    input: impl Read + Send + 'static,
    output: &mut impl Write,
) -> io::Result<()> {
    run_listening(registry, module, RunSession::new(budget), input, output, |cancel| {
        cancel.cancel();
        thread::sleep(LAST_WORDS);
        die();
    })
}

fn run_listening(
    registry: &Registry,
    module: &str,
    session: RunSession,
    input: impl Read + Send + 'static,
    output: &mut impl Write,
    at_end: fn(&CancelHandle),
) -> io::Result<()> {
    let Some(module) = registry.module(module) else { return print_unavailable(module, output) };
    let mut input = BufReader::new(input);
    let result = match Message::read_parameters(&mut input) {
        Ok(message) => {
            listen(input, session.cancel_handle(), at_end);
            run_in_session(module, &message.parameters, session).0
        }
        Err(error) => module.failure(error.to_string()),
    };
    print(module, &result, output)
}

/// Prepares and runs a module in this thread. A panic of the module becomes a failed result.
#[must_use]
pub fn run_module(module: &dyn Module, parameters: &Value, budget: Budget) -> ModuleResult {
    run_in_session(module, parameters, RunSession::new(budget)).0
}

/// Like [`run_module`], in a session that others may cancel; also says what ended the run before its end.
#[must_use]
pub fn run_in_session(
    module: &dyn Module,
    parameters: &Value,
    session: RunSession,
) -> (ModuleResult, Option<Stop>) {
    let prepared = catch_unwind(AssertUnwindSafe(|| module.prepare(parameters)));
    let run = match prepared {
        Ok(Ok(run)) => run,
        Ok(Err(error)) => return (module.failure(error.to_string()), None),
        Err(_) => {
            return (module.failure(format!("module '{}' panicked on its parameters", module.name())), None);
        }
    };
    match catch_unwind(AssertUnwindSafe(|| run.run(&session))) {
        Ok(Ok(outcome)) => {
            let stopped = outcome.stopped;
            (finished(module, outcome, session.into_errors()), stopped)
        }
        Ok(Err(stop)) => (with_errors(module.failure(stop.to_string()), session.into_errors()), Some(stop)),
        Err(_) => {
            let failure = module.failure(format!("module '{}' panicked", module.name()));
            (with_errors(failure, session.into_errors()), None)
        }
    }
}

/// What is said of a module that is not compiled in.
pub(super) fn unavailable(module: &str) -> String {
    format!("module '{module}' is not available")
}

/// Exactly as the original prints it, with a space after the colon.
fn print_unavailable(module: &str, output: &mut impl Write) -> io::Result<()> {
    let text = json::to_string(&unavailable(module)).map_err(io::Error::other)?;
    write!(output, r#"{{"errors": [{text}]}}"#)?;
    output.flush()
}

fn print(module: &dyn Module, result: &ModuleResult, output: &mut impl Write) -> io::Result<()> {
    let text = json::to_string(result).unwrap_or_else(|error| {
        json::to_string(&module.failure(format!("the result cannot be written: {error}"))).unwrap_or_default()
    });
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// The thread ends with the input.
fn listen(mut input: impl BufRead + Send + 'static, cancel: CancelHandle, at_end: fn(&CancelHandle)) {
    thread::spawn(move || {
        while let Ok(Some(message)) = Message::read(&mut input) {
            if message.class == Message::STOP {
                cancel.cancel();
            }
        }
        at_end(&cancel);
    });
}

/// How long a module may go on after its parent died.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Ends this process, and what the module has started.
fn die() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpgrp, getpid, kill_process_group};
        // Only as the leader: the group of a process that was started by hand belongs to somebody else.
        if getpgrp() == getpid() {
            kill_process_group(getpgrp(), Signal::KILL).ok();
        }
    }
    std::process::abort();
}

fn finished(module: &dyn Module, outcome: Outcome, mut errors: Vec<String>) -> ModuleResult {
    errors.extend(outcome.stopped.map(|stop| stop.to_string()));
    let result = ModuleResult {
        found_anything: outcome.found,
        success: false,
        elements: outcome.elements,
        statistics: outcome.statistics,
        errors: (!errors.is_empty()).then_some(errors),
    };
    ModuleResult { success: outcome.stopped.is_none() && module.succeeded(&result), ..result }
}

/// The reason of a failure stays the last error.
fn with_errors(failure: ModuleResult, mut errors: Vec<String>) -> ModuleResult {
    errors.extend(failure.errors.into_iter().flatten());
    ModuleResult { errors: Some(errors), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json::Value,
        module::{Effects, ModuleInfo, ParamsError, Run, Session, Stop},
    };

    /// Does what its parameters say: counts, reports errors, panics, or stops.
    #[derive(Debug)]
    struct Obedient;

    #[derive(Debug)]
    struct Order(String);

    impl Module for Obedient {
        fn name(&self) -> &'static str {
            "obedient"
        }

        fn info(&self) -> ModuleInfo {
            ModuleInfo {
                summary: "does what it is told",
                description: "",
                flags: &[],
                examples: &[],
                privileges: "none",
                effects: Effects::ReadOnly,
            }
        }

        fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
            let order = params.as_str().ok_or_else(|| ParamsError::new("order: text is needed"))?;
            Ok(Box::new(Order(order.to_owned())))
        }
    }

    impl Run for Order {
        fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
            session.soft_error("one thing could not be read".into());
            match self.0.as_str() {
                "panic" => panic!("as told"),
                "count" => session.count(10)?,
                _ => {}
            }
            session.checkpoint()?;
            Ok(Outcome { found: true, elements: Value::from(self.0), ..Outcome::default() })
        }
    }

    fn answer(input: &str, budget: Budget) -> String {
        let registry = Registry::from_modules(&[&Obedient]).unwrap();
        let mut output = Vec::new();
        run(&registry, "obedient", budget, &mut input.as_bytes(), &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_result_has_five_fields_and_no_line_feed() {
        let text = answer("{\"class\":\"parameters\",\"parameters\":\"<ok>\"}", Budget::default());
        assert_eq!(
            text,
            r#"{"foundanything":true,"success":true,"elements":"\u003cok\u003e","statistics":null,"errors":["one thing could not be read"]}"#
        );
    }

    #[test]
    fn wrong_input_becomes_a_result() {
        let text = answer("", Budget::default());
        assert!(text.contains("\"success\":false") && text.contains("ReadInput() -\\u003e EOF"), "{text}");
        let text = answer("{\"class\":\"parameters\",\"parameters\":1}", Budget::default());
        assert!(text.contains("order: text is needed"), "{text}");
    }

    #[test]
    fn a_panic_becomes_a_result_with_the_errors_before_it() {
        let text = answer("{\"class\":\"parameters\",\"parameters\":\"panic\"}", Budget::default());
        assert!(text.contains("one thing could not be read\",\"module 'obedient' panicked"), "{text}");
    }

    #[test]
    fn budgets_of_results_and_time_end_a_run() {
        let count = "{\"class\":\"parameters\",\"parameters\":\"count\"}";
        let text = answer(count, Budget { results: 9, ..Budget::default() });
        assert!(text.contains("the limit of results was reached"), "{text}");
        let text = answer(count, Budget { time: std::time::Duration::ZERO, ..Budget::default() });
        assert!(text.contains("the time limit was reached"), "{text}");
    }

    #[test]
    fn an_unknown_module_is_named() {
        let mut output = Vec::new();
        run(&Registry::default(), "x", Budget::default(), &mut [].as_slice(), &mut output).unwrap();
        assert_eq!(output, br#"{"errors": ["module 'x' is not available"]}"#);
    }

    #[test]
    fn a_cancelled_run_ends_at_its_next_checkpoint() {
        let session = RunSession::new(Budget::default());
        session.cancel_handle().cancel();
        assert_eq!(session.checkpoint(), Err(Stop::Cancelled));
    }
}
