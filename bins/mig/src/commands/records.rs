//! `mig actions` and `mig results`: what was asked before, and the answers.

use super::Context;
use crate::{
    cli::{Format, Page, ResultsArgs},
    exit::Exit,
    follow::Ending,
    printer::Printer,
    remarks::Remarks,
    render::{self, Answer},
};
use anyhow::{Context as _, Result};
use mig_core::{
    action::ActionCounters,
    id::ActionId,
    store::{CommandFilter, CommandQuery, Store, StoredAction},
    time::Time,
};
use serde::Serialize;
use std::{io, sync::Arc};

/// Commands that are read at once.
const PAGE: u32 = 100;

#[derive(Debug, Serialize)]
struct ActionRecord {
    id: ActionId,
    time: Time,
    name: String,
    target: String,
    status: &'static str,
    counters: ActionCounters,
}

impl From<StoredAction> for ActionRecord {
    fn from(stored: StoredAction) -> Self {
        let (action, status) = (stored.action, stored.status.as_str());
        let (name, target) = (action.name, action.target);
        let time = if action.start_time.is_zero() { action.valid_from } else { action.start_time };
        Self { id: action.id, time, name, target, status, counters: action.counters }
    }
}

pub(super) fn actions(context: &mut Context<'_>, page: &Page) -> Result<Exit> {
    let runtime = super::runtime()?;
    let store = runtime.block_on(context.store())?;
    let stored = runtime.block_on(store.actions(page.before, page.limit))?;
    let records: Vec<ActionRecord> = stored.into_iter().map(ActionRecord::from).collect();
    if context.cli.output.format == Format::Human {
        for record in &records {
            print_for_people(record, &mut context.printer)?;
        }
        return Ok(Exit::Done);
    }
    let heading = ["id", "asked at", "status", "sent", "success", "name"];
    context.print_records(&heading, &records, |record| {
        let counters = &record.counters;
        [
            record.id.to_string(),
            record.time.whole_seconds().to_string(),
            record.status.to_owned(),
            counters.sent.to_string(),
            counters.success.to_string(),
            record.name.clone(),
        ]
    })?;
    Ok(Exit::Done)
}

/// Two lines: how it went, and what was asked.
fn print_for_people(record: &ActionRecord, printer: &mut Printer) -> io::Result<()> {
    let ActionRecord { id, time, name, status, counters, .. } = record;
    let answers = format!("{} of {} agents answered", counters.success, counters.sent);
    let time = time.whole_seconds();
    printer.line(&format!("{id}  {time}  {status}, {answers}"))?;
    printer.line(&format!("    {name}"))
}

pub(super) fn results(context: &mut Context<'_>, args: &ResultsArgs) -> Result<Exit> {
    let runtime = super::runtime()?;
    let store = runtime.block_on(context.store())?;
    let stored = runtime.block_on(store.action(args.action))?;
    let format = context.cli.output.format;
    let show = args.show.unwrap_or(render::default_show(format));
    let mut renderer = render::renderer(format, show, &stored.action, context.registry);
    let remarks = Remarks::of(&stored.action, context.registry).unless_printed(format, show);
    let (mut after, mut found) = (None, false);
    loop {
        let query = CommandQuery { action: args.action, filter: CommandFilter::All, after, limit: PAGE };
        let commands = runtime.block_on(store.commands(&query))?;
        let Some(last) = commands.last() else { break };
        after = Some(last.id);
        for answer in commands.into_iter().map(Answer::from) {
            found |= answer.found();
            if answer.is_shown(show) {
                renderer.answer(&answer, &mut context.printer)?;
            }
            remarks.tell(&answer, &context.printer);
        }
    }
    renderer.finish(&stored.action, &mut context.printer)?;
    Ok(context.exit(Ending::of(&stored), found))
}

impl Context<'_> {
    /// The embedded store.
    pub(super) async fn store(&self) -> Result<Arc<dyn Store>> {
        let path = self.own_state()?.path("store.db");
        let url = format!("sqlite:{}", path.display());
        mig_store::open(&url).await.context("the embedded store")
    }

    /// The exit code for an action that ended so.
    pub(super) fn exit(&self, ending: Ending, found: bool) -> Exit {
        match ending {
            Ending::Complete if self.cli.output.exit_found && !found => Exit::No,
            Ending::Complete => Exit::Done,
            Ending::Incomplete => Exit::Incomplete,
            Ending::NobodyAsked => Exit::NothingTargeted,
            Ending::Interrupted => Exit::Interrupted,
        }
    }
}
