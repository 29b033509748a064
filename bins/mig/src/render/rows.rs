//! Answers as rows, one per printed line.

use super::{Answer, Operations, Render};
use crate::{printer::Printer, table};
use mig_core::action::Action;
use std::io;

const HEADING: [&str; 5] = ["agent", "command", "status", "module", "answer"];

/// The rows of an answer; one at the least, so that agents without findings are seen where they are asked for.
fn rows(answer: &Answer, operations: &Operations<'_>) -> Vec<[String; 5]> {
    let row = |module: &str, line: String| {
        let command = answer.command.to_string();
        [answer.agent.clone(), command, answer.status.to_string(), module.to_owned(), line]
    };
    let mut rows = Vec::new();
    for (index, result) in answer.results.iter().enumerate() {
        let lines = operations.lines(index, result);
        rows.extend(lines.into_iter().map(|line| row(operations.name(index), line)));
    }
    if rows.is_empty() {
        rows.push(row("", answer.reason().to_owned()));
    }
    rows
}

/// Comma-separated values, RFC 4180, with a heading.
#[derive(Debug)]
pub(super) struct Csv<'a> {
    operations: Operations<'a>,
    has_heading: bool,
}

impl<'a> Csv<'a> {
    pub(super) fn new(operations: Operations<'a>) -> Self {
        Self { operations, has_heading: false }
    }

    fn heading(&mut self) -> Option<[String; 5]> {
        (!std::mem::replace(&mut self.has_heading, true)).then(|| HEADING.map(str::to_owned))
    }
}

impl Render for Csv<'_> {
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()> {
        let heading = self.heading();
        printer.data(&table::csv(heading.into_iter().chain(rows(answer, &self.operations)))?)
    }

    fn finish(&mut self, _: &Action, printer: &mut Printer) -> io::Result<()> {
        let heading = self.heading();
        printer.data(&table::csv(heading)?)
    }
}

/// A table: it is drawn at the end, because columns are as wide as their widest cell.
#[derive(Debug)]
pub(super) struct Table<'a> {
    operations: Operations<'a>,
    rows: Vec<[String; 5]>,
}

impl<'a> Table<'a> {
    pub(super) fn new(operations: Operations<'a>) -> Self {
        Self { operations, rows: Vec::new() }
    }
}

impl Render for Table<'_> {
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()> {
        let _: &mut Printer = printer;
        self.rows.extend(rows(answer, &self.operations));
        Ok(())
    }

    fn finish(&mut self, _: &Action, printer: &mut Printer) -> io::Result<()> {
        printer.data(&table::table(&HEADING, &self.rows))
    }
}
