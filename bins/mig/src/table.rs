//! Rows as tables and as comma-separated values.

use crate::safe;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use std::io::{self, IsTerminal};

/// Width of a table when standard output is no terminal, in columns.
const WIDTH: u16 = 80;
/// Padding and border of one column.
const BORDERS: usize = 3;

/// A table that fits the terminal, or 80 columns; cells are safe for a terminal.
#[must_use]
pub fn table<const N: usize>(heading: &[&str; N], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.set_width(WIDTH);
    }
    table.set_header(heading.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| safe::line(cell).into_owned()));
    }
    keep_narrow_columns(&mut table);
    format!("{table}\n")
}

/// Columns but the last keep their width, so that ids and times stay whole, if that leaves a third of the table to the last one.
fn keep_narrow_columns(table: &mut Table) {
    let widths = table.column_max_content_widths();
    let Some((_, narrow)) = widths.split_last() else { return };
    let kept: usize = narrow.iter().map(|width| usize::from(*width) + BORDERS).sum();
    if kept * 3 <= usize::from(table.width().unwrap_or(WIDTH)) * 2 {
        for column in table.column_iter_mut().take(narrow.len()) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Comma-separated values as RFC 4180 writes them; on a terminal, cells are safe for it.
///
/// # Errors
/// Never in practice: memory does not fail.
pub fn csv<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> io::Result<String> {
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

    fn row(cells: [&str; 2]) -> [String; 2] {
        cells.map(str::to_owned)
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
