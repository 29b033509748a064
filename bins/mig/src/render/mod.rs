//! Answers in the forms that users ask for, written as they come.

mod human;
mod json;
mod rows;

use crate::{
    cli::{Format, Show},
    printer::Printer,
};
use mig_core::{
    action::Action,
    command::ModuleResult,
    id::{ActionId, CommandId},
    module::{Module, Registry},
    scheduler::flow::CommandStatus,
    store::StoredCommand,
    time::Time,
};
use std::io;

/// What one agent answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question.
    pub action: ActionId,
    /// The question on this agent.
    pub command: CommandId,
    /// Host name of the agent; empty for a module that ran in this process.
    pub agent: String,
    /// Address of the agent on the relay.
    pub queue_location: String,
    /// How the command ended.
    pub status: CommandStatus,
    /// `results[i]` answers operation `i`; empty without an answer.
    pub results: Vec<ModuleResult>,
    /// When the command was made.
    pub start_time: Time,
    /// When it ended.
    pub finish_time: Time,
}

impl Answer {
    /// True if a module found something, also in a run that was cut short.
    #[must_use]
    pub fn found(&self) -> bool {
        self.results.iter().any(|result| result.found_anything)
    }

    /// True if a module did not come to its end, or says that it failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.results.iter().any(|result| !result.success)
    }

    /// True if it belongs to what the user wants to see.
    #[must_use]
    pub fn is_shown(&self, show: Show) -> bool {
        match show {
            Show::All => true,
            Show::Found => self.found(),
            Show::NotFound => self.status == CommandStatus::Success && !self.found(),
        }
    }

    /// Why it did not succeed, in one line; empty if nobody said.
    #[must_use]
    pub fn reason(&self) -> &str {
        let failed = self.results.iter().find(|result| !result.success);
        failed.and_then(|result| result.errors.iter().flatten().next_back()).map_or("", String::as_str)
    }
}

impl From<StoredCommand> for Answer {
    fn from(command: StoredCommand) -> Self {
        Self {
            action: command.action,
            command: command.id,
            agent: command.agent.name,
            queue_location: command.agent.queue_location,
            status: command.status,
            results: command.results,
            start_time: command.start_time,
            finish_time: command.finish_time,
        }
    }
}

/// Writes the answers to one action.
pub trait Render: std::fmt::Debug {
    /// Writes one answer; called for those to be shown only.
    ///
    /// # Errors
    /// If standard output fails.
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()>;

    /// Writes what comes behind the last answer.
    ///
    /// # Errors
    /// If standard output fails.
    fn finish(&mut self, action: &Action, printer: &mut Printer) -> io::Result<()>;
}

/// The modules that an action runs, to print their results.
#[derive(Clone, Debug)]
pub(crate) struct Operations<'a> {
    names: Vec<String>,
    registry: &'a Registry,
    found_only: bool,
}

impl Operations<'_> {
    fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// What rows hold: the columns of the module, if all operations are of one module that has some.
    fn columns(&self) -> &'static [&'static str] {
        let first = self.names.first().map(String::as_str);
        let module = first.filter(|first| self.names.iter().all(|name| name == first));
        let columns = module.and_then(|name| self.registry.module(name)).map_or(&[][..], Module::columns);
        if columns.is_empty() { &["answer"] } else { columns }
    }

    /// The rows of one result under [`columns`](Self::columns).
    fn rows(&self, index: usize, result: &ModuleResult) -> Vec<Vec<String>> {
        match self.registry.module(self.name(index)) {
            Some(module) if module.columns() == self.columns() => module.rows(result),
            _ => self.lines(index, result).into_iter().map(|line| vec![line]).collect(),
        }
    }

    /// The lines of one result, by its module's printer; JSON if this program does not know the module.
    fn lines(&self, index: usize, result: &ModuleResult) -> Vec<String> {
        match self.registry.module(self.name(index)) {
            Some(module) => module.lines(result, self.found_only),
            None => mig_core::json::to_string(result).into_iter().collect(),
        }
    }
}

/// The writer of a format for the answers to an action.
#[must_use]
pub fn renderer<'a>(
    format: Format,
    show: Show,
    action: &Action,
    registry: &'a Registry,
) -> Box<dyn Render + 'a> {
    let names = action.operations.iter().flatten().map(|operation| operation.module.clone()).collect();
    let operations = Operations { names, registry, found_only: show == Show::Found };
    match format {
        Format::Human => Box::new(human::Human::new(operations)),
        Format::Json => Box::new(json::Document::new(operations)),
        Format::Ndjson => Box::new(json::Lines::new(operations)),
        Format::Csv => Box::new(rows::Csv::new(operations)),
        Format::Table => Box::new(rows::Table::new(operations)),
    }
}

/// What is shown unless the user says otherwise: programs want to know of every agent.
#[must_use]
pub const fn default_show(format: Format) -> Show {
    match format {
        Format::Json | Format::Ndjson => Show::All,
        Format::Human | Format::Csv | Format::Table => Show::Found,
    }
}
