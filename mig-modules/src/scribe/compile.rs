//! From a document to a policy, or to its first fault: of the objects in their order, then of the tests.

use crate::scribe::{
    error::{Fault, Part, PolicyError},
    expression::Expression,
    policy::{Evaluator, Operation, Policy, PolicyTest, Source},
    value::Value,
    wire::{Document, FileContent, FileName, HasLine, Object, Package, Raw, RawValue, Test},
};
use std::collections::HashMap;

/// Most objects, tests and variables, each.
const MAX_PARTS: usize = 64 << 10;

pub(super) fn compile(document: Document) -> Result<Policy, PolicyError> {
    let Document { variables, objects, tests } = document;
    check_count("variables", variables.len())?;
    check_count("objects", objects.len())?;
    check_count("tests", tests.len())?;
    let names = first_places(objects.iter().map(|object| object.object.as_str()));
    let ids = first_places(tests.iter().map(|test| test.test.as_str()));
    let mut compiler = Compiler { names, ids, policy: Policy { variables, ..Policy::default() } };
    for (index, object) in objects.iter().enumerate() {
        let part = if object.object.is_empty() {
            Part::NamelessObject(index)
        } else {
            Part::Object(object.object.clone())
        };
        let source = compiler.source(object).map_err(|flaw| flaw.of(part))?;
        compiler.policy.objects.push(source);
    }
    for (index, test) in tests.iter().enumerate() {
        let part =
            if test.test.is_empty() { Part::NamelessTest(index) } else { Part::Test(test.test.clone()) };
        let test = compiler.test(test).map_err(|flaw| flaw.of(part))?;
        compiler.policy.tests.push(test);
    }
    Ok(compiler.policy)
}

struct Compiler<'d> {
    /// The first object of each name.
    names: HashMap<&'d str, usize>,
    /// The first test of each id.
    ids: HashMap<&'d str, usize>,
    /// What was compiled so far.
    policy: Policy,
}

impl Compiler<'_> {
    /// The first source in use.
    fn source(&mut self, object: &Object) -> Result<Source, Flaw> {
        let Object { object: name, file_content, file_name, package, raw, has_line } = object;
        match () {
            () if name.is_empty() => Err(Flaw::new("", "", Fault::NoObjectName)),
            () if !package.name.is_empty() => self.package(package),
            () if !file_content.path.is_empty() => self.file_content(file_content),
            () if !file_name.path.is_empty() => self.file_name(name, file_name),
            () if !raw.identifiers.is_empty() => raw_values(raw),
            () if !has_line.path.is_empty() => self.has_line(has_line),
            () => Err(Flaw::new("", "", Fault::NoSource)),
        }
    }

    fn package(&mut self, wire: &Package) -> Result<Source, Flaw> {
        let expression = Some(wire.collect_match.as_str()).filter(|text| !text.is_empty());
        let matching = expression.map(|text| self.expression("package.collectmatch", text)).transpose()?;
        Ok(Source::Package { name: wire.name.clone(), matching, only_newest: wire.only_newest })
    }

    fn file_content(&mut self, wire: &FileContent) -> Result<Source, Flaw> {
        require("filecontent.file", &wire.file)?;
        require("filecontent.expression", &wire.expression)?;
        self.expression("filecontent.file", &wire.file)?;
        let expression = self.expression("filecontent.expression", &wire.expression)?;
        let chain = wire.import_chain.iter().map(|name| {
            let unknown = || Flaw::new("filecontent.import-chain", name, Fault::UnknownObject(name.clone()));
            self.names.get(name.as_str()).copied().ok_or_else(unknown)
        });
        Ok(Source::FileContent {
            path: wire.path.clone(),
            file: wire.file.clone(),
            expression,
            concat: wire.concat.clone(),
            chain: chain.collect::<Result<_, _>>()?,
        })
    }

    /// Its expression may be wrong: that is an error of the object.
    fn file_name(&mut self, object: &str, wire: &FileName) -> Result<Source, Flaw> {
        require("filename.file", &wire.file)?;
        let file = self.expression("filename.file", &wire.file);
        let file =
            file.map_err(|flaw| self.policy.faults.push(flaw.of(Part::Object(object.to_owned())))).ok();
        Ok(Source::FileName { path: wire.path.clone(), file })
    }

    fn has_line(&mut self, wire: &HasLine) -> Result<Source, Flaw> {
        require("hasline.file", &wire.file)?;
        require("hasline.expression", &wire.expression)?;
        self.expression("hasline.file", &wire.file)?;
        let expression = self.expression("hasline.expression", &wire.expression)?;
        Ok(Source::HasLine { path: wire.path.clone(), file: wire.file.clone(), expression })
    }

    fn test(&mut self, wire: &Test) -> Result<PolicyTest, Flaw> {
        if wire.test.is_empty() {
            return Err(Flaw::new("", "", Fault::NoTestId));
        }
        let dependencies = wire.dependencies.iter().map(|id| self.dependency(wire, id));
        let dependencies = dependencies.collect::<Result<_, _>>()?;
        check_tags(wire)?;
        let object = self.names.get(wire.object.as_str()).copied();
        if object.is_none() {
            let fault = Fault::UnknownObject(wire.object.clone());
            self.tolerate(wire, Flaw::new("object", &wire.object, fault));
        }
        Ok(PolicyTest {
            id: wire.test.clone(),
            name: wire.name.clone(),
            description: wire.description.clone(),
            tags: wire.tags.clone(),
            object_name: wire.object.clone(),
            object,
            evaluator: self.evaluator(wire),
            dependencies,
        })
    }

    fn dependency(&self, test: &Test, id: &String) -> Result<usize, Flaw> {
        let flaw = |fault| Flaw::new("if", id, fault);
        let place = self.ids.get(id.as_str()).copied();
        let place = place.ok_or_else(|| flaw(Fault::UnknownTest(id.clone())))?;
        if *id == test.test { Err(flaw(Fault::OwnDependency)) } else { Ok(place) }
    }

    /// The first evaluator with a value. What is wrong with it is an error of the test.
    fn evaluator(&mut self, wire: &Test) -> Evaluator {
        let made = match (&wire.evr.value, &wire.regexp.value, &wire.exact_match.value) {
            (version, _, _) if !version.is_empty() => version_evaluator(&wire.evr.operation, version),
            (_, text, _) if !text.is_empty() => {
                self.expression("regexp.value", text).map(Evaluator::Expression)
            }
            (_, _, value) if !value.is_empty() => Ok(Evaluator::Exact(value.clone())),
            _ => Ok(Evaluator::Existence),
        };
        made.unwrap_or_else(|flaw| {
            let reason = flaw.fault.to_string();
            self.tolerate(wire, flaw);
            Evaluator::Broken(reason)
        })
    }

    fn expression(&mut self, field: &'static str, text: &str) -> Result<Expression, Flaw> {
        let compiled = self.policy.expressions.compile(text);
        compiled.map_err(|error| Flaw::new(field, text, Fault::Expression(error)))
    }

    fn tolerate(&mut self, test: &Test, flaw: Flaw) {
        self.policy.faults.push(flaw.of(Part::Test(test.test.clone())));
    }
}

/// A fault whose part of the policy is known to the caller.
struct Flaw {
    field: &'static str,
    value: String,
    fault: Fault,
}

impl Flaw {
    fn new(field: &'static str, value: &str, fault: Fault) -> Self {
        Self { field, value: value.to_owned(), fault }
    }

    fn of(self, part: Part) -> PolicyError {
        PolicyError { part, field: self.field, value: self.value, fault: self.fault }
    }
}

fn check_count(what: &'static str, count: usize) -> Result<(), PolicyError> {
    if count <= MAX_PARTS {
        return Ok(());
    }
    let fault = Fault::TooMany { what, limit: MAX_PARTS };
    Err(Flaw::new(what, "", fault).of(Part::Document))
}

fn require(field: &'static str, value: &str) -> Result<(), Flaw> {
    if value.is_empty() { Err(Flaw::new(field, "", Fault::Unset(field))) } else { Ok(()) }
}

fn raw_values(wire: &Raw) -> Result<Source, Flaw> {
    let value = |RawValue { identifier, value }: &RawValue| {
        if identifier.is_empty() || value.is_empty() {
            let given = if identifier.is_empty() { value } else { identifier };
            return Err(Flaw::new("raw.identifiers", given, Fault::IncompleteRaw));
        }
        Ok(Value::new(identifier.as_str(), value.as_bytes()))
    };
    wire.identifiers.iter().map(value).collect::<Result<_, _>>().map(Source::Raw)
}

/// The original's tools print tags between quotes.
fn check_tags(wire: &Test) -> Result<(), Flaw> {
    for tag in &wire.tags {
        if tag.key.contains('"') {
            return Err(Flaw::new("tags", &tag.key, Fault::QuoteInKey));
        }
        if tag.value.contains('"') {
            return Err(Flaw::new("tags", &tag.value, Fault::QuoteInValue));
        }
    }
    Ok(())
}

fn version_evaluator(operation: &str, value: &str) -> Result<Evaluator, Flaw> {
    let operation = match operation {
        "<" => Operation::Less,
        "=" => Operation::Equal,
        ">" => Operation::Greater,
        other => return Err(Flaw::new("evr.operation", other, Fault::Operation(other.to_owned()))),
    };
    Ok(Evaluator::Version { operation, value: value.to_owned() })
}

/// Names need not be unique; the first counts.
fn first_places<'n>(names: impl Iterator<Item = &'n str>) -> HashMap<&'n str, usize> {
    let mut places = HashMap::new();
    for (place, name) in names.enumerate() {
        places.entry(name).or_insert(place);
    }
    places
}
