//! A prepared run: reads each table once, and answers all checks from it.

use super::{
    answer::Answer, connections, links, listeners, params::Params, result::Statistics, tables::Tables,
};
use crate::text;
use mig_core::{
    json,
    module::{Outcome, Run, Session, Stop},
};
use std::time::Instant;

/// Checks that are ready to run.
#[derive(Debug)]
pub(super) struct NetstatRun(pub(super) Params);

impl Run for NetstatRun {
    fn run(self: Box<Self>, session: &dyn Session) -> Result<Outcome, Stop> {
        let begin = Instant::now();
        let mut answer = Answer::new(&self.0, session);
        let stopped = look(&self.0, session, &mut answer).err();
        #[expect(clippy::cast_precision_loss, reason = "numbers of the wire are floats; 2^53 rows are exact")]
        let statistics = Statistics {
            examined: answer.examined as f64,
            total_hits: answer.total as f64,
            duration: text::duration(begin.elapsed()),
        };
        Ok(Outcome {
            found: answer.total > 0,
            elements: json::to_value(&answer.into_elements()).unwrap_or_default(),
            statistics: json::to_value(&statistics).unwrap_or_default(),
            stopped,
        })
    }
}

fn look(params: &Params, session: &dyn Session, answer: &mut Answer<'_>) -> Result<(), Stop> {
    let tables = Tables::open(params, session)?;
    links::interfaces(params, &tables, answer)?;
    links::neighbours(params, &tables, answer)?;
    connections::connected(params, &tables, answer)?;
    listeners::listening(params, &tables, answer)?;
    listeners::unix_sockets(params, &tables, answer)?;
    if params.owner { answer.name_owners(&tables) } else { Ok(()) }
}
