//! What each command does. Functions return the exit code; errors are printed once, by the caller.

mod acl;
mod action;
mod ask;
mod confirm;
mod help;
mod key;
mod launch;
mod records;
mod target;

use crate::{
    cli::{Cli, Command, Format, QuestionOptions},
    exit::Exit,
    printer::{Colour, Printer},
    state::State,
    table,
};
use anyhow::{Result, bail};
use mig_core::{json, module::Registry, safe};
use serde::Serialize;

/// Everything a command works with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) cli: &'a Cli,
    /// The whole command line as the user wrote it, from `mig` on.
    pub(crate) command_line: &'a [String],
    pub(crate) registry: &'a Registry,
    pub(crate) printer: Printer,
}

/// Does what the command line says.
pub(crate) fn run(context: &mut Context<'_>) -> Result<Exit> {
    let cli = context.cli;
    if cli.output.version {
        return help::version(context);
    }
    let Some(command) = &cli.command else {
        return ask::file(context);
    };
    if let Command::Module(words) = command {
        return ask::module(context, words);
    }
    if cli.question != QuestionOptions::default() {
        bail!("flags such as -t, -e and -show belong to modules: `mig <module> -t ...`");
    }
    match command {
        Command::Actions(page) => records::actions(context, page),
        Command::Results(args) => records::results(context, args),
        Command::Key(command) => key::run(context, command),
        Command::Action(command) => action::run(context, command),
        Command::Acl(command) => acl::run(context, command),
        Command::Target(command) => target::run(context, command),
        Command::Completions { shell } => help::completions(context, *shell),
        Command::Man { topic, directory: None } => help::manual(context, topic),
        Command::Man { directory: Some(directory), .. } => help::manuals(context, directory),
        Command::Help { topic } => help::help(context, topic),
        Command::Version => help::version(context),
        Command::Module(words) => ask::module(context, words),
    }
}

impl Context<'_> {
    /// Opens the state directory as it is.
    fn own_state(&self) -> Result<State> {
        State::open_without_key(State::place()?)
    }

    /// Opens the state directory; says so if that made a key.
    fn state(&self) -> Result<State> {
        let state = State::open(State::place()?)?;
        if let Some(key) = state.new_key() {
            let path = state.key_path(key);
            let text = format!("mig: made the key {key} for you, in {}", path.display());
            self.printer.note(Colour::Yellow, &text);
        }
        Ok(state)
    }

    /// Prints a document as JSON: on one line if that is the format, else indented.
    fn print_json(&mut self, document: &impl Serialize) -> Result<()> {
        let text = match self.cli.output.format {
            Format::Ndjson => json::to_string(document)?,
            _ => json::to_string_pretty(document)?,
        };
        Ok(self.printer.data(&format!("{}\n", safe::json(&text)))?)
    }

    /// Prints records in any format; for people, as a table.
    fn print_records<T: Serialize, const N: usize>(
        &mut self,
        heading: &[&str; N],
        records: &[T],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<()> {
        let rows = || records.iter().map(|record| row(record).to_vec());
        let text = match self.cli.output.format {
            Format::Json => return self.print_json(&records),
            Format::Ndjson => {
                let lines = records.iter().map(json::to_string).collect::<Result<Vec<_>, _>>()?;
                lines.iter().map(|line| format!("{}\n", safe::json(line))).collect()
            }
            Format::Csv => table::csv([heading.map(str::to_owned).to_vec()].into_iter().chain(rows()))?,
            Format::Human | Format::Table => table::table(heading, &rows().collect::<Vec<_>>()),
        };
        Ok(self.printer.data(&text)?)
    }
}

/// A runtime for what waits: the store.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
