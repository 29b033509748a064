use super::*;
use crate::{command::ModuleResult, id::CommandId, scheduler::flow::AnswerStatus};
use std::thread;

const DEAD: &str = "0123456789abcdef0123456789abcdef";

struct Machine {
    directory: tempfile::TempDir,
    owners: Owners,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let owners = Owners::open(&directory.path().join("owners")).unwrap();
        Self { directory, owners }
    }

    fn entries(&self) -> PathBuf {
        self.directory.path().join("journal")
    }

    /// What one more process sees.
    fn journal(&self) -> FileJournal {
        FileJournal::open(&self.entries(), &self.owners).unwrap()
    }

    fn entry(&self, claim: &Claim) -> PathBuf {
        self.journal().path(claim)
    }
}

fn claim(signed: &str, command: u64) -> Claim {
    Claim {
        digest: ActionDigest::of(signed),
        command: CommandId::new(command),
        expire_after: Time::now().whole_seconds().plus(Duration::from_secs(60)),
        changes: false,
    }
}

fn answer(error: &str) -> StoredAnswer {
    let result = ModuleResult { errors: Some(vec![error.to_owned()]), ..ModuleResult::default() };
    StoredAnswer { status: AnswerStatus::Timeout, results: vec![result] }
}

#[test]
fn an_answer_is_repeated_for_its_command_and_refused_for_others() {
    let machine = Machine::new();
    let journal = machine.journal();
    let one = claim("a", 1);
    assert_eq!(journal.claim(&one).unwrap(), Decision::Run);
    journal.finish(&one, &answer("é<")).unwrap();
    assert_eq!(journal.claim(&one).unwrap(), Decision::Repeat(answer("é<")));
    assert_eq!(journal.claim(&claim("a", 2)).unwrap(), Decision::AlreadyRun(CommandId::new(1)));
    assert_eq!(journal.claim(&claim("b", 2)).unwrap(), Decision::Run);
}

#[test]
fn the_memory_survives_its_process() {
    let machine = Machine::new();
    let one = claim("a", 1);
    let first = machine.journal();
    first.claim(&one).unwrap();
    first.finish(&one, &answer("x")).unwrap();
    drop(first);
    assert_eq!(machine.journal().claim(&one).unwrap(), Decision::Repeat(answer("x")));
}

#[test]
fn what_a_living_process_runs_is_busy_for_its_command_and_refused_for_others() {
    let machine = Machine::new();
    let (here, elsewhere) = (machine.journal(), machine.journal());
    here.claim(&claim("a", 1)).unwrap();
    for journal in [&here, &elsewhere] {
        assert_eq!(journal.claim(&claim("a", 1)).unwrap(), Decision::Busy);
        assert_eq!(journal.claim(&claim("a", 2)).unwrap(), Decision::AlreadyRun(CommandId::new(1)));
    }
}

#[test]
fn what_a_dead_process_ran_is_resumed_by_one() {
    let machine = Machine::new();
    let one = claim("a", 1);
    machine.journal().claim(&one).unwrap();
    let (first, second) = (machine.journal(), machine.journal());
    assert_eq!(first.claim(&one).unwrap(), Decision::Resume);
    assert_eq!(second.claim(&one).unwrap(), Decision::Busy);
}

#[test]
fn an_answer_that_was_the_last_deed_of_its_process_is_not_overwritten() {
    let machine = Machine::new();
    let one = claim("a", 1);
    let path = machine.entry(&one);
    let (first, second) = (machine.journal(), machine.journal());
    first.claim(&one).unwrap();
    let seen = read(&path).unwrap();
    first.finish(&one, &answer("x")).unwrap();
    drop(first);
    assert_eq!(second.decide_after(seen, &one, &path, false).unwrap(), Decision::Repeat(answer("x")));
    assert_eq!(machine.journal().claim(&one).unwrap(), Decision::Repeat(answer("x")));
}

#[test]
fn what_was_abandoned_is_resumed() {
    let machine = Machine::new();
    let journal = machine.journal();
    let one = claim("a", 1);
    journal.claim(&one).unwrap();
    journal.abandon(one.digest);
    assert_eq!(journal.claim(&one).unwrap(), Decision::Resume);
    assert_eq!(journal.claim(&one).unwrap(), Decision::Busy);
}

#[test]
fn of_many_who_claim_at_once_one_runs() {
    let machine = Machine::new();
    let one = Claim { changes: true, ..claim("a", 1) };
    let interrupted = claim("b", 1);
    machine.journal().claim(&interrupted).unwrap();
    let journals: Vec<_> = (0..4).map(|_| machine.journal()).collect();
    let decisions: Vec<_> = thread::scope(|scope| {
        let claim_both =
            |journal| (FileJournal::claim(journal, &one), FileJournal::claim(journal, &interrupted));
        let threads: Vec<_> = journals
            .iter()
            .chain(&journals)
            .map(|journal| scope.spawn(move || claim_both(journal)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let count = |wanted: Decision, decisions: Vec<&Decision>| {
        decisions.into_iter().filter(|decision| **decision == wanted).count()
    };
    let new = decisions.iter().map(|(new, _)| new.as_ref().unwrap()).collect::<Vec<_>>();
    assert_eq!((count(Decision::Run, new.clone()), count(Decision::Busy, new)), (1, 7));
    let resumed = decisions.iter().map(|(_, resumed)| resumed.as_ref().unwrap()).collect::<Vec<_>>();
    assert_eq!((count(Decision::Resume, resumed.clone()), count(Decision::Busy, resumed)), (1, 7));
}

#[test]
fn a_damaged_entry_is_resumed_and_whole_again() {
    let machine = Machine::new();
    let one = claim("a", 1);
    let finished = Entry::finished(&one, &answer("x")).to_text().unwrap();
    let cut = finished.split_at(finished.len() / 2).0.to_vec();
    let newer = String::from_utf8(finished).unwrap().replace("\"format\":1", "\"format\":2").into_bytes();
    for damaged in [vec![], vec![0; 512], cut, newer, b"{}".to_vec(), b"[]".to_vec()] {
        let path = machine.entry(&one);
        fs::write(&path, &damaged).unwrap();
        let journal = machine.journal();
        assert_eq!(journal.claim(&one).unwrap(), Decision::Resume, "{damaged:?}");
        journal.finish(&one, &answer("y")).unwrap();
        assert_eq!(journal.claim(&one).unwrap(), Decision::Repeat(answer("y")));
    }
}

#[test]
fn an_entry_of_an_owner_who_never_was_is_resumed() {
    let machine = Machine::new();
    let one = claim("a", 1);
    for owner in [DEAD, "../../etc/passwd", ""] {
        fs::write(machine.entry(&one), Entry::running(&one, owner).to_text().unwrap()).unwrap();
        assert_eq!(machine.journal().claim(&one).unwrap(), Decision::Resume);
    }
}

#[test]
fn entries_are_forgotten_a_day_after_the_window() {
    let machine = Machine::new();
    let journal = machine.journal();
    let one = claim("a", 1);
    journal.claim(&one).unwrap();
    journal.finish(&one, &answer("x")).unwrap();
    let leftover = machine.entries().join(".writing-abc");
    fs::write(&leftover, "").unwrap();
    fs::write(machine.entries().join("README"), "").unwrap();
    let now = SystemTime::now();
    journal.remove_expired(now + Duration::from_secs(23 * 3600)).unwrap();
    assert!(machine.entry(&one).exists() && leftover.exists());
    journal.remove_expired(now + Duration::from_secs(25 * 3600)).unwrap();
    assert!(!machine.entry(&one).exists() && !leftover.exists());
    assert!(machine.entries().join("README").exists());
}

#[test]
fn a_disk_that_fails_is_an_error_that_names_the_file_and_loses_no_claim() {
    let machine = Machine::new();
    let journal = machine.journal();
    let one = claim("a", 1);
    fs::remove_dir_all(machine.entries()).unwrap();
    let error = journal.claim(&one).unwrap_err().to_string();
    assert!(error.contains("cannot write") && error.contains(&one.digest.to_string()), "{error}");
    fs::create_dir(machine.entries()).unwrap();
    assert_eq!(journal.claim(&one).unwrap(), Decision::Run);
}

#[cfg(unix)]
#[test]
fn only_the_user_may_look_into_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    machine.journal().claim(&claim("a", 1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&machine.entries()), 0o700);
    for entry in fs::read_dir(machine.entries()).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&entry.path()) & 0o177, 0, "{:?}", entry.path());
    }
}
