//! Lines for people: `<agent> <line>`.

use super::{Answer, Operations, Render};
use crate::printer::Printer;
use mig_core::{action::Action, scheduler::flow::CommandStatus};
use std::io;

#[derive(Debug)]
pub(super) struct Human<'a> {
    operations: Operations<'a>,
}

impl<'a> Human<'a> {
    pub(super) fn new(operations: Operations<'a>) -> Self {
        Self { operations }
    }
}

impl Render for Human<'_> {
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()> {
        let prefix = if answer.agent.is_empty() { String::new() } else { format!("{} ", answer.agent) };
        for (index, result) in answer.results.iter().enumerate() {
            for line in self.operations.lines(index, result) {
                printer.line(&format!("{prefix}{line}"))?;
            }
        }
        match answer.status {
            _ if self.operations.found_only => Ok(()),
            CommandStatus::Success => printer.line(&format!("{prefix}command success")),
            status => printer.line(&format!("{prefix}command did not succeed. status={status}")),
        }
    }

    fn finish(&mut self, _: &Action, _: &mut Printer) -> io::Result<()> {
        Ok(())
    }
}
