//! Answers for programs: one document, or one line per agent.

use super::{Answer, Operations, Render};
use crate::printer::Printer;
use mig_core::safe;
use mig_core::{
    action::Action,
    id::{ActionId, CommandId},
    json::{self, Value},
    time::Time,
};
use serde::Serialize;
use std::io;

/// One agent's answer.
#[derive(Debug, Serialize)]
struct Record<'a> {
    action: ActionId,
    command: CommandId,
    agent: &'a str,
    queueloc: &'a str,
    status: &'static str,
    foundanything: bool,
    starttime: Time,
    finishtime: Time,
    results: Vec<ResultRecord<'a>>,
}

/// A module's result, with the name of the module.
#[derive(Debug, Serialize)]
struct ResultRecord<'a> {
    module: &'a str,
    foundanything: bool,
    success: bool,
    elements: &'a Value,
    statistics: &'a Value,
    errors: &'a Option<Vec<String>>,
}

fn record(answer: &Answer, operations: &Operations<'_>) -> io::Result<String> {
    let results = answer.results.iter().enumerate().map(|(index, result)| ResultRecord {
        module: operations.name(index),
        foundanything: result.found_anything,
        success: result.success,
        elements: &result.elements,
        statistics: &result.statistics,
        errors: &result.errors,
    });
    written(&Record {
        action: answer.action,
        command: answer.command,
        agent: &answer.agent,
        queueloc: &answer.queue_location,
        status: answer.status.as_str(),
        foundanything: answer.found(),
        starttime: answer.start_time,
        finishtime: answer.finish_time,
        results: results.collect(),
    })
}

fn written(document: &impl Serialize) -> io::Result<String> {
    let text = json::to_string(document).map_err(io::Error::other)?;
    Ok(safe::json(&text).into_owned())
}

/// `{"commands":[...],"action":{...}}`, written as the answers come: memory does not grow with their number.
#[derive(Debug)]
pub(super) struct Document<'a> {
    operations: Operations<'a>,
    is_begun: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(operations: Operations<'a>) -> Self {
        Self { operations, is_begun: false }
    }

    fn separator(&mut self) -> &'static str {
        if std::mem::replace(&mut self.is_begun, true) { ",\n" } else { "{\"commands\":[\n" }
    }
}

impl Render for Document<'_> {
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()> {
        let separator = self.separator();
        printer.data(&format!("{separator}{}", record(answer, &self.operations)?))
    }

    fn finish(&mut self, action: &Action, printer: &mut Printer) -> io::Result<()> {
        let begin = if self.is_begun { "\n" } else { "{\"commands\":[" };
        printer.data(&format!("{begin}],\"action\":{}}}\n", written(action)?))
    }
}

/// One record per line.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    operations: Operations<'a>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(operations: Operations<'a>) -> Self {
        Self { operations }
    }
}

impl Render for Lines<'_> {
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()> {
        printer.data(&format!("{}\n", record(answer, &self.operations)?))
    }

    fn finish(&mut self, _: &Action, _: &mut Printer) -> io::Result<()> {
        Ok(())
    }
}
