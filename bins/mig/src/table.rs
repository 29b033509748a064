//! Rows as tables and as comma-separated values.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use mig_core::safe;
use std::io::{self, IsTerminal};

/// Width of a table when standard output is no terminal, in columns.
const WIDTH: u16 = 80;
/// Narrowest last column beside others that keep their width.
const LAST_COLUMN: usize = 16;
/// Narrowest other column.
const LEAST_COLUMN: usize = 6;
/// Padding and border of one column.
const BORDERS: usize = 3;

/// A table that fits the terminal, or 80 columns; cells are safe for a terminal. Columns without any text are left out.
#[must_use]
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    // Some terminals, as those of programs that record a session, have no width.
    if !io::stdout().is_terminal() || table.width().is_none_or(|width| width == 0) {
        table.set_width(WIDTH);
    }
    let is_used =
        |column: &usize| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
    let used: Vec<usize> = (0..heading.len()).filter(|column| rows.is_empty() || is_used(column)).collect();
    table.set_header(used.iter().filter_map(|column| heading.get(*column)));
    for row in rows {
        let cells = used.iter().filter_map(|column| row.get(*column));
        table.add_row(cells.map(|cell| safe::line(cell).into_owned()));
    }
    keep_narrow_columns(&mut table);
    format!("{table}\n")
}

/// Columns but the last keep their width from left to right, so that ids stay whole, where that leaves enough to the others.
fn keep_narrow_columns(table: &mut Table) {
    let widths: Vec<usize> = table.column_max_content_widths().into_iter().map(usize::from).collect();
    let Some((last, narrow)) = widths.split_last() else { return };
    let borders = widths.len() * BORDERS + 1;
    let least = |width: &usize| LEAST_COLUMN.min(*width);
    // What is left over when every column has the least it needs.
    let needed = borders + narrow.iter().map(least).sum::<usize>() + LAST_COLUMN.min(*last);
    let mut spare = usize::from(table.width().unwrap_or(WIDTH)).saturating_sub(needed);
    for (column, width) in table.column_iter_mut().zip(narrow) {
        let more = width - least(width);
        if more <= spare {
            spare -= more;
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Comma-separated values as RFC 4180 writes them; on a terminal, cells are safe for it.
///
/// # Errors
/// Never in practice: memory does not fail.
pub fn csv(rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<String> {
    let must_be_safe = io::stdout().is_terminal();
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| if must_be_safe { safe::line(cell) } else { cell.into() });
        writer.write_record(cells.map(|cell| cell.into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 2]) -> Vec<String> {
        cells.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_table_fits_80_columns_whatever_the_cells() {
        let text = table(&["agent", "answer"], &[row(["host", &"/very/long/path".repeat(20)])]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn narrow_columns_stay_whole_beside_a_wide_one() {
        let id = "1230331453881625";
        let text = table(&["id", "name"], &[row([id, &"long ".repeat(40)])]);
        assert!(text.contains(id) && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn an_id_stays_whole_beside_columns_that_do_not_fit() {
        let id = "1230331453881625";
        let row = [id, &"time".repeat(5), &"status".repeat(4), &"name".repeat(20)].map(str::to_owned);
        let text = table(&["id", "time", "status", "name"], &[row.to_vec()]);
        assert!(text.contains(id) && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn a_column_without_text_is_left_out() {
        let text = table(&["agent", "sha256"], &[row(["host", ""])]);
        assert!(text.contains("agent") && !text.contains("sha256"), "{text}");
    }

    #[test]
    fn cells_of_a_table_are_safe() {
        let text = table(&["agent", "answer"], &[row(["a\x1b[2Jb", "c\nd"])]);
        assert!(text.contains("a\\x1b[2Jb") && text.contains("c\\nd"), "{text}");
    }

    #[test]
    fn values_with_commas_quotes_and_line_feeds_survive_csv() {
        let text = csv([row(["a,b", "c\"d\ne"])]).unwrap();
        assert_eq!(text, "\"a,b\",\"c\"\"d\ne\"\n");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert!(record.iter().eq(["a,b", "c\"d\ne"]));
    }
}
