//! The table `Packages` of an SQLite database, `rpmdb.sqlite`: <https://www.sqlite.org/fileformat2.html>.
//!
//! Reads only, takes no locks, and knows no SQL: a table is a tree of pages whose leaves hold the rows.

use crate::pkg::{
    fields::Fields,
    rpm::{
        failure::{Damage, Failure, Visit},
        pager::{Page, Pager},
        record::{self, Cell},
    },
};
use mig_core::module::{Session, Stop};
use std::{
    collections::BTreeSet,
    io::{Read, Seek},
};

const TABLE: &[u8] = b"Packages";
/// The page where the table of tables begins.
const SCHEMA_PAGE: u32 = 1;
/// Most pages of a table that are looked at, without those of long values.
const MAX_PAGES: usize = 1 << 20;

const INTERIOR_PAGE: u8 = 5;
const LEAF_PAGE: u8 = 13;

/// Visits the blob of every package. `log` is the database's write-ahead log, if there is one.
///
/// # Errors
/// [`Failure`] if it is no such database, has no such table, or the session stops the run.
pub fn for_each<Source: Read + Seek>(
    database: Source,
    log: Option<Source>,
    session: &dyn Session,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let mut pager = Pager::open(database, log, session)?;
    let root = root_of_packages(&mut pager, session)?;
    for_each_row(&mut pager, root, session, &mut |pager, row| match row {
        Ok(cell) => match record::blob(cell, pager) {
            Ok(mut blob) => visit(Ok(&mut blob)),
            Err(damage) => visit(Err(damage)),
        },
        Err(damage) => visit(Err(damage)),
    })?;
    Ok(())
}

fn root_of_packages<Source: Read + Seek>(
    pager: &mut Pager<Source>,
    session: &dyn Session,
) -> Result<u32, Failure> {
    let (mut root, mut damaged) = (None, None);
    for_each_row(pager, SCHEMA_PAGE, session, &mut |pager, row| {
        match row.and_then(|cell| record::table(cell, pager)) {
            Ok(table) if table.name == TABLE => root = Some(table.root),
            Ok(_) => {}
            Err(damage) => damaged = Some(damage),
        }
        Ok(())
    })?;
    match (root, damaged) {
        (Some(root), _) => Ok(root),
        (None, Some(damage)) => Err(damage.into()),
        (None, None) => Err(Damage::Format("no table of packages").into()),
    }
}

type VisitRow<'a, Source> = dyn FnMut(&mut Pager<Source>, Result<Cell<'_>, Damage>) -> Result<(), Stop> + 'a;

/// Visits the rows of a table in order, and what is damaged in between.
fn for_each_row<Source: Read + Seek>(
    pager: &mut Pager<Source>,
    root: u32,
    session: &dyn Session,
    visit: &mut VisitRow<'_, Source>,
) -> Result<(), Stop> {
    let (mut waiting, mut seen) = (vec![root], BTreeSet::new());
    while let Some(number) = waiting.pop() {
        session.checkpoint()?;
        if !seen.insert(number) || seen.len() > MAX_PAGES {
            visit(pager, Err(Damage::Page { page: number, reason: "is part of the tree twice" }))?;
            continue;
        }
        let page = match pager.read(number) {
            Ok(page) => page,
            Err(damage) => {
                visit(pager, Err(damage))?;
                continue;
            }
        };
        match kind(&page) {
            LEAF_PAGE => visit_leaf(&page, pager, session, visit)?,
            INTERIOR_PAGE if waiting.len() < MAX_PAGES => {
                let mut children = children(&page);
                children.reverse();
                waiting.append(&mut children);
            }
            _ => visit(pager, Err(page.damage("not a page of a table")))?,
        }
    }
    Ok(())
}

fn visit_leaf<Source: Read + Seek>(
    page: &Page,
    pager: &mut Pager<Source>,
    session: &dyn Session,
    visit: &mut VisitRow<'_, Source>,
) -> Result<(), Stop> {
    for index in 0..cells(page) {
        session.checkpoint()?;
        let cell = cell_place(page, index, 8).and_then(|place| Cell::read(page, place));
        visit(pager, cell.ok_or_else(|| page.damage("a row outside of the page")))?;
    }
    Ok(())
}

fn kind(page: &Page) -> u8 {
    Fields::big(page.body()).u8(0).unwrap_or(0)
}

fn cells(page: &Page) -> usize {
    Fields::big(page.body()).u16(3).unwrap_or(0).into()
}

/// Where in the page a cell begins. The table of them follows the page's header.
fn cell_place(page: &Page, index: usize, header_bytes: usize) -> Option<usize> {
    Fields::big(page.body()).u16(header_bytes + 2 * index).map(usize::from)
}

/// The pages below an interior page. One outside of it counts as page 0, which can not be read.
fn children(page: &Page) -> Vec<u32> {
    let left = |index| {
        let place = cell_place(page, index, 12)?;
        Fields::big(&page.bytes).u32(place)
    };
    let last = Fields::big(page.body()).u32(8);
    (0..cells(page)).map(left).chain([last]).map(Option::unwrap_or_default).collect()
}
