//! Questions about files, and the values that answer them. Many are answered at once: by one walk, and one read of each file.

use crate::{
    scribe::{
        expression::Expression,
        lines,
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
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is asked of the files of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
}

/// The values of an object, shared.
pub(super) type Values = Arc<[Value]>;

/// Answers so far.
#[derive(Debug)]
pub(super) struct Answers<'s> {
    session: &'s dyn Session,
    finder: Finder<'s>,
    known: HashMap<Question, Result<Values, ObjectError>>,
}

impl<'s> Answers<'s> {
    pub(super) fn new(session: &'s dyn Session) -> Self {
        Self { session, finder: Finder::new(session), known: HashMap::new() }
    }

    /// Answers all questions that have no answer yet, and returns those.
    pub(super) fn find(&mut self, questions: Vec<Question>, room: &mut Room) -> Result<Vec<Question>, Stop> {
        let mut seen = HashSet::new();
        let new = questions.into_iter().filter(|question| !self.known.contains_key(question));
        let new: Vec<Question> = new.filter(|question| seen.insert(question.clone())).collect();
        let queries: Vec<FileQuery> = new.iter().map(|question| question.query().clone()).collect();
        let found = self.finder.find(&queries)?;
        let mut groups = Groups::default();
        for (question, found) in new.iter().zip(found) {
            let values = match (question, found) {
                (_, Err(error)) => Err(ObjectError::new(error)),
                (Question::Groups(_, expression), Ok(found)) => {
                    groups.add(question, expression, found);
                    continue;
                }
                (Question::HasLine(_), Ok(found)) => Ok(has_line(&found)),
                (Question::Name(query), Ok(found)) => Ok(names(&query.file, &found)),
            };
            let values = values.and_then(|values| take_room(values, room));
            self.known.insert(question.clone(), values);
        }
        let answers = groups.read(self.session, &mut self.finder, room)?;
        self.known.extend(answers);
        Ok(new)
    }

    /// The answer to a question that was [found](Self::find).
    pub(super) fn get(&self, question: &Question) -> Result<Values, ObjectError> {
        self.known.get(question).cloned().unwrap_or_else(|| Ok(Arc::default()))
    }

    pub(super) fn forget(&mut self, questions: &[Question]) {
        questions.iter().for_each(|question| drop(self.known.remove(question)));
    }
}

/// Questions for groups, and the files that have lines for them.
#[derive(Default)]
struct Groups<'q> {
    questions: Vec<(&'q Question, &'q Expression)>,
    /// For each file the places of questions.
    files: BTreeMap<PathBuf, Vec<usize>>,
}

impl<'q> Groups<'q> {
    fn add(&mut self, question: &'q Question, expression: &'q Expression, found: FoundFiles) {
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
    ) -> Result<Vec<(Question, Result<Values, ObjectError>)>, Stop> {
        let files = Files::of(session.machine());
        let mut answers: Vec<Result<Vec<Value>, ObjectError>> = vec![Ok(Vec::new()); self.questions.len()];
        for (path, askers) in &self.files {
            let expressions: Vec<&Expression> = askers.iter().map(|asker| self.questions[*asker].1).collect();
            let identifier: Arc<str> = lossy(path).into();
            let mut take = |place: usize, group: &[u8]| {
                let answer = &mut answers[askers[place]];
                match answer.as_mut().map(|values| (room.take(1, group.len()), values)) {
                    Ok((Ok(()), values)) => values.push(Value::new(Arc::clone(&identifier), group)),
                    Ok((Err(error), _)) => *answer = Err(error),
                    Err(_) => {}
                }
            };
            match lines::capture(&files, path, &expressions, session, &mut take)? {
                Ok(()) => {}
                Err(lines::LinesError::Io(error)) => {
                    finder.problem(&error, format!("read {}: {error}", path.display()));
                }
                Err(error) => finder.report(format!("read {}: {error}", path.display())),
            }
        }
        let questions = self.questions.iter().map(|(question, _)| (*question).clone());
        Ok(questions.zip(answers.into_iter().map(|answer| answer.map(Arc::from))).collect())
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

fn take_room(values: Vec<Value>, room: &mut Room) -> Result<Values, ObjectError> {
    let bytes = values.iter().map(|value| value.identifier.len() + value.content.len()).sum();
    room.take(values.len(), bytes)?;
    Ok(values.into())
}

fn lossy(path: &Path) -> String {
    json::lossy(path.as_os_str().as_encoded_bytes())
}
