//! Launches an action on the embedded platform and shows the answers as they come.

use super::Context;
use crate::{
    cli::Show,
    embedded::Embedded,
    exit::Exit,
    follow::{Ending, Follower},
    interrupt::interrupt,
    printer::{Colour, Printer},
    render::{self, Answer, Render},
    signing,
};
use anyhow::Result;
use mig_core::{
    action::{Action, ActionCounters},
    scheduler::flow::CommandStatus,
};

/// Signs the action and follows it to its end.
pub(super) fn launch(context: &mut Context<'_>, mut action: Action) -> Result<Exit> {
    let state = context.state()?;
    let signer = signing::signer(&context.cli.signing, || Ok(state.clone()))?;
    signing::sign(&mut action, &*signer)?;
    let place = state.root().display();
    context
        .printer
        .note(Colour::Blue, &format!("mig: asking this machine only (embedded mode, state in {place})"));
    let show = context.show();
    let mut renderer = render::renderer(context.cli.output.format, show, &action, context.registry);
    let runtime = super::runtime()?;
    let store = runtime.block_on(context.store())?;
    let mut screen = Screen { printer: &mut context.printer, renderer: &mut *renderer, show, found: false };
    let stored = runtime.block_on(async {
        let embedded = Embedded::open(&state, store, context.registry).await?;
        embedded.ask(action, &mut screen, interrupt).await
    })?;
    let found = screen.found;
    context.printer.end_progress();
    renderer.finish(&stored.action, &mut context.printer)?;
    let ending = Ending::of(&stored);
    match ending {
        Ending::NobodyAsked => context.printer.error(&format!("no agent was asked: {}", stored.reason)),
        Ending::Interrupted => {
            context.printer.error(&format!("action {} is {}", stored.action.id, stored.status));
        }
        Ending::Complete | Ending::Incomplete => {}
    }
    context.printer.detail(|| format!("mig: action {} is {}", stored.action.id, stored.status));
    Ok(context.exit(ending, found))
}

/// Shows answers as they come.
struct Screen<'a> {
    printer: &'a mut Printer,
    renderer: &'a mut dyn Render,
    show: Show,
    found: bool,
}

impl Follower for Screen<'_> {
    type Error = anyhow::Error;

    fn answer(&mut self, answer: Answer) -> Result<()> {
        self.found |= answer.found();
        if answer.is_shown(self.show) {
            self.renderer.answer(&answer, self.printer)?;
        }
        if answer.status != CommandStatus::Success {
            let (agent, status, reason) = (&answer.agent, answer.status, answer.reason());
            let colon = if reason.is_empty() { "" } else { ": " };
            self.printer.note(Colour::Purple, &format!("mig: {agent}: {status}{colon}{reason}"));
        }
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
