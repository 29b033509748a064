//! The values of objects: variables are put in, sources asked, chains followed.

use crate::{
    scribe::{
        answers::{Answer, Answers, Question, Values},
        expand::expand,
        expression::{Expression, Expressions},
        packages::{InstalledPackage, PackageIndex, Packages},
        policy::{Policy, Source},
        search::FileQuery,
        value::{ObjectError, Room, Value},
    },
    version::evr,
};
use mig_core::module::{Session, Stop};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// Most objects that follow each other in chains.
const MAX_CHAIN: usize = 32;

/// The values of each object; `None` for one that has them only as part of a chain.
pub(super) type Collected = Vec<Option<Answer>>;

/// Collects the values of all objects of a policy.
pub(super) fn collect(
    policy: &Policy,
    packages: &dyn Packages,
    session: &dyn Session,
) -> Result<Collected, Stop> {
    let mut collector = Collector {
        policy,
        session,
        packages,
        index: None,
        answers: Answers::new(session),
        expressions: policy.expressions.clone(),
        room: Room::default(),
        trail: Vec::new(),
    };
    let places = (0..policy.objects.len()).filter(|place| !policy.objects[*place].is_chained());
    let questions = places.filter_map(|place| collector.question(place, None));
    let questions = questions.collect();
    collector.answers.find(questions, &mut collector.room)?;
    let objects = policy.objects.iter().enumerate();
    let collected = objects.map(|(place, source)| {
        session.checkpoint()?;
        if source.is_chained() {
            return Ok(None);
        }
        match collector.values(place, None) {
            Ok(values) => Ok(Some(Ok(values))),
            Err(Failure::Object(error)) => Ok(Some(Err(error))),
            Err(Failure::Stop(stop)) => Err(stop),
        }
    });
    collected.collect()
}

/// Why there are no values.
enum Failure {
    /// Of this object.
    Object(ObjectError),
    /// Of any more objects.
    Stop(Stop),
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Self {
        Self::Object(error)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// A source with its variables put in.
enum Expanded<'p> {
    Files(Question),
    Package { name: String, matching: Option<&'p Expression>, only_newest: bool },
    Raw(&'p [Value]),
}

struct Collector<'p> {
    policy: &'p Policy,
    session: &'p dyn Session,
    packages: &'p dyn Packages,
    /// Once somebody asked for packages.
    index: Option<Result<PackageIndex, ObjectError>>,
    answers: Answers<'p>,
    expressions: Expressions,
    room: Room,
    /// The objects whose chains are being followed.
    trail: Vec<usize>,
}

impl<'p> Collector<'p> {
    /// The values of an object; `chain_root` is the directory of the file whose chain leads to it.
    fn values(&mut self, place: usize, chain_root: Option<&str>) -> Result<Values, Failure> {
        let policy = self.policy;
        let values = match self.expanded(place, chain_root)? {
            Expanded::Raw(values) => return Ok(values.into()),
            Expanded::Package { name, matching, only_newest } => {
                return Ok(self.package(&name, matching, only_newest)?);
            }
            Expanded::Files(question) => {
                let asked = self.answers.find(vec![question.clone()], &mut self.room)?;
                let values = self.answers.get(&question);
                self.answers.forget(&asked);
                values?
            }
        };
        let Source::FileContent { concat, chain, .. } = &policy.objects[place] else { return Ok(values) };
        let values = if chain.is_empty() { values } else { self.follow(place, chain, &values)? };
        Ok(if concat.is_empty() { values } else { joined(&values, concat.as_bytes()) })
    }

    /// The values, and those of a chain for each file that gave some.
    fn follow(&mut self, place: usize, chain: &[usize], values: &Values) -> Result<Values, Failure> {
        if self.trail.contains(&place) || self.trail.len() >= MAX_CHAIN {
            let reason = format!("import-chain leads in a circle, or over more than {MAX_CHAIN} objects");
            return Err(ObjectError::new(reason).into());
        }
        let mut seen = HashSet::new();
        let files = values.iter().map(|value| &value.identifier).filter(|file| seen.insert(Arc::clone(file)));
        let files: Vec<(&Arc<str>, String)> = files.map(|file| (file, directory(file))).collect();
        let pairs = files.iter().flat_map(|(_, root)| chain.iter().map(move |link| (root, *link)));
        let questions = pairs.filter_map(|(root, link)| self.question(link, Some(root))).collect();
        let asked = self.answers.find(questions, &mut self.room)?;
        self.trail.push(place);
        let linked = self.linked(&files, chain);
        self.trail.pop();
        self.answers.forget(&asked);
        let linked = linked?;
        Ok(values.iter().cloned().chain(linked).collect())
    }

    /// The values of the objects of a chain, under the name of the file that leads to them.
    fn linked(&mut self, files: &[(&Arc<str>, String)], chain: &[usize]) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        for (file, root) in files {
            for link in chain {
                self.session.checkpoint()?;
                let added = self.values(*link, Some(root))?;
                self.room.take(added.len(), 0)?;
                let under_file = |value: &Value| Value { identifier: Arc::clone(file), ..value.clone() };
                all.extend(added.iter().map(under_file));
            }
        }
        Ok(all)
    }

    /// What has to be asked of files for an object.
    fn question(&mut self, place: usize, chain_root: Option<&str>) -> Option<Question> {
        match self.expanded(place, chain_root) {
            Ok(Expanded::Files(question)) => Some(question),
            _ => None,
        }
    }

    fn expanded(&mut self, place: usize, chain_root: Option<&str>) -> Result<Expanded<'p>, ObjectError> {
        let policy = self.policy;
        let text = |text: &str| expand(text, &policy.variables, chain_root).map_err(ObjectError::new);
        let mut file = |file: &str| self.expressions.compile(&text(file)?).map_err(ObjectError::new);
        Ok(match &policy.objects[place] {
            Source::Raw(values) => Expanded::Raw(values),
            Source::Package { name, matching, only_newest } => Expanded::Package {
                name: text(name)?,
                matching: matching.as_ref(),
                only_newest: *only_newest,
            },
            Source::FileName { path, file } => {
                let file = file.clone().ok_or_else(|| ObjectError::new(NO_FILE_RESULT))?;
                Expanded::Files(Question::Name(FileQuery {
                    path: text(path)?,
                    file,
                    line: None,
                    only_with_line: false,
                }))
            }
            Source::FileContent { path, file: name, expression, .. } => {
                let (path, file, line) = (text(path)?, file(name)?, Some(expression.clone()));
                let query = FileQuery { path, file, line, only_with_line: true };
                Expanded::Files(Question::Groups(query, expression.clone()))
            }
            Source::HasLine { path, file: name, expression } => {
                let (path, file, line) = (text(path)?, file(name)?, Some(expression.clone()));
                let query = FileQuery { path, file, line, only_with_line: false };
                Expanded::Files(Question::HasLine(query))
            }
        })
    }

    fn package(&mut self, name: &str, matching: Option<&Expression>, only_newest: bool) -> Answer {
        let (packages, session) = (self.packages, self.session);
        let index = self.index.get_or_insert_with(|| {
            packages.can_be_told(session.machine()).map_err(ObjectError::new)?;
            packages.installed(session).map(PackageIndex::new).map_err(ObjectError::new)
        });
        let index = index.as_ref().map_err(Clone::clone)?;
        let found: Vec<&InstalledPackage> = match matching {
            None => index.named(name).collect(),
            Some(expression) => {
                index.iter().filter(|package| expression.is_match(package.name.as_bytes())).collect()
            }
        };
        let found = if only_newest { newest(&found)?.into_iter().collect() } else { found };
        let bytes = found.iter().map(|package| package.name.len() + package.version.len()).sum();
        self.room.take(found.len(), bytes)?;
        let value =
            |package: &&InstalledPackage| Value::new(package.name.as_str(), package.version.as_bytes());
        Ok(found.iter().map(value).collect())
    }
}

fn newest<'i>(packages: &[&'i InstalledPackage]) -> Result<Option<&'i InstalledPackage>, ObjectError> {
    let mut newest: Option<&InstalledPackage> = None;
    for package in packages {
        let is_newer = match newest {
            None => true,
            Some(best) => evr::compare(&package.version, &best.version).map_err(ObjectError::new)?.is_gt(),
        };
        if is_newer {
            newest = Some(package);
        }
    }
    Ok(newest)
}

/// One value for each identifier, in the order in which they appear.
fn joined(values: &[Value], separator: &[u8]) -> Values {
    let mut order: Vec<Arc<str>> = Vec::new();
    let mut contents: HashMap<Arc<str>, Vec<&[u8]>> = HashMap::new();
    for value in values {
        let parts = contents.entry(Arc::clone(&value.identifier)).or_insert_with(|| {
            order.push(Arc::clone(&value.identifier));
            Vec::new()
        });
        parts.push(&value.content);
    }
    let whole = |identifier: Arc<str>| {
        let content = contents.get(&identifier).map(|parts| parts.join(separator)).unwrap_or_default();
        Value::new(identifier, &content)
    };
    order.into_iter().map(whole).collect()
}

/// The directory of a file, with a slash at its end.
fn directory(file: &str) -> String {
    let parent = Path::new(file).parent().map(|parent| parent.display().to_string()).unwrap_or_default();
    if parent.ends_with('/') { parent } else { format!("{parent}/") }
}

/// What the original says of an expression on names that does not compile. The policy's faults say which.
const NO_FILE_RESULT: &str = "result in file module call was missing";
