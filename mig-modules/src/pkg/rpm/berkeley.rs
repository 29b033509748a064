//! Hash databases of BerkeleyDB, `Packages`: `src/dbinc/db_page.h` and `src/hash` of Berkeley DB 4 and 5.
//!
//! Each bucket is a chain of pages with pairs of keys and values; large values lie in chains of overflow pages. Numbers have
//! the byte order of the machine that made the database.

use crate::pkg::{
    fields::{Fields, Order},
    rpm::failure::{Damage, Failure, Visit},
};
use mig_core::module::Session;
use std::{
    collections::BTreeSet,
    io::{self, Read, Seek, SeekFrom},
};

const HASH_MAGIC: u32 = 0x0006_1561;
const VERSIONS: std::ops::RangeInclusive<u32> = 8..=10;
/// The first page, as far as it is of use.
const META_BYTES: usize = 512;
/// What every page begins with.
const PAGE_HEADER_BYTES: usize = 26;
/// Places of page numbers in the first page.
const SPARES: usize = 96;
const SPARE_COUNT: usize = 32;
/// Most chains of pages; each holds a few packages or less.
const MAX_BUCKETS: u32 = 1 << 20;

const HASH_META_PAGE: u8 = 8;
const UNUSED_PAGE: u8 = 0;
const UNSORTED_HASH_PAGE: u8 = 2;
const OVERFLOW_PAGE: u8 = 7;
const HASH_PAGE: u8 = 13;

const VALUE_IN_PAGE: u8 = 1;
const VALUE_IN_OVERFLOW: u8 = 3;

/// Visits the blob of every package.
///
/// # Errors
/// [`Failure`] if it is no such database, or the session stops the run.
pub fn for_each(
    database: &mut (impl Read + Seek),
    session: &dyn Session,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let mut meta = [0; META_BYTES];
    database.seek(SeekFrom::Start(0))?;
    database.read_exact(&mut meta)?;
    let layout = Layout::of(&meta)?;
    let mut pages = Pages { database, layout, seen: BTreeSet::new() };
    for bucket in 0..=layout.last_bucket {
        session.checkpoint()?;
        let first = layout.first_page(bucket, &meta)?;
        if let Err(failure) = visit_bucket(&mut pages, first, session, visit) {
            match failure {
                Failure::Damage(damage) => visit(Err(damage))?,
                stop @ Failure::Stop(_) => return Err(stop),
            }
        }
    }
    Ok(())
}

fn visit_bucket(
    pages: &mut Pages<'_, impl Read + Seek>,
    first: u32,
    session: &dyn Session,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let mut next = first;
    while next != 0 {
        session.checkpoint()?;
        let page = pages.read_hash_page(next)?;
        next = page.next();
        for pair in 0..page.pairs() {
            match page.value(pair) {
                Ok(None) => {}
                Ok(Some(Value::Here(bytes))) => visit(Ok(&mut &*bytes))?,
                Ok(Some(Value::Overflow { first, length })) => {
                    visit(Ok(&mut Overflow { pages, next: first, page: Vec::new(), used: 0 }.take(length)))?;
                }
                Err(damage) => visit(Err(damage))?,
            }
        }
    }
    Ok(())
}

/// What the first page says of the others.
#[derive(Clone, Copy, Debug)]
struct Layout {
    order: Order,
    page_bytes: usize,
    last_page: u32,
    last_bucket: u32,
}

impl Layout {
    fn of(meta: &[u8]) -> Result<Self, Damage> {
        let orders = [Order::Little, Order::Big];
        let order = orders.into_iter().find(|order| Fields::new(meta, *order).u32(12) == Some(HASH_MAGIC));
        let order = order.ok_or(Damage::Format("not a hash database of BerkeleyDB"))?;
        let fields = Fields::new(meta, order);
        let page_bytes = fields.u32(20).and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default();
        if !fields.u32(16).is_some_and(|version| VERSIONS.contains(&version)) {
            return Err(Damage::Format("an unknown version of BerkeleyDB"));
        }
        if fields.u8(24) != Some(0) {
            return Err(Damage::Format("an encrypted database"));
        }
        if fields.u8(25) != Some(HASH_META_PAGE) || !page_bytes.is_power_of_two() {
            return Err(Damage::Format("a damaged first page"));
        }
        if !(META_BYTES..=64 << 10).contains(&page_bytes) {
            return Err(Damage::Format("an impossible size of pages"));
        }
        let (last_page, last_bucket) = (fields.u32(32).unwrap_or(0), fields.u32(72).unwrap_or(0));
        if last_bucket > last_page.min(MAX_BUCKETS) {
            return Err(Damage::Format("an impossible number of buckets"));
        }
        Ok(Self { order, page_bytes, last_page, last_bucket })
    }

    /// Buckets are made in groups of powers of two, and each group begins at a page of its own.
    fn first_page(&self, bucket: u32, meta: &[u8]) -> Result<u32, Damage> {
        let group = (u32::BITS - bucket.leading_zeros()) as usize;
        let spare = Some(group).filter(|group| *group < SPARE_COUNT).map(|group| SPARES + 4 * group);
        let begin = spare.and_then(|place| Fields::new(meta, self.order).u32(place));
        begin.and_then(|begin| begin.checked_add(bucket)).ok_or(Damage::Format("an impossible bucket"))
    }
}

/// The pages of a database; each hash page is read once.
#[derive(Debug)]
struct Pages<'a, Source> {
    database: &'a mut Source,
    layout: Layout,
    seen: BTreeSet<u32>,
}

impl<Source: Read + Seek> Pages<'_, Source> {
    fn read(&mut self, number: u32) -> Result<Page, Damage> {
        let mut bytes = vec![0; self.layout.page_bytes];
        if number > self.layout.last_page {
            return Err(Damage::Page { page: number, reason: "beyond the end" });
        }
        self.database.seek(SeekFrom::Start(u64::from(number) * bytes.len() as u64))?;
        self.database.read_exact(&mut bytes)?;
        Ok(Page { number, bytes, order: self.layout.order })
    }

    fn read_hash_page(&mut self, number: u32) -> Result<Page, Damage> {
        if !self.seen.insert(number) {
            return Err(Damage::Page { page: number, reason: "is part of two chains" });
        }
        let page = self.read(number)?;
        match page.kind() {
            HASH_PAGE | UNSORTED_HASH_PAGE => Ok(page),
            // Pages of a new group of buckets are written when they are first used.
            UNUSED_PAGE if page.pairs() == 0 && page.next() == 0 => Ok(page),
            _ => Err(page.damage("not a page of a hash")),
        }
    }
}

#[derive(Debug)]
struct Page {
    number: u32,
    bytes: Vec<u8>,
    order: Order,
}

/// Where a value is.
#[derive(Debug)]
enum Value<'a> {
    Here(&'a [u8]),
    Overflow { first: u32, length: u64 },
}

impl Page {
    fn fields(&self) -> Fields<'_> {
        Fields::new(&self.bytes, self.order)
    }

    fn damage(&self, reason: &'static str) -> Damage {
        Damage::Page { page: self.number, reason }
    }

    fn next(&self) -> u32 {
        self.fields().u32(16).unwrap_or(0)
    }

    fn kind(&self) -> u8 {
        self.fields().u8(25).unwrap_or(UNUSED_PAGE)
    }

    fn pairs(&self) -> usize {
        usize::from(self.fields().u16(20).unwrap_or(0) / 2)
    }

    /// The value of a pair; `None` for that of key 0, which counts packages.
    fn value(&self, pair: usize) -> Result<Option<Value<'_>>, Damage> {
        let (key, value) = (self.item(2 * pair)?, self.item(2 * pair + 1)?);
        if matches!(key, [VALUE_IN_PAGE, 0, 0, 0, 0]) {
            return Ok(None);
        }
        let fields = Fields::new(value, self.order);
        match (value.split_first(), fields.u32(4), fields.u32(8)) {
            (Some((&VALUE_IN_PAGE, bytes)), ..) => Ok(Some(Value::Here(bytes))),
            (Some((&VALUE_IN_OVERFLOW, _)), Some(first), Some(length)) => {
                Ok(Some(Value::Overflow { first, length: length.into() }))
            }
            _ => Err(self.damage("a value of unknown type")),
        }
    }

    /// Items fill a page from its end; the table of their beginnings follows the header.
    fn item(&self, index: usize) -> Result<&[u8], Damage> {
        let place = |index: usize| self.fields().u16(PAGE_HEADER_BYTES + 2 * index).map(usize::from);
        let end = index.checked_sub(1).map_or(Some(self.bytes.len()), place);
        let item = place(index).zip(end).and_then(|(begin, end)| self.bytes.get(begin..end));
        item.ok_or_else(|| self.damage("an item outside of the page"))
    }

    /// What an overflow page holds.
    fn overflow(&self) -> Result<&[u8], Damage> {
        let length = self.fields().u16(22).map(usize::from).filter(|length| *length > 0);
        let bytes = length.and_then(|length| self.bytes.get(PAGE_HEADER_BYTES..)?.get(..length));
        bytes.filter(|_| self.kind() == OVERFLOW_PAGE).ok_or_else(|| self.damage("not a page of a value"))
    }
}

/// A value in a chain of overflow pages.
#[derive(Debug)]
struct Overflow<'p, 'd, Source> {
    pages: &'p mut Pages<'d, Source>,
    next: u32,
    page: Vec<u8>,
    used: usize,
}

impl<Source: Read + Seek> Read for Overflow<'_, '_, Source> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.used == self.page.len() && self.next != 0 {
            let page = self.pages.read(self.next).map_err(io::Error::other)?;
            self.page = page.overflow().map_err(io::Error::other)?.to_vec();
            (self.next, self.used) = (page.next(), 0);
        }
        let read = self.page.get(self.used..).unwrap_or_default().read(buffer)?;
        self.used += read;
        Ok(read)
    }
}
