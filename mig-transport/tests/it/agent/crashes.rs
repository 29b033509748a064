//! Agents that end at bad moments, and disks that fail.

use super::support::{Machine, errors, look};
use mig_core::{
    agent::{ActionDigest, Claim, Decision, Journal, JournalError, StoredAnswer},
    command::Command,
};
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::time::sleep;

async fn begun(machine: &Machine, runs: usize) {
    while machine.runs("runs") < runs {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_interrupted_module_that_only_looks_runs_again() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let action = machine.ask("a", vec![machine.appending("obedient", "runs", r#", "work_ms": 300"#)]);
    machine.send(1, &action).await;
    begun(&machine, 1).await;
    agent.cancel().await;
    machine.assert_no_answer().await;
    let agent = machine.start();
    assert_eq!(machine.answer().await.status, "success");
    assert_eq!(machine.runs("runs"), 2);
    agent.drain().await;
}

#[tokio::test]
async fn an_interrupted_module_that_changes_the_machine_is_reported_and_never_runs_again() {
    let mut machine = Machine::new().await;
    let agent = machine.start();
    let change = machine.appending("changer", "runs", r#", "work_ms": 60000"#);
    let action = machine.ask("a", vec![machine.appending("obedient", "looks", ""), change]);
    machine.send(1, &action).await;
    begun(&machine, 1).await;
    agent.cancel().await;
    let agent = machine.start();
    let answer = machine.answer().await;
    assert_eq!(answer.status, "failed");
    let successes: Vec<_> = answer.results.iter().flatten().map(|result| result.success).collect();
    assert_eq!(successes, [true, false]);
    assert!(errors(&answer)[0].starts_with("the run was interrupted"), "{:?}", errors(&answer));
    assert_eq!(machine.question(1, &action).await, answer);
    assert_eq!((machine.runs("runs"), machine.runs("looks")), (1, 2));
    agent.drain().await;
}

/// Fails so many times at each of its methods.
#[derive(Debug)]
struct FullDisk {
    journal: Arc<dyn Journal>,
    claims: AtomicU32,
    finishes: AtomicU32,
}

impl FullDisk {
    fn fail(left: &AtomicU32) -> Result<(), JournalError> {
        let failed = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match failed {
            Err(_) => Ok(()),
            Ok(_) => Err(JournalError::Disk {
                operation: "write",
                path: "/journal/entry".into(),
                source: io::ErrorKind::StorageFull.into(),
            }),
        }
    }
}

impl Journal for FullDisk {
    fn claim(&self, claim: &Claim) -> Result<Decision, JournalError> {
        Self::fail(&self.claims)?;
        self.journal.claim(claim)
    }

    fn finish(&self, claim: &Claim, answer: &StoredAnswer) -> Result<(), JournalError> {
        Self::fail(&self.finishes)?;
        self.journal.finish(claim, answer)
    }

    fn abandon(&self, digest: ActionDigest) {
        self.journal.abandon(digest);
    }

    fn remove_expired(&self, now: SystemTime) -> Result<(), JournalError> {
        self.journal.remove_expired(now)
    }
}

#[tokio::test]
async fn a_full_disk_delays_an_answer_and_loses_none() {
    let mut machine = Machine::new().await;
    let journal =
        FullDisk { journal: machine.journal(), claims: AtomicU32::new(3), finishes: AtomicU32::new(3) };
    let agent = machine.start_with(|parts| parts.journal = Arc::new(journal));
    let action = machine.ask("a", vec![machine.appending("changer", "runs", "")]);
    assert_eq!(machine.question(1, &action).await.status, "success");
    assert_eq!(machine.runs("runs"), 1);
    machine.assert_no_answer().await;
    agent.drain().await;
}

#[tokio::test]
async fn a_disk_that_stays_full_does_not_keep_an_agent_from_ending() {
    let mut machine = Machine::new().await;
    let always = u32::MAX;
    let journal =
        FullDisk { journal: machine.journal(), claims: AtomicU32::new(0), finishes: AtomicU32::new(always) };
    let agent = machine.start_with(|parts| parts.journal = Arc::new(journal));
    machine.send(1, &machine.ask("a", vec![machine.appending("obedient", "runs", "")])).await;
    begun(&machine, 1).await;
    agent.drain().await;
    let agent = machine.start();
    assert_eq!(machine.answer().await.status, "success");
    agent.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_agents_of_one_machine_share_the_work() {
    let mut machine = Machine::new().await;
    let agents = [machine.start(), machine.start()];
    for id in 1..=20 {
        let action = machine.ask(&id.to_string(), vec![machine.appending("obedient", "runs", "")]);
        machine.send(id, &action).await;
        machine.send(id, &action).await;
    }
    for _ in 0..40 {
        assert_eq!(machine.answer().await.status, "success");
    }
    assert_eq!(machine.runs("runs"), 20);
    for agent in agents {
        agent.drain().await;
    }
}

/// The agent is ended at some forty moments; what it had is delivered again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_ends_at_any_moment_answers_each_command_with_one_answer() {
    let mut machine = Machine::new().await;
    let commands: u64 = 30;
    for id in 1..=commands {
        let name = format!("changes-{id}");
        let operations = vec![look().remove(0), machine.appending("changer", &name, r#", "work_ms": 2"#)];
        machine.send(id, &machine.ask(&id.to_string(), operations)).await;
    }
    let mut answers = BTreeMap::new();
    for moment in 0..40 {
        let agent = machine.start();
        sleep(Duration::from_millis(1 + moment * 7 % 23)).await;
        agent.cancel().await;
    }
    let agent = machine.start();
    while answers.len() < usize::try_from(commands).unwrap() {
        keep(&mut answers, machine.answer().await);
    }
    agent.drain().await;
    for (id, answer) in answers {
        let runs = machine.runs(&format!("changes-{id}"));
        assert!(runs <= 1, "command {id} changed the machine {runs} times");
        let results = answer.results.unwrap();
        assert!(results.len() == 2 && results[0].success);
        assert_eq!(answer.status == "success", results[1].success);
        assert!(runs == 1 || !results[1].success, "command {id} claims a change that was not made");
    }
}

/// Several answers to one command are the same answer.
fn keep(answers: &mut BTreeMap<u64, Command>, answer: Command) {
    let first = answers.entry(answer.id.get()).or_insert_with(|| answer.clone());
    assert_eq!(*first, answer);
}
