//! The walk: each directory once, on several threads, without following links to directories.
//!
//! Work waits in one [`Queue`]: directories, the rest of large ones, and groups of files to be examined, so that also a
//! single flat directory keeps all threads busy. What waits is bounded by the depth of the tree, not by its size.

use crate::scan::{
    examine::{Place, examine},
    filesystems::FileSystem,
    ground::Entry as Named,
    metadata::{Kind, Links},
    paths::{nowhere, reason},
    platform::{Directory, ListBuffer, Listed},
    queue::Queue,
    read::CHUNK_BYTES,
    run::Context,
    scope::Scope,
    tree::{Branch, MAX_LEVELS},
};
use mig_core::module::Stop;
use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    sync::Arc,
};

/// Walks all roots of the context.
pub(super) fn walk(context: &Context<'_>) {
    let threads = context.session.threads().get();
    let base = Arc::new(Branch::base());
    loop {
        let roots = context.roots.outermost();
        if roots.is_empty() || context.is_stopped() {
            return;
        }
        let queue = Queue::new(roots.into_iter().rev().map(Task::Root).collect());
        let walk = Walk { context, queue: &queue, base: Arc::clone(&base) };
        queue.run(threads, Worker::new, |worker, task| {
            if !context.is_stopped()
                && let Err(stop) = walk.work(worker, task)
            {
                context.stop(stop);
            }
        });
    }
}

/// Something to do.
#[derive(Debug)]
enum Task {
    /// A path of a query.
    Root(usize),
    /// A directory, by its parent.
    Directory(Located, OsString),
    /// The entries of a large directory that were not listed yet.
    Rest(Located),
    /// Files of a directory.
    Files(Located, Vec<Entry>),
}

/// A directory in the walk, and what is searched in it.
#[derive(Clone, Debug)]
struct Located {
    branch: Arc<Branch>,
    scope: Arc<Scope>,
    device: u64,
}

/// A file that may be a hit, or a link that may lead to one.
#[derive(Debug)]
struct Entry {
    name: OsString,
    links: Links,
}

/// What each thread has for itself.
#[derive(Debug)]
struct Worker {
    list: ListBuffer,
    chunk: Box<[u8]>,
}

impl Worker {
    fn new() -> Self {
        Self { list: ListBuffer::new(), chunk: vec![0; CHUNK_BYTES].into_boxed_slice() }
    }
}

struct Walk<'a> {
    context: &'a Context<'a>,
    queue: &'a Queue<Task>,
    base: Arc<Branch>,
}

impl Walk<'_> {
    fn work(&self, worker: &mut Worker, task: Task) -> Result<(), Stop> {
        match task {
            Task::Root(root) => self.root(worker, root),
            Task::Directory(parent, name) => self.directory(worker, &parent, name),
            Task::Rest(located) => {
                self.with_directory(&located, |directory| self.list(worker, &located, directory))
            }
            Task::Files(located, entries) => {
                self.with_directory(&located, |directory| self.files(worker, &located, directory, &entries))
            }
        }
    }

    /// Finds out what a root is, and begins with it.
    fn root(&self, worker: &mut Worker, root: usize) -> Result<(), Stop> {
        if !self.context.roots.claim(root) {
            return Ok(());
        }
        let path = self.context.roots.path(root);
        let scope = self.context.roots.scope(root);
        let looked = self.context.ground.named(path).and_then(|named| Ok((named.metadata()?.kind, named)));
        match looked {
            Ok((Kind::Directory, named)) => self.root_directory(worker, path, scope, &named),
            Ok((Kind::File, named)) => self.root_file(worker, path, &scope, &named),
            Ok((Kind::Link, named)) => {
                self.root_link(path, &named);
                Ok(())
            }
            Ok((Kind::Special, _)) => {
                let warning = format!("warning: {} is not a regular file and was skipped", path.display());
                self.context.problem(path, warning);
                Ok(())
            }
            Err(error) => {
                self.open_failed(path, "", &error);
                Ok(())
            }
        }
    }

    fn root_directory(
        &self,
        worker: &mut Worker,
        path: &Path,
        scope: Scope,
        named: &Named<'_>,
    ) -> Result<(), Stop> {
        match named.open_directory().and_then(|directory| Ok((directory.device()?, directory))) {
            Ok((device, directory)) => {
                let (branch, lent) = Branch::new(Arc::clone(&self.base), path.into(), directory);
                self.enter(worker, Located { branch: Arc::new(branch), scope: Arc::new(scope), device }, lent)
            }
            Err(error) => {
                self.open_failed(path, "", &error);
                Ok(())
            }
        }
    }

    /// Reports a root that is a link, but not to a file: it is not followed.
    fn root_link(&self, path: &Path, named: &Named<'_>) {
        let ground = self.context.ground;
        let followed =
            ground.behind(&named.directory, &named.name, path).and_then(|target| target.metadata());
        let target =
            followed.and_then(|_| ground.resolve(path).map_err(|error| io::Error::other(nowhere(&error))));
        match target {
            Ok(target) => {
                let (path_text, target) = (path.display(), target.display());
                let warning = format!("warning: {path_text} is a link to {target} and was not followed");
                self.context.problem(path, warning);
            }
            Err(error) => self.open_failed(path, "", &error),
        }
    }

    fn root_file(
        &self,
        worker: &mut Worker,
        path: &Path,
        scope: &Scope,
        named: &Named<'_>,
    ) -> Result<(), Stop> {
        let place = Place {
            directory: &named.directory,
            name: &named.name,
            links: Links::Keep,
            path: path.to_owned(),
        };
        self.context.count_files(1);
        examine(self.context, &place, scope.queries(), &mut worker.chunk)
    }

    /// Opens a sub-directory, and decides who looks into it.
    fn directory(&self, worker: &mut Worker, parent: &Located, name: OsString) -> Result<(), Stop> {
        let path = || parent.branch.path_of(&name);
        if parent.branch.level() >= MAX_LEVELS {
            let text = format!("ERROR: {} lies more than {MAX_LEVELS} directories deep", path().display());
            self.context.problem(&path(), text);
            return Ok(());
        }
        // Before it is opened: what does not open is reported once.
        let root = parent.scope.root_at(&name).filter(|root| self.context.roots.claim(*root));
        let opened = parent.branch.directory().and_then(|above| {
            let directory = above.open_child(&name)?;
            let device = directory.device()?;
            let foreign = device != parent.device && directory.file_system()? != FileSystem::Local;
            Ok((directory, device, foreign))
        });
        let (directory, device, foreign) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.open_failed(&path(), "/", &error);
                return Ok(());
            }
        };
        let mut scope = parent.scope.below(&name);
        if foreign {
            let plans = self.context.plans;
            Arc::make_mut(&mut scope).retain(|query| plans[query].query.foreign_file_systems);
        }
        if let Some(root) = root {
            Arc::make_mut(&mut scope).add_root(root, &self.context.roots);
        }
        let (branch, lent) = Branch::new(Arc::clone(&parent.branch), name, directory);
        self.enter(worker, Located { branch: Arc::new(branch), scope, device }, lent)
    }

    /// Begins with an open directory, which is `lent` if the tree does not hold it.
    fn enter(&self, worker: &mut Worker, mut located: Located, lent: Option<Directory>) -> Result<(), Stop> {
        let hits = &self.context.hits;
        if located.scope.queries().any(|query| hits[query].is_full()) {
            let path = located.branch.path();
            Arc::make_mut(&mut located.scope).retain(|query| hits[query].wants_below(&path));
        }
        if located.scope.is_empty() {
            return Ok(());
        }
        match lent {
            Some(directory) => self.list(worker, &located, &directory),
            None => self.with_directory(&located, |directory| self.list(worker, &located, directory)),
        }
    }

    /// Lists a directory, or the next part of a large one, and makes work of its entries.
    fn list(&self, worker: &mut Worker, located: &Located, directory: &Directory) -> Result<(), Stop> {
        let mut listing = Listing::default();
        loop {
            self.context.session.checkpoint()?;
            let listed = directory.list(&mut worker.list, &mut |name, kind| {
                listing.sort_in(self.context, &located.scope, name, kind);
            });
            match listed {
                Ok(Listed::Part) if located.branch.is_held() => {
                    self.queue.push([Task::Rest(located.clone())]);
                    break;
                }
                Ok(Listed::Part) => {}
                Ok(Listed::All) => break,
                Err(error) => {
                    let path = located.branch.path();
                    let text = format!("ERROR: readdirent {}: {}", path.display(), reason(&error));
                    self.context.problem(&path, text);
                    break;
                }
            }
        }
        self.context.count_files(listing.files);
        // The last pushed is taken first: the walk goes through directories in order.
        listing.directories.sort_unstable_by(|one, other| other.cmp(one));
        let directories = listing.directories.into_iter();
        self.queue.push(directories.map(|name| Task::Directory(located.clone(), name)));
        let mut entries = listing.entries;
        while entries.len() > GROUP {
            let group = entries.split_off(entries.len() - GROUP);
            self.queue.push([Task::Files(located.clone(), group)]);
        }
        self.files(worker, located, directory, &entries)
    }

    fn files(
        &self,
        worker: &mut Worker,
        located: &Located,
        directory: &Directory,
        entries: &[Entry],
    ) -> Result<(), Stop> {
        for entry in entries {
            let mut scope = Arc::clone(&located.scope);
            let root = scope.root_at(&entry.name).filter(|_| entry.links == Links::Keep);
            if let Some(root) = root.filter(|root| self.context.roots.claim(*root)) {
                Arc::make_mut(&mut scope).add_root(root, &self.context.roots);
            }
            let place = Place {
                directory,
                name: &entry.name,
                links: entry.links,
                path: located.branch.path_of(&entry.name),
            };
            examine(self.context, &place, scope.queries(), &mut worker.chunk)?;
        }
        Ok(())
    }

    /// Does something in a directory that was opened before.
    fn with_directory(
        &self,
        located: &Located,
        work: impl FnOnce(&Directory) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match located.branch.directory() {
            Ok(directory) => work(&directory),
            Err(error) => {
                self.open_failed(&located.branch.path(), "/", &error);
                Ok(())
            }
        }
    }

    /// Notes what could not be opened; `slash` follows the path of a directory that was found by the walk.
    fn open_failed(&self, path: &Path, slash: &str, error: &io::Error) {
        self.context.count_open_failed();
        let text = format!("ERROR: open {}{slash}: {}", path.display(), reason(error));
        self.context.problem(path, text);
    }
}

/// The entries of a directory that matter.
#[derive(Debug, Default)]
struct Listing {
    /// Regular files, whether they matter or not.
    files: u64,
    entries: Vec<Entry>,
    directories: Vec<OsString>,
}

impl Listing {
    fn sort_in(&mut self, context: &Context<'_>, scope: &Arc<Scope>, name: &OsStr, kind: Kind) {
        match kind {
            Kind::Directory if scope.goes_into(name) => self.directories.push(name.to_owned()),
            Kind::File => {
                self.files += 1;
                let mut queries = scope.queries();
                if queries.any(|query| context.plans[query].may_hit(name)) || scope.root_at(name).is_some() {
                    self.entries.push(Entry { name: name.to_owned(), links: Links::Keep });
                }
            }
            Kind::Link => self.entries.push(Entry { name: name.to_owned(), links: Links::Follow }),
            Kind::Directory | Kind::Special => {}
        }
    }
}

/// Files that one thread examines in a row.
const GROUP: usize = 16;
