//! Which queries look at a directory, and how deep they still go.

use crate::scan::{ground::Ground, query::Query};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The distinct paths of all queries. Each is walked once: on its own, or when the walk of another comes by.
#[derive(Debug)]
pub(super) struct Roots(Vec<Root>);

#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// The queries that name this path.
    queries: Vec<Active>,
    visited: AtomicBool,
}

impl Roots {
    /// The roots of queries whose paths are clean. A link to a file stands for that file: so it is found once, whichever
    /// paths lead to it.
    pub(super) fn new<'a>(queries: impl IntoIterator<Item = &'a Query>, ground: Ground<'_>) -> Self {
        let mut named = BTreeMap::<PathBuf, BTreeMap<usize, u64>>::new();
        for (index, query) in queries.into_iter().enumerate().filter(|(_, query)| query.max_depth != Some(0))
        {
            for path in &query.paths {
                let levels = query.max_depth.unwrap_or(u64::MAX);
                let path = ground.shown(path);
                let path = ground.file_behind(&path).unwrap_or(path);
                named.entry(path).or_default().insert(index, levels);
            }
        }
        let roots = named.into_iter().map(|(path, queries)| Root {
            path,
            queries: queries.into_iter().map(|(query, levels)| Active { query, levels }).collect(),
            visited: AtomicBool::new(false),
        });
        Self(roots.collect())
    }

    pub(super) fn path(&self, root: usize) -> &Path {
        &self.0[root].path
    }

    /// The roots nobody came by so far, without those that lie below another of them.
    pub(super) fn outermost(&self) -> Vec<usize> {
        let mut outermost: Vec<usize> = Vec::new();
        // In the order of paths all that lies below a directory follows it at once.
        for (index, root) in
            self.0.iter().enumerate().filter(|(_, root)| !root.visited.load(Ordering::Relaxed))
        {
            if !outermost.last().is_some_and(|last| root.path.starts_with(self.path(*last))) {
                outermost.push(index);
            }
        }
        outermost
    }

    /// True for the first who asks.
    pub(super) fn claim(&self, root: usize) -> bool {
        !self.0[root].visited.swap(true, Ordering::Relaxed)
    }

    /// What is searched in a root.
    pub(super) fn scope(&self, root: usize) -> Scope {
        let inner = self.0.iter().enumerate().skip(root + 1);
        let inner = inner
            .map_while(|(index, other)| Some((index, other.path.strip_prefix(self.path(root)).ok()?)))
            .map(|(root, rest)| Inner { root, rest: rest.to_owned() })
            .collect();
        Scope { active: self.0[root].queries.clone(), inner }
    }
}

/// Which queries look at a directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    active: Vec<Active>,
    /// Roots that lie below this directory.
    inner: Vec<Inner>,
}

#[derive(Clone, Copy, Debug)]
struct Active {
    query: usize,
    /// Levels that the query still looks at, this directory's files included.
    levels: u64,
}

#[derive(Clone, Debug)]
struct Inner {
    root: usize,
    /// The way to it from this directory; never empty.
    rest: PathBuf,
}

impl Scope {
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// The queries that look at the files of this directory.
    pub(super) fn queries(&self) -> impl Iterator<Item = usize> + '_ {
        self.active.iter().map(|active| active.query)
    }

    /// Leaves only queries that `keep` wants.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        self.active.retain(|active| keep(active.query));
    }

    /// The root, if an entry of this directory is one.
    pub(super) fn root_at(&self, name: &OsStr) -> Option<usize> {
        self.inner.iter().find(|inner| inner.rest.as_os_str() == name).map(|inner| inner.root)
    }

    /// Whether a sub-directory is of any interest.
    pub(super) fn goes_into(self: &Arc<Self>, name: &OsStr) -> bool {
        !self.below(name).is_empty() || self.root_at(name).is_some()
    }

    /// What is searched in a sub-directory, apart from what it may be the root of.
    pub(super) fn below(self: &Arc<Self>, name: &OsStr) -> Arc<Self> {
        if self.inner.is_empty() && self.active.iter().all(|active| active.levels == u64::MAX) {
            return Arc::clone(self);
        }
        let active =
            self.active.iter().filter(|active| active.levels > 1).map(|active| match active.levels {
                u64::MAX => *active,
                levels => Active { levels: levels - 1, ..*active },
            });
        let inner = self.inner.iter().filter_map(|inner| {
            let rest = inner.rest.strip_prefix(name).ok().filter(|rest| !rest.as_os_str().is_empty())?;
            Some(Inner { root: inner.root, rest: rest.to_owned() })
        });
        Arc::new(Self { active: active.collect(), inner: inner.collect() })
    }

    /// Adds the queries of a root: their depth counts from here, the nearest of their own paths.
    pub(super) fn add_root(&mut self, root: usize, roots: &Roots) {
        let added = &roots.0[root].queries;
        self.active.retain(|active| added.iter().all(|new| new.query != active.query));
        self.active.extend(added);
        self.active.sort_unstable_by_key(|active| active.query);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::module::Machine;

    fn query(paths: &[&str], max_depth: Option<u64>) -> Query {
        Query { paths: paths.iter().map(PathBuf::from).collect(), max_depth, ..Query::default() }
    }

    fn roots(queries: &[Query]) -> Roots {
        Roots::new(queries, Ground::of(&Machine::Running))
    }

    fn active(scope: &Scope) -> Vec<usize> {
        scope.queries().collect()
    }

    #[test]
    fn a_path_takes_in_what_is_below_it_and_not_what_begins_like_it() {
        let queries = [query(&["/a/b"], None), query(&["/a/bc"], None)];
        let roots = roots(&queries);
        assert_eq!(roots.outermost(), [0, 1]);
        assert_eq!(active(&roots.scope(0)), [0]);
    }

    #[test]
    fn depth_counts_from_the_nearest_of_the_own_paths() {
        let queries = [query(&["/a", "/a/b/c"], Some(2)), query(&["/a"], None)];
        let roots = roots(&queries);
        assert_eq!(roots.outermost(), [0]);
        let a = Arc::new(roots.scope(0));
        let b = a.below("b".as_ref());
        assert_eq!((active(&a), active(&b)), (vec![0, 1], vec![0, 1]));
        assert_eq!(b.root_at("c".as_ref()), Some(1));
        let mut c = Arc::unwrap_or_clone(b.below("c".as_ref()));
        assert_eq!(active(&c), [1], "two levels from /a are used up");
        c.add_root(1, &roots);
        let d = Arc::new(c).below("d".as_ref());
        assert_eq!(active(&d), [0, 1], "the second level from /a/b/c");
        assert_eq!(active(&d.below("e".as_ref())), [1]);
    }

    #[test]
    fn roots_that_nobody_came_by_are_walked_later() {
        let queries = [query(&["/a", "/a/b", "/a/b/c", "/z"], None)];
        let roots = roots(&queries);
        assert_eq!(roots.outermost(), [0, 3]);
        assert!(roots.claim(0) && roots.claim(3) && !roots.claim(0));
        assert_eq!(roots.outermost(), [1]);
    }

    #[test]
    fn a_query_of_no_depth_looks_nowhere() {
        assert!(roots(&[query(&["/"], Some(0))]).outermost().is_empty());
    }
}
