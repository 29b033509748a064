//! A prepared run: collects values, evaluates tests, and puts the answer into the shape of the original.

use crate::{
    parameters,
    scribe::{
        collect::collect,
        evaluate::evaluate,
        packages::Packages,
        policy::Policy,
        result::{Elements, Statistics, TestResult},
        wire::Parameters,
    },
    text,
};
use mig_core::{
    json::{self, Value},
    module::{Outcome, ParamsError, Run, Session, Stop},
};
use std::{sync::Arc, time::Instant};

/// A policy that is ready to run.
#[derive(Debug)]
pub(super) struct ScribeRun {
    policy: Policy,
    only_true: bool,
    human_output: bool,
    json_output: bool,
    packages: Arc<dyn Packages>,
}

impl ScribeRun {
    pub(super) fn new(params: &Value, packages: Arc<dyn Packages>) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        let Parameters { document, only_true, human_output, json_output } = parameters;
        Ok(Self { policy: Policy::new(document)?, only_true, human_output, json_output, packages })
    }
}

impl Run for ScribeRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let begin = Instant::now();
        let mut results = self.policy.evaluate(self.packages.as_ref(), session)?;
        results.retain(|test| test.master_result || !self.only_true);
        for TestResult { error, id, .. } in results.iter().filter(|test| test.is_error) {
            session.soft_error(format!("Error: {error} in \"{id}\""));
        }
        let found = !results.is_empty();
        let Self { human_output, json_output, .. } = *self;
        let statistics = Statistics { duration: text::duration(begin.elapsed()) };
        Ok(Outcome {
            found,
            elements: json::to_value(&Elements { results, human_output, json_output }).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped: None,
        })
    }
}

impl Policy {
    /// Evaluates all tests on the machine of a session. What could not be looked at is a soft error of the session.
    ///
    /// # Errors
    /// [`Stop`] if the session ended before all values were there: a test of half of them would be no answer.
    pub fn evaluate(&self, packages: &dyn Packages, session: &dyn Session) -> Result<Vec<TestResult>, Stop> {
        let collected = collect(self, packages, session)?;
        evaluate(self, &collected, session)
    }
}
