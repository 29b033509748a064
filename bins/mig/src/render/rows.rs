//! Answers as rows: what modules found in their own columns, or one printed line per row.

use super::{Answer, Operations, Render};
use crate::{printer::Printer, table};
use mig_core::action::Action;
use std::io;

/// Columns that stand before those of the module, for machines and for people.
const ALL: [&str; 4] = ["agent", "command", "status", "module"];
const FEW: [&str; 2] = ["agent", "status"];

/// The rows of an answer, with the cells of [`ALL`] first; one at the least, so that agents without findings are seen where
/// they are asked for.
fn rows(answer: &Answer, operations: &Operations<'_>) -> Vec<Vec<String>> {
    let row = |module: &str, cells: Vec<String>| {
        let command = answer.command.to_string();
        let begin = [answer.agent.clone(), command, answer.status.to_string(), module.to_owned()];
        begin.into_iter().chain(cells).collect()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (index, result) in answer.results.iter().enumerate() {
        let cells = operations.rows(index, result);
        rows.extend(cells.into_iter().map(|cells| row(operations.name(index), cells)));
    }
    if rows.is_empty() {
        let mut cells = vec![String::new(); operations.columns().len()];
        if let Some(last) = cells.last_mut() {
            answer.reason().clone_into(last);
        }
        rows.push(row("", cells));
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

    fn heading(&mut self) -> Option<Vec<String>> {
        let names = || ALL.iter().chain(self.operations.columns()).map(|&name| name.to_owned()).collect();
        let heading = (!self.has_heading).then(names);
        self.has_heading = true;
        heading
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
    rows: Vec<Vec<String>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(operations: Operations<'a>) -> Self {
        Self { operations, rows: Vec::new() }
    }
}

impl Render for Table<'_> {
    fn answer(&mut self, answer: &Answer, printer: &mut Printer) -> io::Result<()> {
        let _: &mut Printer = printer;
        for cells in rows(answer, &self.operations) {
            let found = cells.into_iter().skip(ALL.len());
            self.rows
                .push([answer.agent.clone(), answer.status.to_string()].into_iter().chain(found).collect());
        }
        Ok(())
    }

    fn finish(&mut self, _: &Action, printer: &mut Printer) -> io::Result<()> {
        let heading: Vec<&str> = FEW.iter().chain(self.operations.columns()).copied().collect();
        printer.data(&table::table(&heading, &self.rows))
    }
}
