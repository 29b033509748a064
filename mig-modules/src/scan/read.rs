//! One read of a file, through everything that wants its content.

use crate::scan::{
    content::{LineMatcher, LineScan, MAX_LINE_BYTES},
    decompress::{Format, Gunzip, GunzipError},
    hash::{Algorithm, Hashers},
    paths::reason,
    plan::Verdict,
};
use mig_core::module::{Session, Stop};
use std::{
    collections::BTreeSet,
    io::{self, ErrorKind, Read},
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

/// Bytes that are read at once. Small enough to stay in the second-level cache of a processor between the system's copy and
/// our look: with 256 KiB the same search took twice as long.
pub(super) const CHUNK_BYTES: usize = 64 << 10;

/// An open file.
#[derive(Debug)]
pub(super) struct OpenFile<'a, R> {
    pub(super) file: R,
    /// For people.
    pub(super) path: &'a Path,
    /// Bytes after which reading ends with a problem, however many are left; a chunk more may be read.
    pub(super) limit: u64,
}

/// Reads a file for all verdicts that want its content, and lets them judge it. Stops reading when nobody wants more.
///
/// Returns what went wrong, once for each purpose that it hindered.
pub(super) fn read(
    opened: OpenFile<'_, impl Read>,
    buffer: &mut [u8],
    matcher: &LineMatcher,
    verdicts: &mut [Verdict<'_>],
    session: &dyn Session,
) -> Result<BTreeSet<String>, Stop> {
    let path = opened.path;
    let mut source = Source { opened, buffer, taken: 0, complete: false };
    let mut reading = None;
    let failure = loop {
        session.checkpoint()?;
        let chunk = match source.next() {
            Ok(chunk) => chunk,
            Err(error) => break Some(format!("read {}: {}", path.display(), reason(&error))),
        };
        let reading = reading.get_or_insert_with(|| Reading::begin(chunk, matcher, verdicts));
        reading.feed(chunk, verdicts, session)?;
        if source.complete || !reading.wants_more() {
            break None;
        }
    };
    let reading = reading.unwrap_or_else(|| Reading::begin(&[], matcher, verdicts));
    reading.finish(source.complete, failure.as_deref(), verdicts, session)
}

/// A file in chunks.
struct Source<'a, R> {
    opened: OpenFile<'a, R>,
    buffer: &'a mut [u8],
    taken: u64,
    complete: bool,
}

impl<R: Read> Source<'_, R> {
    /// The next chunk; full, unless the file ends with it.
    fn next(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.opened.limit {
            return Err(io::Error::other(format!("does not end after {} bytes", self.taken)));
        }
        let mut filled = 0;
        while filled < self.buffer.len() {
            match self.opened.file.read(&mut self.buffer[filled..]) {
                Ok(0) => {
                    self.complete = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.taken += filled as u64;
        Ok(&self.buffer[..filled])
    }
}

/// The streams that come out of one read.
struct Reading<'a> {
    /// The bytes as they are.
    plain: Stream<'a>,
    /// What they expand to, if they are gzip and somebody wants to look into that.
    expanded: Option<(Gunzip, Stream<'a>)>,
    /// The file only begins like gzip.
    broken_gzip: bool,
}

impl<'a> Reading<'a> {
    fn begin(first: &[u8], matcher: &'a LineMatcher, verdicts: &[Verdict<'_>]) -> Self {
        let expanders = verdicts.iter().any(|verdict| verdict.plan.query.decompress);
        let format = if expanders { Format::of(first) } else { Format::Plain };
        let all = 0..verdicts.len();
        let (expanded, plain) = match format {
            Format::Gzip => all.partition(|index| verdicts[*index].plan.query.decompress),
            Format::Plain | Format::BrokenGzip => (Vec::new(), all.collect()),
        };
        Self {
            plain: Stream::new(plain, matcher, verdicts),
            expanded: (format == Format::Gzip)
                .then(|| (Gunzip::new(), Stream::new(expanded, matcher, verdicts))),
            broken_gzip: format == Format::BrokenGzip,
        }
    }

    fn feed(&mut self, chunk: &[u8], verdicts: &[Verdict<'_>], session: &dyn Session) -> Result<(), Stop> {
        self.plain.feed(chunk, verdicts, session)?;
        let Some((gunzip, expanded)) = &mut self.expanded else { return Ok(()) };
        if !expanded.wants_more() {
            return Ok(());
        }
        let mut stop = Ok(());
        let fed = gunzip.feed(chunk, &mut |data| {
            stop = expanded.feed(data, verdicts, session).and_then(|()| session.checkpoint());
            if stop.is_ok() && expanded.wants_more() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        if let Err(error) = fed {
            expanded.failure = Some(error.to_string());
        }
        stop
    }

    fn wants_more(&self) -> bool {
        self.plain.wants_more() || self.expanded.as_ref().is_some_and(|(_, expanded)| expanded.wants_more())
    }

    fn finish(
        mut self,
        complete: bool,
        failure: Option<&str>,
        verdicts: &mut [Verdict<'_>],
        session: &dyn Session,
    ) -> Result<BTreeSet<String>, Stop> {
        let mut problems = BTreeSet::new();
        if self.broken_gzip {
            let expanders = verdicts.iter().filter(|verdict| verdict.plan.query.decompress);
            for purpose in expanders.filter_map(|verdict| Purpose::first_of(verdict)) {
                problems.insert(purpose.problem(&GunzipError::Header.to_string()));
            }
        }
        if let Some((gunzip, mut expanded)) = self.expanded.take() {
            if complete && expanded.failure.is_none() {
                expanded.failure = gunzip.finish().err().map(|error| error.to_string());
            }
            expanded.lines.finish(&|| session.checkpoint())?;
            expanded.finish(complete, failure, verdicts, &mut problems);
        }
        self.plain.lines.finish(&|| session.checkpoint())?;
        self.plain.finish(complete, failure, verdicts, &mut problems);
        Ok(problems)
    }
}

/// One sequence of bytes, and who looks at it.
struct Stream<'a> {
    /// The verdicts that are not decided yet, by their place.
    readers: Vec<usize>,
    lines: LineScan<'a>,
    pace: Pace,
    hashers: Hashers,
    /// Why there is no more of it.
    failure: Option<String>,
}

impl<'a> Stream<'a> {
    fn new(readers: Vec<usize>, matcher: &'a LineMatcher, verdicts: &[Verdict<'_>]) -> Self {
        let plans = || readers.iter().map(|reader| verdicts[*reader].plan);
        let mut lines = matcher.start();
        for content in plans().flat_map(|plan| &plan.contents) {
            lines.want(content.expression);
        }
        let algorithms: BTreeSet<Algorithm> =
            plans().flat_map(|plan| plan.algorithms.iter().copied()).collect();
        Self { lines, pace: Pace::default(), hashers: Hashers::new(algorithms), failure: None, readers }
    }

    fn wants_more(&self) -> bool {
        self.failure.is_none() && (self.lines.open() > 0 || !self.hashers.is_empty())
    }

    fn feed(&mut self, data: &[u8], verdicts: &[Verdict<'_>], session: &dyn Session) -> Result<(), Stop> {
        let mut rest = data;
        while !rest.is_empty() && self.lines.open() > 0 {
            let open = self.lines.open();
            let (piece, behind) = rest.split_at(self.pace.bytes.min(rest.len()));
            let begin = Instant::now();
            self.lines.feed(piece, &|| session.checkpoint())?;
            self.pace.took(begin.elapsed());
            if self.lines.open() != open {
                self.dismiss(verdicts);
            }
            rest = behind;
        }
        self.hashers.feed(data);
        Ok(())
    }

    /// Forgets what only those wanted whom the contents so far rule out.
    fn dismiss(&mut self, verdicts: &[Verdict<'_>]) {
        let lines = &self.lines;
        let answer = |expression| lines.answer(expression, false);
        let ruled_out = |reader: &usize| verdicts[*reader].is_ruled_out(answer);
        if !self.readers.iter().any(ruled_out) {
            return;
        }
        let staying: Vec<usize> = self.readers.iter().copied().filter(|reader| !ruled_out(reader)).collect();
        let plans = || staying.iter().map(|reader| verdicts[*reader].plan);
        let expressions: BTreeSet<usize> =
            plans().flat_map(|plan| &plan.contents).map(|content| content.expression).collect();
        self.lines.retain(|expression| expressions.contains(&expression));
        self.hashers.retain(|algorithm| plans().any(|plan| plan.algorithms.contains(&algorithm)));
    }

    fn finish(
        self,
        complete: bool,
        failure: Option<&str>,
        verdicts: &mut [Verdict<'_>],
        problems: &mut BTreeSet<String>,
    ) {
        let failure = self.failure.as_deref().or(failure);
        let complete = complete && failure.is_none();
        let digests = complete.then(|| self.hashers.finish());
        let too_long = format!("a line of more than {MAX_LINE_BYTES} bytes is too long for these contents");
        let failure = failure.or(self.lines.is_blind().then_some(&too_long));
        for reader in &self.readers {
            let verdict = &mut verdicts[*reader];
            let answer = |expression| self.lines.answer(expression, complete);
            let unknown = verdict.plan.contents.iter().any(|content| answer(content.expression).is_none());
            if let Some(failure) = failure.filter(|_| unknown && !verdict.is_ruled_out(answer)) {
                problems.insert(Purpose::Content.problem(failure));
            }
            verdict.read(answer);
            if verdict.is_lost() || verdict.plan.algorithms.is_empty() {
                continue;
            }
            if let (None, Some(failure)) = (&digests, failure) {
                let purpose = if verdict.plan.wants_digests() { Purpose::Digest } else { Purpose::Answer };
                problems.insert(purpose.problem(failure));
            }
            verdict.digest(digests.as_deref());
        }
    }
}

/// How much is searched between two looks at the session. Some expressions make a hundred kilobytes in a second, most make
/// more than a gigabyte.
struct Pace {
    bytes: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bytes: CHUNK_BYTES / 8 }
    }
}

impl Pace {
    fn took(&mut self, time: Duration) {
        if time < Duration::from_millis(5) {
            self.bytes = CHUNK_BYTES;
        } else if time > Duration::from_millis(40) {
            self.bytes = (self.bytes / 2).max(512);
        }
    }
}

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// To match its lines.
    Content,
    /// To compare its digests.
    Digest,
    /// To give its digest as an answer.
    Answer,
}

impl Purpose {
    /// The first thing a verdict wants content for.
    pub(super) fn first_of(verdict: &Verdict<'_>) -> Option<Self> {
        let plan = verdict.plan;
        match () {
            () if !plan.contents.is_empty() => Some(Self::Content),
            () if plan.wants_digests() => Some(Self::Digest),
            () => plan.wants_content().then_some(Self::Answer),
        }
    }

    /// A problem in the words of the original: where in its code, and why.
    pub(super) fn problem(self, reason: &str) -> String {
        match self {
            Self::Content => format!("checkContent() -> {reason}"),
            Self::Digest => format!("checkHash() -> getHash() -> {reason}"),
            Self::Answer => format!("buildResults() -> getHash() -> {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialect::Pattern,
        scan::{
            plan::Plan,
            query::{Filter, Query, Test},
        },
    };
    use mig_core::agent::{Budget, RunSession};
    use std::sync::Arc;

    /// The problems of searching a file for an `x`.
    fn problems(file: impl Read, limit: u64) -> Vec<String> {
        let test = Test::Content(Arc::new(Pattern::new("x").unwrap()));
        let filters = vec![Filter { test, negated: false, mismatch: false }];
        let mut expressions = Vec::new();
        let plan = Plan::new(Query { filters, ..Query::default() }, &mut expressions);
        let matcher = LineMatcher::new(expressions).unwrap();
        let mut verdicts = [Verdict::of_name(&plan, 0, "file".as_ref())];
        let opened = OpenFile { file, path: Path::new("/some/file"), limit };
        let session = RunSession::new(Budget::default());
        let problems = read(opened, &mut [0; CHUNK_BYTES], &matcher, &mut verdicts, &session);
        problems.unwrap().into_iter().collect()
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("Input/output error"))
        }
    }

    #[test]
    fn read_errors_name_the_file() {
        assert_eq!(problems(Broken, 1), ["checkContent() -> read /some/file: input/output error"]);
    }

    #[test]
    fn a_file_that_never_ends_is_a_problem() {
        assert_eq!(
            problems(io::repeat(b'\n'), 100_000),
            ["checkContent() -> read /some/file: does not end after 131072 bytes"]
        );
        assert!(problems(io::repeat(b'\n').take(100_000), 100_001).is_empty());
    }
}
