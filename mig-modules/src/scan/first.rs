//! The first hits in the order of paths, whatever the order in which threads find them.

use crate::scan::{paths::compare, report::Hit};
use std::{
    cmp::Ordering,
    collections::BTreeSet,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Keeps the first hits of one query up to its limit.
#[derive(Debug)]
pub(super) struct FirstHits {
    limit: Option<usize>,
    hits: Mutex<BTreeSet<Ranked>>,
    full: AtomicBool,
}

#[derive(Debug)]
struct Ranked(Hit);

impl FirstHits {
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self { limit, hits: Mutex::default(), full: AtomicBool::new(limit == Some(0)) }
    }

    /// Whether as many hits as wanted were found: later paths need no look.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Relaxed)
    }

    /// Whether a hit at this path would be kept.
    pub(super) fn wants(&self, path: &Path) -> bool {
        !self.is_full() || self.lock().last().is_some_and(|last| compare(path, &last.0.file.path).is_le())
    }

    /// Whether a hit below this directory would be kept.
    pub(super) fn wants_below(&self, directory: &Path) -> bool {
        let below = |last: &Path| last.starts_with(directory) || compare(directory, last).is_lt();
        !self.is_full() || self.lock().last().is_some_and(|last| below(&last.0.file.path))
    }

    /// Takes a hit; false if it comes too late in the order, or is there already: a file may be reached through several links.
    pub(super) fn add(&self, hit: Hit) -> bool {
        let mut hits = self.lock();
        let hit = Ranked(hit);
        if self.is_full() && hits.last().is_none_or(|last| hit >= *last) {
            return false;
        }
        if !hits.insert(hit) {
            return false;
        }
        if let Some(limit) = self.limit {
            if hits.len() > limit {
                hits.pop_last();
            }
            self.full.store(hits.len() >= limit, Relaxed);
        }
        true
    }

    /// The hits in order.
    pub(super) fn into_sorted(self) -> Vec<Hit> {
        let hits = self.hits.into_inner().unwrap_or_else(PoisonError::into_inner);
        hits.into_iter().map(|ranked| ranked.0).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Ranked>> {
        self.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let paths = compare(&self.0.file.path, &other.0.file.path);
        paths.then_with(|| self.0.filter.cmp(&other.0.filter))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Ranked {}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::report::Found;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn hit(path: &str, filter: usize) -> Hit {
        Hit {
            file: Arc::new(Found { path: path.into(), metadata: None, sha256: None }),
            filter: Some(filter),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn the_first_hits_are_kept_whatever_the_order_of_discovery(
            found in proptest::collection::vec(("/[ab]/[a-c!]{1,2}", 0..3_usize), 0..20),
            limit in 0..8_usize,
        ) {
            let first = FirstHits::new(Some(limit));
            for (path, filter) in &found {
                let wanted = first.wants(Path::new(path));
                prop_assert!(!first.add(hit(path, *filter)) || wanted);
            }
            let mut expected = found;
            expected.sort_by(|(path, filter), (other, other_filter)| {
                compare(Path::new(path), Path::new(other)).then(filter.cmp(other_filter))
            });
            expected.dedup();
            expected.truncate(limit);
            let kept: Vec<_> = first.into_sorted().into_iter()
                .map(|hit| (hit.file.path.to_str().unwrap().to_owned(), hit.filter.unwrap()))
                .collect();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn directories_after_the_last_wanted_hit_need_no_look() {
        let first = FirstHits::new(Some(1));
        assert!(first.wants_below(Path::new("/z")));
        first.add(hit("/m/n/o", 0));
        for (directory, wanted) in
            [("/a", true), ("/m", true), ("/m/n", true), ("/m/o", false), ("/z", false)]
        {
            assert_eq!(first.wants_below(Path::new(directory)), wanted, "{directory}");
        }
    }

    #[test]
    fn a_limit_of_nothing_wants_nothing() {
        let first = FirstHits::new(Some(0));
        assert!(!first.wants(Path::new("/a")) && !first.add(hit("/a", 0)));
    }
}
