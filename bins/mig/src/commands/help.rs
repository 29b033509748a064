//! Help, version, completions, manual page.

use super::Context;
use crate::{cli, exit::Exit};
use anyhow::{Result, bail};
use clap_complete::Shell;

pub(super) fn version(context: &mut Context<'_>) -> Result<Exit> {
    context.printer.line(concat!("mig ", env!("CARGO_PKG_VERSION")))?;
    Ok(Exit::Done)
}

/// Help on `mig`, on one of its commands or on a module.
pub(super) fn help(context: &mut Context<'_>, topic: Option<&str>) -> Result<Exit> {
    let mut command = cli::command(context.registry);
    command.build();
    let text = match topic {
        None => command.render_help().to_string(),
        Some(topic) => match (context.registry.module(topic), command.find_subcommand_mut(topic)) {
            (Some(module), _) => module.info().help(topic),
            (None, Some(subcommand)) => subcommand.render_help().to_string(),
            (None, None) => bail!("no help on '{topic}': it is neither a command nor a module"),
        },
    };
    context.printer.data(&text)?;
    Ok(Exit::Done)
}

pub(super) fn completions(context: &mut Context<'_>, shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_modules(context), "mig", &mut script);
    context.printer.data(&String::from_utf8(script)?)?;
    Ok(Exit::Done)
}

pub(super) fn manual(context: &mut Context<'_>) -> Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(with_modules(context)).render(&mut page)?;
    context.printer.data(&String::from_utf8(page)?)?;
    Ok(Exit::Done)
}

/// The command line with the modules as if they were commands.
fn with_modules(context: &Context<'_>) -> clap::Command {
    let modules = context.registry.iter().map(|module| {
        let info = module.info();
        let flags = info.flags.iter().map(|flag| clap::Arg::new(flag.name).long(flag.name).help(flag.help));
        clap::Command::new(module.name()).about(info.summary).args(flags)
    });
    cli::command(context.registry).subcommands(modules)
}
