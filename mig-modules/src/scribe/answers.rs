//! Questions about files, and the values that answer them. Many are answered at once: by one walk, and one read of each file.

use crate::{
    scribe::{
        expression::Expression,
        lines::{self, LinesError},
        search::{FileQuery, Finder, FoundFiles},
        value::{ObjectError, Room, Value},
    },
    sys::Files,
};
use mig_core::{
    json,
    module::{Session, Stop},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem::{self, Discriminant},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is asked of the files of a name.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// The groups of an expression in each line in which it is found.
    Groups(FileQuery, Expression),
    /// `true` or `false` for each file.
    HasLine(FileQuery),
    /// The first group of the expression on names.
    Name(FileQuery),
}

impl Question {
    fn query(&self) -> &FileQuery {
        match self {
            Self::Groups(query, _) | Self::HasLine(query) | Self::Name(query) => query,
        }
    }

    fn key(&self) -> Key {
        let FileQuery { path, file, line, .. } = self.query();
        let line = line.as_ref().map(|line| Arc::clone(line.text()));
        Key { kind: mem::discriminant(self), path: path.clone(), file: Arc::clone(file.text()), line }
    }
}

/// What equal questions have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    kind: Discriminant<Question>,
    path: String,
    file: Arc<str>,
    line: Option<Arc<str>>,
}

/// The values of an object, shared.
pub(super) type Values = Arc<[Value]>;

/// The values of an object, or why there are none.
pub(super) type Answer = Result<Values, ObjectError>;

/// Answers so far.
#[derive(Debug)]
pub(super) struct Answers<'s> {
    session: &'s dyn Session,
    finder: Finder<'s>,
    known: HashMap<Key, Answer>,
}

impl<'s> Answers<'s> {
    pub(super) fn new(session: &'s dyn Session) -> Self {
        Self { session, finder: Finder::new(session), known: HashMap::new() }
    }

    /// Answers all questions that have no answer yet, and returns what to [forget](Self::forget) of them.
    pub(super) fn find(&mut self, mut questions: Vec<Question>, room: &mut Room) -> Result<Vec<Key>, Stop> {
        let mut new = HashSet::new();
        questions.retain(|question| {
            let key = question.key();
            !self.known.contains_key(&key) && new.insert(key)
        });
        let queries: Vec<FileQuery> = questions.iter().map(|question| question.query().clone()).collect();
        let found = self.finder.find(&queries)?;
        let mut groups = Groups::default();
        for (question, found) in questions.iter().zip(found) {
            let values = match (question, found) {
                (_, Err(error)) => Err(ObjectError::new(error)),
                (Question::Groups(_, expression), Ok(found)) => {
                    groups.add(question.key(), expression, found);
                    continue;
                }
                (Question::HasLine(_), Ok(found)) => Ok(has_line(&found)),
                (Question::Name(query), Ok(found)) => Ok(names(&query.file, &found)),
            };
            let answer = values.and_then(|values| take_room(values, room));
            self.known.insert(question.key(), answer);
        }
        self.known.extend(groups.read(self.session, &mut self.finder, room)?);
        Ok(questions.iter().map(Question::key).collect())
    }

    /// The answer to a question that was [found](Self::find).
    pub(super) fn get(&self, question: &Question) -> Answer {
        self.known.get(&question.key()).cloned().unwrap_or_else(|| Ok(Arc::default()))
    }

    pub(super) fn forget(&mut self, questions: &[Key]) {
        questions.iter().for_each(|question| drop(self.known.remove(question)));
    }
}

/// Questions for groups, and the files that have lines for them.
#[derive(Default)]
struct Groups<'q> {
    questions: Vec<(Key, &'q Expression)>,
    /// For each file the places of questions.
    files: BTreeMap<PathBuf, Vec<usize>>,
}

impl<'q> Groups<'q> {
    fn add(&mut self, question: Key, expression: &'q Expression, found: FoundFiles) {
        for file in found.with_line {
            self.files.entry(file).or_default().push(self.questions.len());
        }
        self.questions.push((question, expression));
    }

    /// Reads each file once, for all questions.
    fn read(
        self,
        session: &dyn Session,
        finder: &mut Finder<'_>,
        room: &mut Room,
    ) -> Result<Vec<(Key, Answer)>, Stop> {
        let files = Files::of(session.machine());
        let mut answers: Vec<Result<Vec<Value>, ObjectError>> = vec![Ok(Vec::new()); self.questions.len()];
        for (path, askers) in &self.files {
            let identifier: Arc<str> = lossy(path).into();
            let mut take = |line: &[u8]| {
                for asker in askers {
                    let values = self.questions[*asker].1.groups(line).into_iter().flatten();
                    let values = values.map(|group| Value::new(Arc::clone(&identifier), group));
                    add(&mut answers[*asker], values, room);
                }
            };
            match lines::each(&files, path, session, &mut take)? {
                Ok(()) => {}
                Err(LinesError::Io(error)) => {
                    finder.problem(&error, format!("read {}: {error}", path.display()));
                }
                Err(error) => finder.report(format!("read {}: {error}", path.display())),
            }
        }
        let questions = self.questions.into_iter().map(|(question, _)| question);
        Ok(questions.zip(answers.into_iter().map(|answer| answer.map(Arc::from))).collect())
    }
}

/// Adds values as long as there is room; then there are none at all.
fn add(answer: &mut Result<Vec<Value>, ObjectError>, added: impl Iterator<Item = Value>, room: &mut Room) {
    for value in added {
        let Ok(values) = answer else { return };
        match room.take(1, value.content.len()) {
            Ok(()) => values.push(value),
            Err(error) => *answer = Err(error),
        }
    }
}

fn has_line(found: &FoundFiles) -> Vec<Value> {
    let value = |path: &PathBuf| {
        let content: &[u8] = if found.with_line.contains(path) { b"true" } else { b"false" };
        Value::new(lossy(path), content)
    };
    found.named.iter().map(value).collect()
}

fn names(file: &Expression, found: &FoundFiles) -> Vec<Value> {
    let value = |path: &PathBuf| {
        let name = path.file_name()?.as_encoded_bytes();
        Some(Value::new(lossy(path), file.groups(name)?.next()?))
    };
    found.named.iter().filter_map(value).collect()
}

fn take_room(values: Vec<Value>, room: &mut Room) -> Answer {
    let bytes = values.iter().map(|value| value.identifier.len() + value.content.len()).sum();
    room.take(values.len(), bytes)?;
    Ok(values.into())
}

fn lossy(path: &Path) -> String {
    json::lossy(path.as_os_str().as_encoded_bytes())
}
