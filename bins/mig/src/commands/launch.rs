//! Launches an action on the embedded platform and shows the answers as they come.

use super::{Context, confirm::confirm};
use crate::{
    cli::{Format, Show},
    embedded::Embedded,
    exit::Exit,
    follow::{Ending, Follower},
    interrupt::interrupt,
    printer::{Colour, Printer},
    remarks::Remarks,
    render::{self, Answer, Render},
    signing::{self, OwnKey},
    state::State,
};
use anyhow::{Result, bail};
use mig_core::{
    action::{Action, ActionCounters},
    store::StoredAction,
    time::Time,
};
use std::env;

/// Signs the action and follows it to its end.
pub(super) fn launch(context: &mut Context<'_>, mut action: Action) -> Result<Exit> {
    if action.valid_from > Time::now() {
        bail!("the action is valid from {} on: nobody here can launch it then", action.valid_from);
    }
    let modules = action.operations.iter().flatten().map(|operation| operation.module.as_str());
    confirm(context, modules)?;
    let own = signing::own_key(&context.cli.signing, || context.state())?;
    let state = context.own_state()?;
    sign(context, &state, &own, &mut action)?;
    let place = state.root().display();
    context
        .printer
        .note(Colour::Blue, &format!("mig: asking this machine only (embedded mode, state in {place})"));
    if env::home_dir().is_some_and(|home| home.join(".migrc").exists()) {
        let text = "mig: ~/.migrc is not read: this version has no client for the platform that it names";
        context.printer.note(Colour::Yellow, text);
    }
    let show = context.show();
    let format = context.cli.output.format;
    let mut renderer = render::renderer(format, show, &action, context.registry);
    let remarks = Remarks::of(&action, context.registry).unless_printed(format, show);
    let runtime = super::runtime()?;
    let store = runtime.block_on(context.store())?;
    let printer = &mut context.printer;
    let mut screen = Screen { printer, renderer: &mut *renderer, remarks, show, found: false, failed: false };
    let stored = runtime.block_on(async {
        let embedded = Embedded::open(&state, store, context.registry).await?;
        embedded.ask(action, &mut screen, interrupt).await
    })?;
    let (found, failed) = (screen.found, screen.failed);
    context.printer.end_progress();
    renderer.finish(&stored.action, &mut context.printer)?;
    let ending = match Ending::of(&stored) {
        Ending::Complete if failed => Ending::Incomplete,
        ending => ending,
    };
    tell_ending(context, &stored, ending);
    Ok(context.exit(ending, found))
}

/// Signs, unless this key has signed already: agents refuse a second signature of one key.
fn sign(context: &Context<'_>, state: &State, own: &OwnKey, action: &mut Action) -> Result<()> {
    let fingerprint = own.signer.fingerprint();
    if state.trust(fingerprint, &own.public_key)? {
        let text = format!("mig: the agent of this machine now obeys your key {fingerprint}");
        context.printer.note(Colour::Yellow, &text);
    }
    for key in state.keyring()?.1 {
        context.printer.note(Colour::Yellow, &format!("mig: left out {}: {}", key.place, key.error));
    }
    if !signing::has_signed(action, &own.public_key, fingerprint)? {
        signing::sign(action, &*own.signer)?;
    }
    Ok(())
}

fn tell_ending(context: &Context<'_>, stored: &StoredAction, ending: Ending) {
    let id = stored.action.id;
    match ending {
        Ending::NobodyAsked => context.printer.error(&format!("no agent was asked: {}", stored.reason)),
        Ending::Interrupted => context.printer.error(&format!("action {id} is {}", stored.status)),
        Ending::Complete | Ending::Incomplete if context.cli.output.format == Format::Human => {
            let counters = &stored.action.counters;
            let (success, sent) = (counters.success, counters.sent);
            let text = format!("mig: {success} of {sent} agents answered; `mig results {id}` shows it again");
            context.printer.note(Colour::Blue, &text);
        }
        Ending::Complete | Ending::Incomplete => {}
    }
}

/// Shows answers as they come.
struct Screen<'a> {
    printer: &'a mut Printer,
    renderer: &'a mut dyn Render,
    remarks: Remarks,
    show: Show,
    found: bool,
    failed: bool,
}

impl Follower for Screen<'_> {
    type Error = anyhow::Error;

    fn answer(&mut self, answer: Answer) -> Result<()> {
        self.found |= answer.found();
        self.failed |= answer.failed();
        if answer.is_shown(self.show) {
            self.renderer.answer(&answer, self.printer)?;
        }
        self.remarks.tell(&answer, self.printer);
        Ok(())
    }

    fn progress(&mut self, counters: &ActionCounters) {
        let number = |count| u64::try_from(count).unwrap_or_default();
        self.printer.show_progress(number(counters.done), number(counters.sent));
    }

    fn waits_for_others(&mut self) {
        self.printer.end_progress();
        let text = "mig: finishing what an interrupted run left behind; Ctrl-C leaves it to the next run";
        self.printer.note(Colour::Blue, text);
    }
}
