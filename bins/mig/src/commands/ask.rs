//! `mig <module> ...` and `mig -i <file>`: from a command line to an action, and what is done with it.

use super::{Context, confirm::confirm};
use crate::{
    arguments,
    cli::{Format, QuestionOptions, Show},
    exit::Exit,
    interrupt::interrupt,
    question,
    remarks::Remarks,
    render::{self, Answer},
    signing, strict,
};
use anyhow::{Context as _, Result, anyhow, bail};
use mig_core::{
    action::{Action, Operation},
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    id::{ActionId, CommandId},
    json::Value,
    module::{Machine, Module, ParamsError, ParsedArgs, Stop},
    scheduler::flow::CommandStatus,
    time::Time,
};

use tokio::task::spawn_blocking;

/// Validity of an action, as in the original.
const DEFAULT_VALIDITY: &str = "300s";

/// A module and its flags.
pub(super) fn module(context: &mut Context<'_>, words: &[String]) -> Result<Exit> {
    let (name, args) = words.split_first().ok_or_else(|| anyhow!("a module is needed"))?;
    let module = strict::find_module(name, context.registry)
        .with_context(|| format!("no command '{name}' (`mig help` lists them)"))?;
    let ParsedArgs::Params(parameters) = parse_args(module, args)? else {
        return super::help::help(context, std::slice::from_ref(name));
    };
    let refused = |error: ParamsError| anyhow!("module '{name}': {error:#}");
    let run = module.prepare(&parameters).map_err(refused)?;
    let options = &context.cli.question;
    let local = options.target.as_deref() == Some("local");
    let machine = match (local, &options.root) {
        (true, root) => Machine::chosen(root.as_deref()).context("cannot look at that machine")?,
        (false, None) => Machine::Running,
        (false, Some(_)) => bail!("--root goes with -t local only: agents look at their own machine"),
    };
    if !(options.print || options.dry_run || options.sign_only) {
        // It is this machine that is asked, or an image at hand.
        run.check_here(&machine).map_err(refused)?;
    }
    if options.file.is_some() {
        bail!("-i FILE and the module '{name}' exclude each other: the file names its modules");
    }
    if local {
        confirm(context, std::iter::once(name.as_str()))?;
        return run_local(context, module, parameters, machine);
    }
    let action = question::action(options, context.command_line, name, parameters)?;
    ask(context, action)
}

/// What a module makes of its flags; `help`, `-h` and `-help` in front ask for help.
pub(super) fn parse_args(module: &dyn Module, args: &[String]) -> Result<ParsedArgs> {
    if matches!(args.first().map(String::as_str), Some("help" | "-h" | "--h" | "-help" | "--help")) {
        return Ok(ParsedArgs::Help);
    }
    let parsed = module.parse_args(args).map_err(|error| anyhow!("{}: {error:#}", module.name()))?;
    let flags = module.info().flags;
    if let Some(negative) = arguments::negative_number(flags, args) {
        bail!("{}: {negative}: a limit is not below zero; 0 is no limit", module.name());
    }
    match arguments::stray(flags, args) {
        Some(stray) if parsed != ParsedArgs::Help => {
            bail!("{}: unexpected argument '{stray}': flags behind it would not count", module.name())
        }
        _ => Ok(parsed),
    }
}

/// An action from a file, or nothing to do.
pub(super) fn file(context: &mut Context<'_>) -> Result<Exit> {
    let options = &context.cli.question;
    let Some(path) = &options.file else {
        if context.command_line.len() > 1 {
            bail!("a module, a command or -i FILE is needed: `mig help` lists them");
        }
        super::help::help(context, &[])?;
        return Ok(Exit::Error);
    };
    let of_the_file = QuestionOptions { target: None, name: None, compress: false, ..options.clone() };
    if of_the_file != *options || options.target_found.is_some() || options.target_notfound.is_some() {
        bail!("-t, -n, -z and -target-... do not go with -i: {} says all that", path.display());
    }
    let path = path.clone();
    let action = strict::load_action(&path, context.registry)?;
    ask(context, action).with_context(|| path.display().to_string())
}

/// Shows, signs or launches an action, as the flags say.
fn ask(context: &mut Context<'_>, mut action: Action) -> Result<Exit> {
    let options = &context.cli.question;
    if options.configuration.is_some() {
        bail!("-c: this version has no client for a platform; it asks this machine, in embedded mode");
    }
    if options.print {
        context.print_json(&action)?;
        return Ok(Exit::Done);
    }
    let validity = options.validity.as_deref().unwrap_or(DEFAULT_VALIDITY);
    let validity = question::validity(validity).context("-e")?;
    question::set_window(&mut action, validity, Time::now());
    if options.dry_run {
        return dry_run(context, &action);
    }
    if options.sign_only {
        let own = signing::own_key(&context.cli.signing, || context.state())?;
        signing::sign(&mut action, &*own.signer)?;
        context.print_json(&action)?;
        return Ok(Exit::Done);
    }
    super::launch::launch(context, action)
}

fn dry_run(context: &mut Context<'_>, action: &Action) -> Result<Exit> {
    if context.cli.output.format == Format::Human {
        context.print_action(action)?;
    } else {
        context.print_json(action)?;
    }
    Ok(Exit::Done)
}

/// Runs a module in this process: no signature, no store, no agent.
fn run_local(
    context: &mut Context<'_>,
    module: &'static dyn Module,
    parameters: Value,
    machine: Machine,
) -> Result<Exit> {
    let start_time = Time::now();
    let (result, stop) = super::runtime()?.block_on(run_here(module, parameters.clone(), machine))?;
    let status = match stop {
        Some(Stop::Cancelled) => CommandStatus::Cancelled,
        Some(Stop::Deadline) => CommandStatus::Timeout,
        _ if result.success => CommandStatus::Success,
        _ => CommandStatus::Failed,
    };
    let answer = Answer {
        action: ActionId::default(),
        command: CommandId::default(),
        agent: String::new(),
        queue_location: String::new(),
        status,
        results: vec![result],
        start_time,
        finish_time: Time::now(),
    };
    let operation = Operation { module: module.name().to_owned(), parameters, ..Operation::default() };
    let action = Action { operations: Some(vec![operation]), ..Action::default() };
    let (format, show) = (context.cli.output.format, context.show());
    let mut renderer = render::renderer(format, show, &action, context.registry);
    if answer.is_shown(show) {
        renderer.answer(&answer, &mut context.printer)?;
    }
    renderer.finish(&action, &mut context.printer)?;
    Remarks::of(&action, context.registry).unless_printed(format, show).tell(&answer, &context.printer);
    Ok(match status {
        CommandStatus::Success if context.cli.output.exit_found && !answer.found() => Exit::No,
        CommandStatus::Success => Exit::Done,
        CommandStatus::Cancelled => Exit::Interrupted,
        _ => Exit::Incomplete,
    })
}

/// Runs a module in this process until it has ended; an interrupt ends it early.
async fn run_here(
    module: &'static dyn Module,
    parameters: Value,
    machine: Machine,
) -> Result<(ModuleResult, Option<Stop>)> {
    let session = RunSession::new(Budget::default()).on(machine);
    let cancel = session.cancel_handle();
    let mut run = spawn_blocking(move || worker::run_in_session(module, &parameters, session));
    tokio::select! {
        ended = &mut run => return Ok(ended?),
        () = interrupt() => cancel.cancel(),
    }
    Ok(run.await?)
}

impl Context<'_> {
    /// Whose answers the user wants to see.
    pub(super) fn show(&self) -> Show {
        self.cli.question.show.unwrap_or(render::default_show(self.cli.output.format))
    }
}
