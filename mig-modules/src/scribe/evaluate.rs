//! Judges the values of objects by the tests of a policy.

use crate::{
    scribe::{
        collect::Collected,
        policy::{Evaluator, Operation, Policy, PolicyTest},
        result::{SubResult, TestResult},
        value::Value,
    },
    version::evr,
};
use mig_core::{
    json, limits,
    module::{Session, Stop},
};
use std::{cmp::Ordering, mem};

/// Room for the sub-results of a run, in bytes of JSON.
const MAX_SUB_RESULTS_BYTES: usize = limits::MAX_RESULT_BYTES / 4;

/// More than what a sub-result takes beside its identifier, in bytes of JSON.
const SUB_RESULT_BYTES: usize = 40;

/// The results of all tests, in their order.
pub(super) fn evaluate(
    policy: &Policy,
    collected: &Collected,
    session: &dyn Session,
) -> Result<Vec<TestResult>, Stop> {
    let states = policy.tests.iter().map(|_| State::Waiting).collect();
    let mut evaluation = Evaluation { policy, collected, session, states, room: MAX_SUB_RESULTS_BYTES };
    for test in 0..policy.tests.len() {
        evaluation.run(test)?;
    }
    let results = evaluation.states.into_iter().filter_map(|state| match state {
        State::Done(result) => Some(*result),
        State::Waiting | State::Running => None,
    });
    Ok(results.collect())
}

struct Evaluation<'p> {
    policy: &'p Policy,
    collected: &'p Collected,
    session: &'p dyn Session,
    states: Vec<State>,
    /// For sub-results, in bytes.
    room: usize,
}

enum State {
    Waiting,
    /// Its dependencies are looked at.
    Running,
    Done(Box<TestResult>),
}

impl Evaluation<'_> {
    /// Runs a test after those that it depends on. A stack of our own, for policies may go deeper than a thread's.
    fn run(&mut self, test: usize) -> Result<(), Stop> {
        let mut stack = Vec::new();
        self.enter(test, &mut stack);
        while let Some((test, next)) = stack.last_mut() {
            let dependencies = &self.policy.tests[*test].dependencies;
            if let Some(dependency) = dependencies.get(*next) {
                *next += 1;
                self.enter(*dependency, &mut stack);
            } else {
                let result = self.judge(&self.policy.tests[*test])?;
                self.states[*test] = State::Done(Box::new(result));
                stack.pop();
            }
        }
        Ok(())
    }

    fn enter(&mut self, test: usize, stack: &mut Vec<(usize, usize)>) {
        if matches!(self.states[test], State::Waiting) {
            self.states[test] = State::Running;
            stack.push((test, 0));
        }
    }

    fn judge(&mut self, test: &PolicyTest) -> Result<TestResult, Stop> {
        let judged = match self.dependencies(test) {
            Ok(dependencies_hold) => self.judge_values(test)?.map(|judged| (judged, dependencies_hold)),
            Err(error) => Err(error),
        };
        let mut result = TestResult {
            id: test.id.clone(),
            name: test.name.clone(),
            description: test.description.clone(),
            tags: test.tags.clone(),
            ..TestResult::default()
        };
        match judged {
            Ok((judged, dependencies_hold)) => {
                result.has_true_results = judged.has_true;
                result.master_result = judged.has_true && dependencies_hold;
                result.results = Some(judged.results).filter(|results| !results.is_empty());
            }
            Err(error) => {
                result.is_error = true;
                result.error = error;
            }
        }
        Ok(result)
    }

    /// Whether all dependencies are true. One that still runs depends on this test, and counts as false.
    fn dependencies(&self, test: &PolicyTest) -> Result<bool, String> {
        let mut all_hold = true;
        for dependency in &test.dependencies {
            match &self.states[*dependency] {
                State::Done(result) if result.is_error => {
                    return Err(format!("a test dependency failed (\"{}\")", result.id));
                }
                State::Done(result) => all_hold &= result.master_result,
                State::Waiting | State::Running => all_hold = false,
            }
        }
        Ok(all_hold)
    }

    fn judge_values(&mut self, test: &PolicyTest) -> Result<Result<Judged, String>, Stop> {
        let values = match test.object.map(|object| &self.collected[object]) {
            None => return Ok(Err(format!("unknown object \"{}\"", test.object_name))),
            Some(None) => return Ok(Err("object not prepared".to_owned())),
            Some(Some(Err(error))) => return Ok(Err(error.to_string())),
            Some(Some(Ok(values))) => values,
        };
        let mut judged = Judged::default();
        for value in values.iter() {
            self.session.checkpoint()?;
            match test.evaluator.judge(value) {
                Ok(result) => judged.add(result, value, &mut self.room),
                Err(error) => return Ok(Err(error)),
            }
        }
        if judged.results.len() < values.len() {
            let (id, kept, all) = (&test.id, judged.results.len(), values.len());
            self.session.soft_error(format!("test \"{id}\": only {kept} of {all} results fit in the answer"));
        }
        Ok(Ok(judged))
    }
}

/// What became of the values of a test.
#[derive(Default)]
struct Judged {
    has_true: bool,
    results: Vec<SubResult>,
}

impl Judged {
    fn add(&mut self, result: bool, value: &Value, room: &mut usize) {
        self.has_true |= result;
        let size = json::quote(value.identifier.as_bytes()).len() + SUB_RESULT_BYTES;
        // Once it is full, it is full: what follows would be a choice by size.
        match mem::take(room).checked_sub(size) {
            Some(left) => {
                *room = left;
                self.results.push(SubResult { result, identifier: value.identifier.to_string() });
            }
            None => *room = 0,
        }
    }
}

impl Evaluator {
    fn judge(&self, value: &Value) -> Result<bool, String> {
        match self {
            Self::Existence => Ok(true),
            Self::Exact(wanted) => Ok(*value.content == *wanted.as_bytes()),
            Self::Expression(expression) => Ok(expression.is_match(&value.content)),
            Self::Version { operation, value: wanted } => {
                let order = evr::compare(&json::lossy(&value.content), wanted);
                order.map(|order| operation.holds(order)).map_err(|error| error.to_string())
            }
            Self::Broken(reason) => Err(reason.clone()),
        }
    }
}

impl Operation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::Equal => order.is_eq(),
            Self::Greater => order.is_gt(),
        }
    }
}
