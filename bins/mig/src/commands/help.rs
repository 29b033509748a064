//! Help, version, completions, manual pages.

use super::Context;
use crate::{
    arguments,
    cli::{self, Cli, QuestionOptions},
    exit::Exit,
};
use anyhow::{Context as _, Result};
use clap::{Arg, ArgAction, Args, CommandFactory, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;
use mig_core::module::{FlagInfo, Module};
use std::{io, path::Path};

const VERSION: &str = concat!("mig ", env!("CARGO_PKG_VERSION"));

pub(super) fn version(context: &mut Context<'_>) -> Result<Exit> {
    context.printer.line(VERSION)?;
    Ok(Exit::Done)
}

/// Help on `mig`, on one of its commands or on a module.
pub(super) fn help(context: &mut Context<'_>, topic: &[String]) -> Result<Exit> {
    let module = if let [name] = topic { context.registry.module(name) } else { None };
    let text = match module {
        Some(module) => module.info().help(module.name()) + &shared_flags(module).unwrap_or_default(),
        None => {
            let mut command = cli::command(context.registry);
            command.build();
            find(&mut command, topic)?.render_help().to_string()
        }
    };
    context.printer.data(&text)?;
    Ok(Exit::Done)
}

/// Which flags of a module are not its own in front of the others.
fn shared_flags(module: &dyn Module) -> Option<String> {
    let (shared, first) = arguments::shared(module.info().flags, &Cli::command())?;
    let shared: Vec<String> = shared.iter().map(|name| format!("-{name}")).collect();
    let (name, first, shared) = (module.name(), first.name, shared.join(", "));
    Some(format!(
        "\nRight behind `mig {name}`, these flags are mig's own: {shared}.\nBegin with another one, such as -{first}.\n"
    ))
}

pub(super) fn completions(context: &mut Context<'_>, shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    let modules = context.registry.iter().map(|module| with_questions(module_command(module)));
    let mut command = cli::command(context.registry).subcommands(modules);
    clap_complete::generate(shell, &mut command, "mig", &mut script);
    context.printer.data(&String::from_utf8(script)?)?;
    Ok(Exit::Done)
}

pub(super) fn manual(context: &mut Context<'_>, topic: &[String]) -> Result<Exit> {
    let mut text = Vec::new();
    page(find(&mut documented(context), topic)?).render(&mut text)?;
    context.printer.data(&String::from_utf8(text)?)?;
    Ok(Exit::Done)
}

/// Writes the pages of everything.
pub(super) fn manuals(context: &Context<'_>, directory: &Path) -> Result<Exit> {
    write_pages(&documented(context), directory)
        .with_context(|| format!("cannot write manual pages into {}", directory.display()))?;
    Ok(Exit::Done)
}

fn write_pages(command: &clap::Command, directory: &Path) -> io::Result<()> {
    command.get_subcommands().try_for_each(|subcommand| write_pages(subcommand, directory))?;
    page(command).generate_to(directory).map(drop)
}

fn page(command: &clap::Command) -> Man {
    Man::new(command.clone()).source(VERSION)
}

/// The command line with the modules as if they were commands.
fn documented(context: &Context<'_>) -> clap::Command {
    let mut command = cli::command(context.registry).subcommands(context.registry.iter().map(module_command));
    command.build();
    command
}

fn find<'a>(command: &'a mut clap::Command, topic: &[String]) -> Result<&'a mut clap::Command> {
    topic
        .iter()
        .try_fold(command, |command, word| command.find_subcommand_mut(word))
        .with_context(|| format!("no help on '{}': it is neither a command nor a module", topic.join(" ")))
}

fn module_command(module: &dyn Module) -> clap::Command {
    let (name, info) = (module.name(), module.info());
    let examples = info.examples.iter().map(|(line, what)| format!("  {line}\n      {what}\n"));
    let examples: String = examples.collect();
    clap::Command::new(name)
        .about(info.summary)
        .long_about(format!("{}\n\nRights: {}.", info.description, info.privileges))
        .override_usage(format!("mig [OPTIONS] {name} [OPTIONS] [FLAGS]"))
        .args(info.flags.iter().map(flag))
        .after_help(format!("Examples:\n{examples}{}", shared_flags(module).unwrap_or_default()))
}

fn flag(flag: &FlagInfo) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(flag.help);
    match flag.value {
        "" => arg.action(ArgAction::SetTrue),
        "path" => arg.value_name("path").value_hint(ValueHint::AnyPath),
        value => arg.value_name(value).value_hint(ValueHint::Other),
    }
}

/// With our flags that may stand among those of a module, unless it has one of that name itself.
fn with_questions(module: clap::Command) -> clap::Command {
    let questions = QuestionOptions::augment_args(clap::Command::new("questions"));
    let is_free = |arg: &&Arg| module.get_arguments().all(|own| own.get_id() != arg.get_id());
    let free: Vec<Arg> = questions.get_arguments().filter(is_free).cloned().collect();
    module.args(free)
}
