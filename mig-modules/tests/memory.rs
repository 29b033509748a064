//! The memory module on real processes.
#![cfg(target_os = "linux")]

mod common;

use common::{
    helper::{Helper, Kind, Spec, be_helper},
    list, text,
};
use mig_core::{
    agent::{Budget, RunSession},
    json::{self, Value},
    module::{Machine, Module, Outcome, Session, Stop},
    testing::TestSession,
};
use mig_modules::memory::MemoryModule;
use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// What a helper runs in place of the tests.
#[test]
fn helper() {
    let is_helper = be_helper();
    assert_eq!(is_helper, std::env::var_os("MIG_TEST_HELPER").is_some());
}

fn start(kind: Kind, bytes: usize, marks: &[(usize, &str)]) -> Helper {
    let marks = marks.iter().map(|(offset, mark)| (*offset, hex(mark))).collect();
    Helper::start(&Spec { kind, bytes, filler: b'.', marks }, &["helper", "--exact", "--nocapture"])
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs searches in which `HELPER` stands for the name of a helper.
fn ask(session: &dyn Session, name: &str, searches: &str) -> Outcome {
    let text = format!(r#"{{"searches":{{{}}}}}"#, searches.replace("HELPER", name));
    let params: Value = json::from_str(&text).expect("JSON");
    MemoryModule.prepare(&params).expect("searches that are fine").run(session).expect("an outcome")
}

fn pids(outcome: &Outcome, label: &str) -> Vec<u32> {
    let pid = |element: &Value| json::from_value(element.get("process")?.get("pid")?).ok();
    list(&outcome.elements, label).iter().filter_map(pid).collect()
}

fn statistic(outcome: &Outcome, field: &str) -> u32 {
    outcome.statistics.get(field).and_then(|number| json::from_value(number).ok()).unwrap_or(0)
}

fn failures(outcome: &Outcome) -> String {
    json::to_string(&Value::List(list(&outcome.statistics, "failures").to_vec())).expect("JSON")
}

const MIB: usize = 1 << 20;

#[test]
fn marks_at_all_edges_are_found_a_hundred_times() {
    let bytes = 3 * MIB + 8192;
    let marks = [
        (0, "mark-zero"),
        (4096 - 4, "mark-page"),
        (MIB - 4, "mark-piece"),
        (MIB + 4, "mark-overlap"),
        (2 * MIB + 4, "mark-second"),
        (bytes - 8, "mark-end"),
    ];
    let helpers = [Kind::Anonymous, Kind::Shared].map(|kind| start(kind, bytes, &marks));
    let searches: Vec<String> = marks
        .iter()
        .enumerate()
        .map(|(number, (_, mark))| {
            let (bytes, pattern) = (hex(mark), mark.replace("mark", "m[a]rk"));
            format!(
                r#""s{number}":{{"names":["HELPER$"],"bytes":["{bytes}"],"contents":["{pattern}","{pattern}[^x]?"],"options":{{"matchall":true}}}}"#
            )
        })
        .collect();
    for repetition in 0..100 {
        for helper in &helpers {
            let outcome = ask(&TestSession::new(), &helper.name, &searches.join(","));
            for number in 0..marks.len() {
                let label = format!("s{number}");
                assert_eq!(pids(&outcome, &label), [helper.child.id()], "{label} in repetition {repetition}");
            }
        }
    }
}

#[test]
fn a_forked_copy_is_found_too() {
    // The subshell is a copy of its parent; the mark is put together at run time.
    let script = "exec 3<&0; x=forked; x=$x-$$-mark; echo $$; (read line <&3) & read line <&3";
    let mut child =
        Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    let pattern = format!("forked-{}-mark", child.id());
    let search = format!(r#""s1":{{"contents":["{pattern}"],"options":{{"matchall":true}}}}"#);
    let outcome = ask(&TestSession::new(), "", &search);
    child.stdin.take().unwrap().write_all(b"\n\n").unwrap();
    child.wait().unwrap();
    let pids = pids(&outcome, "s1");
    assert_eq!(pids.len(), 2, "{pids:?}");
    assert!(pids.contains(&child.id()), "{pids:?}");
}

#[test]
fn a_process_that_exits_while_it_is_searched_ends_no_run() {
    let search = r#""s1":{"names":["HELPER$"],"contents":["mark-early"],"options":{"matchall":true}},
        "s2":{"names":["HELPER$"],"bytes":["6e6576657221"],"options":{"matchall":true}}"#;
    for delay in 0..20 {
        let mut helper = start(Kind::Anonymous, 32 * MIB, &[(0, "mark-early")]);
        let (pid, name) = (helper.child.id(), helper.name.clone());
        let outcome = thread::scope(|scope| {
            let run = scope.spawn(|| ask(&TestSession::new(), &name, search));
            thread::sleep(Duration::from_millis(delay));
            helper.child.kill().unwrap();
            helper.child.wait().unwrap();
            run.join().unwrap()
        });
        assert_eq!(outcome.stopped, None);
        assert!(pids(&outcome, "s1").iter().all(|found| [0, pid].contains(found)), "{outcome:?}");
        assert_eq!(pids(&outcome, "s2"), [0]);
    }
}

#[test]
fn offset_and_maxlength_bound_what_is_searched() {
    let helper = start(Kind::Anonymous, MIB, &[(5000, "mark-offset")]);
    let begin = helper.address;
    let found = |offset: u64, length: u64| {
        let search = format!(
            r#""s1":{{"names":["HELPER$"],"contents":["mark-offset"],"options":{{"matchall":true,"offset":{offset},"maxlength":{length}}}}}"#
        );
        let outcome = ask(&TestSession::new(), &helper.name, &search);
        (outcome.found, statistic(&outcome, "memoryread"))
    };
    assert!(found(begin, 5011).0 && found(begin + 5000, 11).0);
    assert!(!found(begin, 5010).0 && !found(begin + 5001, MIB as u64 / 2).0);
    let (_, read) = found(begin, 4096);
    assert!((1..=1 << 20).contains(&read), "{read}");
}

#[test]
fn searches_with_different_limits_share_one_walk() {
    let helper = start(Kind::Anonymous, MIB, &[(5000, "mark-one"), (9000, "mark-two")]);
    let (begin, middle) = (helper.address, helper.address + 6000);
    let search = format!(
        r#""all":{{"names":["HELPER$"],"contents":["mark-one","mark-two"],"options":{{"matchall":true}}}},
           "first":{{"names":["HELPER$"],"contents":["mark-two"],"options":{{"matchall":true,"offset":{begin},"maxlength":6000}}}},
           "second":{{"names":["HELPER$"],"contents":["mark-one"],"options":{{"matchall":true,"offset":{middle},"maxlength":9000}}}}"#
    );
    let outcome = ask(&TestSession::new(), &helper.name, &search);
    assert_eq!(pids(&outcome, "all"), [helper.child.id()]);
    assert_eq!((pids(&outcome, "first"), pids(&outcome, "second")), (vec![0], vec![0]));
}

#[test]
fn ranges_that_can_not_be_read_are_counted_and_named_when_asked() {
    let helper = start(Kind::Shared, 4096, &[(4090, "before")]);
    let ask = |options: &str| {
        let search = format!(
            r#""s1":{{"names":["HELPER$"],"contents":["before$"],"options":{{"matchall":true}}}},
               "s2":{{"names":["HELPER$"],"bytes":["c7a19e03d5527be81f4a96"],"options":{{"matchall":true{options}}}}}"#
        );
        ask(&TestSession::new(), &helper.name, &search)
    };
    let quiet = ask("");
    assert_eq!(pids(&quiet, "s1"), [helper.child.id()], "the file ends before its mapping");
    assert_eq!(pids(&quiet, "s2"), [0]);
    assert!(statistic(&quiet, "readfailures") >= 1, "{quiet:?}");
    let (start, end) = (helper.address + 4096, helper.address + 3 * 4096);
    let failure = format!("Reading memory {start:x}-{end:x} of process {} failed", helper.child.id());
    let failures = failures(&ask(r#","logfailures":true"#));
    assert!(failures.contains(&failure), "{failure} in {failures}");
    assert!(failures.contains("Unreadable memory"), "the guard of a stack: {failures}");
}

#[test]
fn a_time_limit_for_a_process_is_kept_and_told() {
    let helper = start(Kind::Anonymous, MIB, &[]);
    let search = r#""s1":{"names":["HELPER$"],"contents":["never-there-xyz[0-9]"],"options":{"matchall":true,"timelimit":"1ns"}}"#;
    let outcome = ask(&TestSession::new(), &helper.name, search);
    let failure = format!("Time limit reached in process {}", helper.child.id());
    assert!(!outcome.found && failures(&outcome).contains(&failure), "{outcome:?}");
}

#[test]
fn the_searching_process_is_left_out_unless_asked_for() {
    let own = std::env::current_exe().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let search = |options: &str| {
        format!(
            r#""s1":{{"names":["HELPER$"],"contents":["held-by-[o]neself"],"options":{{"matchall":true{options}}}}}"#
        )
    };
    let held = ["held", "by", "oneself"].join("-");
    assert!(!ask(&TestSession::new(), &own, &search("")).found);
    let outcome = ask(&TestSession::new(), &own, &search(r#","includeself":true"#));
    assert_eq!(pids(&outcome, "s1"), [std::process::id()], "{held}");
}

#[test]
fn deleted_programs_and_libraries_are_told() {
    let helper = start(Kind::Shared, MIB, &[]);
    fs::remove_file(&helper.program).unwrap();
    let search = r#""path":{"names":["HELPER$"],"options":{"matchall":true}},
        "gone":{"names":["HELPER \\(deleted\\)$"],"libraries":["mig-helper-[0-9]+ \\(deleted\\)$"],"options":{"matchall":true}},
        "library":{"names":["HELPER"],"libraries":["/dev/shm/mig-helper-[0-9]+$","HELPER"],"options":{}}"#;
    let outcome = ask(&TestSession::new(), &helper.name, search);
    let pid = helper.child.id();
    assert_eq!((pids(&outcome, "path"), pids(&outcome, "gone")), (vec![pid], vec![pid]));
    assert_eq!(pids(&outcome, "library"), [pid, pid, 0], "the program is no library");
    let process = list(&outcome.elements, "gone")[0].get("process").unwrap().clone();
    assert!(text(&process, "name").ends_with(" (deleted)"), "{process:?}");
    assert_eq!(process.get("deleted"), Some(&Value::Bool(true)));
    assert_eq!(list(&process, "deletedlibraries").len(), 1, "{process:?}");
}

#[test]
fn a_stop_is_obeyed_at_once_and_keeps_what_was_found() {
    let helper = start(Kind::Anonymous, 64 * MIB, &[(0, "mark-stop")]);
    let search = r#""s1":{"names":["HELPER$"],"contents":["mark-stop"],"options":{"matchall":true}},
        "s2":{"names":["HELPER$"],"contents":["never-there-xyz[0-9]"],"options":{"matchall":true}}"#;
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir("/proc").unwrap();
    let processes = entries.filter(|entry| is_process(entry.as_ref().unwrap().file_name().to_str().unwrap()));
    let session = TestSession::new().threads(1).stop_after(processes.count() as u64 + 16, Stop::Deadline);
    let outcome = ask(&session, &helper.name, search);
    assert_eq!(outcome.stopped, Some(Stop::Deadline));
    assert_eq!((pids(&outcome, "s1"), pids(&outcome, "s2")), (vec![helper.child.id()], vec![0]));
}

#[test]
fn an_image_tells_names_and_libraries_but_no_memory() {
    let root = tempfile::tempdir().unwrap();
    let process = root.path().join("proc/7");
    fs::create_dir_all(&process).unwrap();
    fs::write(process.join("status"), "Name:\tcron\nPPid:\t1\n").unwrap();
    fs::write(process.join("maps"), "1000-2000 r-xp 00000000 08:02 9    /lib/old.so (deleted)\n").unwrap();
    std::os::unix::fs::symlink("/usr/sbin/cron", process.join("exe")).unwrap();
    let session = RunSession::new(Budget::default()).on(Machine::image(root.path()).unwrap());
    let search = r#""s1":{"names":["^/usr/sbin/cron$"],"libraries":["^/lib/old"],"contents":["x"]}"#;
    let outcome = ask(&session, "", search);
    assert_eq!(pids(&outcome, "s1"), [7, 7, 0]);
    assert_eq!(session.into_errors(), ["memory can be searched on a running machine only, not in an image"]);
}

#[test]
fn a_process_that_is_not_there_is_not_found_and_nothing_is_read() {
    let search = r#""s1":{"names":["^zz-no-such-process-zz$"],"bytes":["00"],"options":{"matchall":true}}"#;
    let outcome = ask(&TestSession::new(), "", search);
    assert!(!outcome.found && statistic(&outcome, "processcount") > 0);
    assert_eq!(statistic(&outcome, "memoryread"), 0);
}
