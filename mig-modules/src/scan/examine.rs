//! One file and all queries that look at it: by its name, its metadata, its content, in this order.

use crate::scan::{
    filesystems::FileSystem,
    ground::{Entry, Ground},
    metadata::{Kind, Links, Metadata},
    paths::{nowhere, reason},
    plan::Verdict,
    platform::Directory,
    read::{OpenFile, Purpose, read},
    report::{Found, Hit},
    run::Context,
    tree::Opened,
};
use mig_core::module::Stop;
use std::{ffi::OsStr, fs::File, io, path::PathBuf, sync::Arc};

/// Most bytes that are read of a file the kernel makes up: some never end, and some say that they have terabytes.
const MAX_PSEUDO_FILE_BYTES: u64 = 16 << 20;

/// How much longer than it was a file may become while it is read, in bytes.
const MAX_GROWTH_BYTES: u64 = 1 << 30;

/// Where a file is: an entry of an open directory.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) directory: &'a Directory,
    pub(super) name: &'a OsStr,
    /// Whether the entry is a link, and stands for what it leads to.
    pub(super) links: Links,
    /// For people.
    pub(super) path: PathBuf,
}

impl Place<'_> {
    /// What the entry is, or what it leads to.
    fn entry(&self, ground: Ground<'_>) -> io::Result<Entry<'_>> {
        match self.links {
            Links::Keep => Ok(Entry::of(Opened::Held(self.directory), self.name)),
            Links::Follow => ground.behind(self.directory, self.name, &self.path),
        }
    }

    fn metadata(&self, ground: Ground<'_>) -> io::Result<Metadata> {
        self.entry(ground)?.metadata()
    }
}

/// Examines a file for some queries. `buffer` is for its content.
pub(super) fn examine(
    context: &Context<'_>,
    place: &Place<'_>,
    queries: impl Iterator<Item = usize>,
    buffer: &mut [u8],
) -> Result<(), Stop> {
    context.session.checkpoint()?;
    let mut metadata = None;
    if place.links == Links::Follow {
        let Some(target) = follow(context, place) else { return Ok(()) };
        context.count_files(1);
        metadata = Some(target);
    }
    let mut verdicts = judge_name(context, place, queries);
    // One look less: what is opened anyway tells its metadata then.
    let opens_anyway =
        verdicts.iter().all(|verdict| verdict.plan.wants_content() && !verdict.plan.wants_look());
    if metadata.is_none() && !opens_anyway {
        metadata = look(context, place);
        if metadata.is_none() {
            return Ok(());
        }
    }
    if let Some(metadata) = &metadata {
        verdicts.iter_mut().for_each(|verdict| verdict.look(metadata, context.now));
        verdicts.retain(|verdict| !verdict.is_lost());
    }
    if verdicts.iter().any(|verdict| verdict.plan.wants_content()) {
        let opened = judge_content(context, place, &mut verdicts, buffer)?;
        metadata = metadata.or(opened);
    }
    record(context, place, verdicts, metadata)
}

/// What the link leads to, if that is a regular file.
fn follow(context: &Context<'_>, place: &Place<'_>) -> Option<Metadata> {
    match place.metadata(context.ground) {
        Ok(target) => (target.kind == Kind::File).then_some(target),
        Err(error) => {
            context.count_open_failed();
            // Only now look for the hop that fails; if it no longer does, what failed first still counts.
            let why = context.ground.resolve(&place.path).map_or_else(
                |why| nowhere(&why),
                |_| format!("lstat {}: {}", place.path.display(), reason(&error)),
            );
            context.problem(&place.path, format!("ERROR: followSymLink() -> {why}"));
            None
        }
    }
}

fn judge_name<'a>(
    context: &'a Context<'_>,
    place: &Place<'_>,
    queries: impl Iterator<Item = usize>,
) -> Vec<Verdict<'a>> {
    let name = place.path.file_name().unwrap_or_default();
    queries
        .filter(|query| context.hits[*query].wants(&place.path))
        .map(|query| Verdict::of_name(&context.plans[query], query, name))
        .filter(|verdict| !verdict.is_lost())
        .collect()
}

fn look(context: &Context<'_>, place: &Place<'_>) -> Option<Metadata> {
    let metadata = place.metadata(context.ground);
    if let Err(error) = &metadata {
        let why = format!("evaluateFile() -> stat {}: {}", place.path.display(), reason(error));
        context.problem(&place.path, why);
    }
    metadata.ok()
}

/// Lets the content judge, and returns the metadata of what was opened.
fn judge_content(
    context: &Context<'_>,
    place: &Place<'_>,
    verdicts: &mut [Verdict<'_>],
    buffer: &mut [u8],
) -> Result<Option<Metadata>, Stop> {
    match open(context.ground, place, verdicts) {
        Ok((file, metadata)) => {
            let made_up = is_made_up(&file, &metadata);
            let opened = OpenFile { file: &file, path: &place.path, limit: read_limit(&metadata, made_up) };
            for problem in read(opened, buffer, context.matcher, verdicts, context.session)? {
                context.problem(&place.path, problem);
            }
            if !made_up && has_changed(&file, &metadata) {
                let text = format!("warning: {} changed while it was read", place.path.display());
                context.problem(&place.path, text);
            }
            Ok(Some(metadata))
        }
        Err(error) => {
            context.count_open_failed();
            if let Some(purpose) = verdicts.iter().filter_map(Purpose::first_of).min() {
                let why = format!("open {}: {}", place.path.display(), reason(&error));
                context.problem(&place.path, purpose.problem(&why));
            }
            for verdict in verdicts {
                verdict.read(|_| None);
                verdict.digest(None);
            }
            Ok(None)
        }
    }
}

/// Whether the size of a file says nothing about where it ends. Costs a look only where the size is strange.
fn is_made_up(file: &File, metadata: &Metadata) -> bool {
    match metadata.size {
        0 => FileSystem::of_file(file).is_ok_and(|kind| kind != FileSystem::Local),
        1..=MAX_PSEUDO_FILE_BYTES => false,
        _ => FileSystem::of_file(file).is_ok_and(|kind| kind == FileSystem::Pseudo),
    }
}

fn read_limit(metadata: &Metadata, made_up: bool) -> u64 {
    if made_up { MAX_PSEUDO_FILE_BYTES } else { metadata.size.saturating_add(MAX_GROWTH_BYTES) }
}

/// Whether somebody wrote to the file since; what we found is true of neither state then.
fn has_changed(file: &File, before: &Metadata) -> bool {
    let same = |now: std::fs::Metadata| Ok((now.len(), now.modified()?) == (before.size, before.modified));
    !file.metadata().and_then(same).unwrap_or(true)
}

/// Opens a file for its content: a regular one, and where a link leads not one that the walk would not have entered.
fn open(ground: Ground<'_>, place: &Place<'_>, verdicts: &[Verdict<'_>]) -> io::Result<(File, Metadata)> {
    let (file, metadata) = place.entry(ground)?.open_file()?;
    if metadata.kind != Kind::File {
        return Err(io::Error::other("not a regular file"));
    }
    let elsewhere = place.links == Links::Follow && metadata.device != place.directory.device()?;
    let anywhere = verdicts.iter().any(|verdict| verdict.plan.query.foreign_file_systems);
    if elsewhere && !anywhere && FileSystem::of_file(&file)? != FileSystem::Local {
        return Err(io::Error::other("the link leads to a pseudo or remote file system"));
    }
    Ok((file, metadata))
}

fn record(
    context: &Context<'_>,
    place: &Place<'_>,
    verdicts: Vec<Verdict<'_>>,
    metadata: Option<Metadata>,
) -> Result<(), Stop> {
    for verdict in verdicts {
        let sha256 = verdict.sha256.clone();
        let query = verdict.query;
        let hits = verdict.hits();
        if hits.is_empty() {
            continue;
        }
        let metadata = metadata.or_else(|| look(context, place));
        let file = Arc::new(Found { path: place.path.clone(), metadata, sha256 });
        for filter in hits {
            if context.hits[query].add(Hit { file: Arc::clone(&file), filter }) {
                context.session.count(1)?;
            }
        }
    }
    Ok(())
}
