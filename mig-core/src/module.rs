//! What an agent can do: the traits between the engines and the modules.
//!
//! A [`Module`] turns raw parameters into a [`Run`]; the run talks to the outside through its [`Session`] only.
//! Everything is synchronous: scanning is processor and disk work.

mod help;
mod machine;

pub use self::machine::Machine;

use crate::{command::ModuleResult, json::Value};
use std::{
    collections::BTreeMap,
    fmt::{self, Debug, Display, Formatter},
    io,
    num::NonZeroUsize,
    time::SystemTime,
};

/// One kind of investigation an agent can run. Object-safe; implementations hold no state between runs.
pub trait Module: Debug + Send + Sync {
    /// Unique, lower case; the name in operations, access control and command lines.
    fn name(&self) -> &'static str;

    /// What it does, its parameters and flags: the source of `--help`, the README table and policy checks.
    fn info(&self) -> ModuleInfo;

    /// Parses parameters once, completely, before anything is touched.
    ///
    /// # Errors
    /// [`ParamsError`] names the place, the field and the value.
    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError>;

    /// The result of a run that could not begin. Modules whose `elements` or `statistics` are never `null` say so here.
    fn failure(&self, reason: String) -> ModuleResult {
        ModuleResult { errors: Some(vec![reason]), ..ModuleResult::default() }
    }

    /// Whether a run that came to its end was a success, from its result. Soft errors do not make it a failure, unless a module
    /// says so here.
    fn succeeded(&self, result: &ModuleResult) -> bool {
        let _ = result;
        true
    }

    /// The place of the first parameter that this module would not read, such as a misspelt field. Agents ignore what they
    /// do not know, as the original does; clients refuse to sign it.
    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        let _ = params;
        None
    }

    /// Turns the arguments after `mig <module>` into parameters.
    ///
    /// # Errors
    /// [`ArgsError`] if a flag is unknown, a value does not fit, or the module has no command line.
    fn parse_args(&self, args: &[String]) -> Result<ParsedArgs, ArgsError> {
        let message = format!(
            "module '{}' has no command line: describe its parameters in an action file",
            self.name()
        );
        if args.is_empty() { Ok(ParsedArgs::Help) } else { Err(ArgsError::new(message)) }
    }

    /// Asks a person for parameters; `None` if they gave up.
    ///
    /// # Errors
    /// If the terminal fails, or the module can not be filled in by dialogue.
    fn create_interactive(&self, terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
        terminal.say(&format!("module '{}' has no dialogue", self.name()))?;
        Ok(None)
    }

    /// Lines for people. With `found_only` without empty results, errors and statistics. Must not fail on missing data.
    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        let mut lines = Vec::new();
        if result.found_anything || !found_only {
            lines.extend(crate::json::to_string(&result.elements).ok());
        }
        if !found_only {
            lines.extend(result.errors.iter().flatten().cloned());
        }
        lines
    }

    /// What [`print`](Self::print) gives, one line each: a module whose texts have several lines says here where they end. A line feed
    /// that is left is not the module's own, but that of a name or a text from the machine, and must not break a line.
    fn lines(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        self.print(result, found_only)
    }

    /// Headings of what [`rows`](Self::rows) gives, the widest column last; empty for a module that prints lines only.
    fn columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// What was found as rows with a cell for each of the [`columns`](Self::columns), for tables and comma-separated values.
    /// Must not fail on missing data.
    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        let _ = result;
        Vec::new()
    }

    /// What an investigator should know of an answer beside its elements: what could not be looked at, and where a limit cut it
    /// off. One line each. `params` are those of the operation.
    fn remarks(&self, params: &Value, result: &ModuleResult) -> Vec<String> {
        let _ = params;
        result.errors.iter().flatten().cloned().collect()
    }

    /// Removes what extra privacy mode must not let out; `None` if the module has no filter.
    fn mask(&self, result: &ModuleResult) -> Option<ModuleResult> {
        let _ = result;
        None
    }
}

/// What a module says of itself.
#[derive(Clone, Debug)]
pub struct ModuleInfo {
    /// One line.
    pub summary: &'static str,
    /// A few paragraphs, for `mig <module> help`.
    pub description: &'static str,
    /// Command-line flags, in the order in which help shows them.
    pub flags: &'static [FlagInfo],
    /// Complete example command lines, each with what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Rights it needs, for people.
    pub privileges: &'static str,
    /// Whether a run changes the machine.
    pub effects: Effects,
}

/// Whether a run changes the machine: decides if an interrupted run may run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// It looks only; an interrupted run is run again.
    ReadOnly,
    /// It changes something; an interrupted run is reported and never run again.
    Changes,
}

/// One flag of a module's command line.
#[derive(Clone, Copy, Debug)]
pub struct FlagInfo {
    /// Without the dash.
    pub name: &'static str,
    /// What stands for the value, such as `regex`; empty for a switch. A `number` is a limit, which is not negative.
    pub value: &'static str,
    /// What it does, its default, whether it can be repeated.
    pub help: &'static str,
}

impl FlagInfo {
    /// A flag: its name, what stands for its value, what it does.
    #[must_use]
    pub const fn new(name: &'static str, value: &'static str, help: &'static str) -> Self {
        Self { name, value, help }
    }
}

/// A prepared run.
pub trait Run: Debug + Send {
    /// Does the work. What was found before a stop is part of the outcome wherever the module can say it.
    ///
    /// # Errors
    /// [`Stop`] if the session ended the run and nothing can be said.
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop>;

    /// Why this run can find nothing on a machine that is at hand, whatever it holds, such as a path that is not there. For programs that
    /// ask their own machine only: in a fleet, what one machine lacks another one has.
    ///
    /// # Errors
    /// [`ParamsError`] names the parameter.
    fn check_here(&self, machine: &Machine) -> Result<(), ParamsError> {
        let _ = machine;
        Ok(())
    }
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// True if something that was searched for was found.
    pub found: bool,
    /// What was found, in the module's shape.
    pub elements: Value,
    /// What was examined, in the module's shape.
    pub statistics: Value,
    /// Why the run ended before its end, if it did: the result then is not a success.
    pub stopped: Option<Stop>,
}

/// The only door between a module and the outside; shared by the module's threads.
pub trait Session: Debug + Send + Sync {
    /// Deadline, cancel, budgets. Call it once per file or chunk.
    ///
    /// # Errors
    /// [`Stop`] says why the run must end now.
    fn checkpoint(&self) -> Result<(), Stop>;

    /// Counts results.
    ///
    /// # Errors
    /// [`Stop::ResultLimit`] when the budget is used up.
    fn count(&self, results: u64) -> Result<(), Stop>;

    /// Reports something that went wrong without ending the run, such as an unreadable file. The order is kept.
    fn soft_error(&self, error: String);

    /// How many threads the run may use.
    fn threads(&self) -> NonZeroUsize;

    /// The time at which the run began; periods of time are counted from it.
    fn started(&self) -> SystemTime;

    /// The machine to look at.
    fn machine(&self) -> &Machine;
}

/// Why a run must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The time limit.
    #[error("the time limit was reached")]
    Deadline,
    /// Somebody does not want the answer any more.
    #[error("stop message received, terminating early")]
    Cancelled,
    /// More results than the budget.
    #[error("the limit of results was reached")]
    ResultLimit,
}

/// Why parameters were refused.
///
/// Displayed it is the reason alone, in the original's words where there are such; `{:#}` puts the place before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParamsError {
    /// What is wrong.
    pub reason: String,
    /// Search, field and value, if the reason is about one.
    pub place: Option<String>,
}

impl ParamsError {
    /// An error about the parameters as a whole.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), place: None }
    }
}

impl Display for ParamsError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) if formatter.alternate() => write!(formatter, "{place}: {}", self.reason),
            _ => formatter.write_str(&self.reason),
        }
    }
}

/// What a module's command line means.
#[derive(Clone, Debug, PartialEq)]
pub enum ParsedArgs {
    /// Run with these parameters.
    Params(Value),
    /// Show the module's help.
    Help,
}

/// Why a command line was refused. Displayed as [`ParamsError`] is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct ArgsError {
    /// Names the flag or the value.
    pub error: ParamsError,
    /// What was understood before the fault.
    pub params: Option<Value>,
}

impl ArgsError {
    /// An error before anything was understood.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { error: ParamsError::new(reason), params: None }
    }
}

impl Display for ArgsError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.error, formatter)
    }
}

/// A person at a terminal, or a script.
pub trait Terminal {
    /// Shows a prompt and reads a line without its end; `None` at the end of input.
    ///
    /// # Errors
    /// If the terminal fails.
    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>>;

    /// Shows a line.
    ///
    /// # Errors
    /// If the terminal fails.
    fn say(&mut self, line: &str) -> io::Result<()>;
}

/// The modules of one program. An ordinary value: no global state, no registration by side effect.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    modules: BTreeMap<&'static str, &'static dyn Module>,
}

impl Registry {
    /// A registry of these modules.
    ///
    /// # Errors
    /// [`DuplicateModule`] if two have one name.
    pub fn from_modules(modules: &[&'static dyn Module]) -> Result<Self, DuplicateModule> {
        let mut registry = Self::default();
        for module in modules {
            if registry.modules.insert(module.name(), *module).is_some() {
                return Err(DuplicateModule(module.name()));
            }
        }
        Ok(registry)
    }

    /// The module of this name.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<&'static dyn Module> {
        self.modules.get(name).copied()
    }

    /// All modules, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static dyn Module> + '_ {
        self.modules.values().copied()
    }
}

/// Two modules claim one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("module '{0}' is registered twice")]
pub struct DuplicateModule(pub &'static str);
