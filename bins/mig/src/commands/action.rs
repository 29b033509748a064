//! `mig action ...`: actions in files.

use super::{Context, ask};
use crate::{
    cli::{ActionCommand, Format, QuestionOptions},
    exit::Exit,
    printer::Colour,
    question, signing, strict,
};
use anyhow::{Context as _, Result, bail};
use mig_core::{
    action::{Action, Operation, SignedText},
    module::ParsedArgs,
    sign::Keyring,
    time::Time,
};
use std::{path::Path, time::SystemTime};

/// Largest file of public keys, in bytes.
const MAX_KEYRING_BYTES: usize = 64 << 20;

pub(super) fn run(context: &mut Context<'_>, command: &ActionCommand) -> Result<Exit> {
    match command {
        ActionCommand::New { module } => new(context, module),
        ActionCommand::Sign { file, validity, in_place } => sign(context, file, validity, *in_place),
        ActionCommand::Verify { file, keyring } => verify(context, file, keyring.as_deref()),
        ActionCommand::Show { file, signed_bytes } => show(context, file, *signed_bytes),
    }
}

fn new(context: &mut Context<'_>, words: &[String]) -> Result<Exit> {
    let action = match words.split_first() {
        None => Action {
            operations: Some(vec![Operation::default()]),
            signatures: Some(Vec::new()),
            syntax_version: 2,
            ..Action::default()
        },
        Some((name, args)) => {
            let module = strict::find_module(name, context.registry)?;
            let ParsedArgs::Params(parameters) = ask::parse_args(module, args)? else {
                bail!("what shall module '{name}' look for? `mig help {name}` tells its flags");
            };
            question::action(&QuestionOptions::default(), context.command_line, name, parameters)?
        }
    };
    context.print_json(&action)?;
    Ok(Exit::Done)
}

fn sign(context: &mut Context<'_>, file: &Path, validity: &str, in_place: bool) -> Result<Exit> {
    let mut action = strict::load_action(file, context.registry)?;
    let validity = question::validity(validity).context("-e")?;
    question::set_window(&mut action, validity, Time::now());
    let own = signing::own_key(&context.cli.signing, || context.state())?;
    let fingerprint = own.signer.fingerprint();
    if signing::has_signed(&action, &own.public_key, fingerprint)? {
        bail!("{}: the key {fingerprint} has signed already, and counts once", file.display());
    }
    signing::sign(&mut action, &*own.signer).with_context(|| file.display().to_string())?;
    if in_place {
        action.save(file)?;
    } else {
        context.print_json(&action)?;
    }
    Ok(Exit::Done)
}

fn verify(context: &mut Context<'_>, file: &Path, keyring: Option<&Path>) -> Result<Exit> {
    let action = Action::load(file)?;
    let keyring = match keyring {
        Some(path) => load_keyring(context, path)?,
        None => context.own_state()?.keyring()?.0,
    };
    let text = SignedText::of(&action)?;
    let signatures = action.signatures.unwrap_or_default();
    let mut all_good = !signatures.is_empty();
    if !all_good {
        context.printer.note(Colour::Red, &format!("{}: no signature", file.display()));
    }
    for (number, signature) in (1..).zip(&signatures) {
        match text.verify(&keyring, signature, SystemTime::now()) {
            Ok(fingerprint) => context.printer.line(fingerprint.as_str())?,
            Err(error) => {
                all_good = false;
                let text = format!("{}: signature {number}: {error}", file.display());
                context.printer.note(Colour::Red, &text);
            }
        }
    }
    Ok(if all_good { Exit::Done } else { Exit::No })
}

/// Keys that can not be used are named and left out.
fn load_keyring(context: &Context<'_>, path: &Path) -> Result<Keyring> {
    let mut keyring = Keyring::default();
    let name = || format!("cannot read the keyring {}", path.display());
    let skipped = if path.is_dir() {
        keyring.add_directory(path).with_context(name)?
    } else {
        let keys = mig_core::limits::read_file(path, MAX_KEYRING_BYTES).with_context(name)?;
        keyring.add_all(&keys).with_context(name)?
    };
    for key in skipped {
        let text = format!("{}: left out {}: {}", path.display(), key.place, key.error);
        context.printer.note(Colour::Yellow, &text);
    }
    Ok(keyring)
}

fn show(context: &mut Context<'_>, file: &Path, signed_bytes: bool) -> Result<Exit> {
    let action = Action::load(file)?;
    if signed_bytes {
        context.printer.data(&action.signing_string()?)?;
    } else if context.cli.output.format == Format::Human {
        context.print_action(&action).with_context(|| file.display().to_string())?;
    } else {
        context.print_json(&action)?;
    }
    Ok(Exit::Done)
}

impl Context<'_> {
    /// Shows an action to people.
    pub(super) fn print_action(&mut self, action: &Action) -> Result<()> {
        let mut lines = vec![
            format!("name        {}", action.name),
            format!("target      {}", action.target),
            format!("valid from  {}", time(action.valid_from)),
            format!("until       {}", time(action.expire_after)),
        ];
        for operation in action.operations.iter().flatten() {
            let parameters = operation.expanded_parameters()?;
            let text = mig_core::json::to_string(&parameters)?;
            lines.push(format!("operation   {} {text}", operation.module));
        }
        lines.push(format!("signatures  {}", action.signatures.iter().flatten().count()));
        lines.iter().try_for_each(|line| Ok(self.printer.line(line)?))
    }
}

fn time(time: Time) -> String {
    if time.is_zero() { "set when it is signed".to_owned() } else { time.to_string() }
}
