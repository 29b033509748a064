//! What an investigator should know of an answer beside what was found: what could not be looked at, what a limit cut off.

use crate::{
    cli::{Format, Show},
    printer::{Colour, Printer},
    render::Answer,
};
use mig_core::{
    action::Action,
    json::Value,
    module::{Module, Registry},
    scheduler::flow::CommandStatus,
};

/// Remarks on one answer that are told; of further ones only their number.
const MAX_TOLD: usize = 5;

/// The modules that an action runs, with their parameters.
#[derive(Debug)]
pub(crate) struct Remarks {
    operations: Vec<(Option<&'static dyn Module>, Value)>,
    /// False if the answers themselves show all errors.
    are_told: bool,
}

impl Remarks {
    pub(crate) fn of(action: &Action, registry: &Registry) -> Self {
        let operation = |operation: &mig_core::action::Operation| {
            // Parameters that can not be read were refused by the agent, which says so.
            (registry.module(&operation.module), operation.expanded_parameters().unwrap_or_default())
        };
        Self { operations: action.operations.iter().flatten().map(operation).collect(), are_told: true }
    }

    /// For a form of answers that already holds the errors where people read them.
    pub(crate) fn unless_printed(mut self, format: Format, show: Show) -> Self {
        self.are_told = !(show == Show::All && format == Format::Human);
        self
    }

    /// Tells them on standard error.
    pub(crate) fn tell(&self, answer: &Answer, printer: &Printer) {
        let agent = if answer.agent.is_empty() { String::new() } else { format!("{}: ", answer.agent) };
        if self.are_told {
            let remarks = self.on(answer);
            for remark in remarks.iter().take(MAX_TOLD) {
                printer.note(Colour::Yellow, &format!("mig: {agent}{remark}"));
            }
            if let Some(more @ 1..) = remarks.len().checked_sub(MAX_TOLD) {
                printer.note(Colour::Yellow, &format!("mig: {agent}and {more} more such lines: -show all"));
            }
        }
        if answer.status != CommandStatus::Success {
            let (status, reason) = (answer.status, answer.reason());
            let colon = if reason.is_empty() { "" } else { ": " };
            printer.note(Colour::Purple, &format!("mig: {agent}{status}{colon}{reason}"));
        }
    }

    /// Of a failed operation only what came before the reason of its failure, which is told with the status.
    fn on(&self, answer: &Answer) -> Vec<String> {
        let mut remarks = Vec::new();
        for ((module, parameters), result) in self.operations.iter().zip(&answer.results) {
            let Some(module) = module else { continue };
            remarks.extend(module.remarks(parameters, result));
        }
        if answer.status != CommandStatus::Success {
            remarks.retain(|remark| remark != answer.reason());
        }
        remarks
    }
}
