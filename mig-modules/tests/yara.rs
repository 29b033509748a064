//! The yara module on real files and processes.
#![cfg(target_os = "linux")]

mod common;

use common::{
    helper::{Helper, Kind, Spec, be_helper},
    list, text,
};
use mig_core::{
    agent::{Budget, RunSession},
    json,
    module::{Machine, Module, Outcome, Session, Stop},
    testing::TestSession,
};
use mig_modules::yara::{YaraModule, wire::Parameters};
use std::{
    fs,
    io::Write,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// What a helper runs in place of the tests.
#[test]
fn helper() {
    let is_helper = be_helper();
    assert_eq!(is_helper, std::env::var_os("MIG_TEST_HELPER").is_some());
}

const MIB: usize = 1 << 20;

fn start(marks: &[(usize, &str)]) -> Helper {
    let hex = |mark: &str| mark.bytes().map(|byte| format!("{byte:02x}")).collect();
    let marks = marks.iter().map(|(offset, mark)| (*offset, hex(mark))).collect();
    let spec = Spec { kind: Kind::Anonymous, bytes: 3 * MIB, filler: b'.', marks };
    Helper::start(&spec, &["helper", "--exact", "--nocapture"])
}

/// The memory that a helper holds: its program has the texts of the rules in it, too.
fn window(helper: &Helper) -> String {
    format!("-name {}$ -offset {} -maxlength {}", helper.name, helper.address, 3 * MIB)
}

fn ask(session: &dyn Session, rules: &str, files: &str, processes: &str) -> Outcome {
    let parameters = Parameters {
        yara: rules.to_owned(),
        file_search: files.to_owned(),
        process_search: processes.to_owned(),
    };
    let params = json::to_value(&parameters).expect("JSON");
    YaraModule.prepare(&params).expect("rules that are fine").run(session).expect("an outcome")
}

fn elements(outcome: &Outcome) -> String {
    json::to_string(&outcome.elements).expect("JSON")
}

fn statistic(outcome: &Outcome, field: &str) -> u64 {
    outcome.statistics.get(field).and_then(|number| json::from_value(number).ok()).unwrap_or(0)
}

fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let tree = tempfile::tempdir().expect("a directory");
    for (name, content) in files {
        fs::write(tree.path().join(name), content).expect("a file");
    }
    tree
}

fn below(tree: &TempDir) -> String {
    format!("-path '{}'", tree.path().display())
}

const RULES: &str = r#"
rule evil : malware dropper { strings: $a = "evil" $b = { 00 01 ?? 03 } condition: any of them }
private rule hidden { strings: $h = "evil" condition: $h }
rule big { condition: filesize > 8 and hidden }
"#;

#[test]
fn files_answer_with_rules_tags_and_places_and_no_bytes() {
    let tree = tree(&[("a", b"no"), ("b", b"an evil, evil thing"), ("c", b"\x00\x01\x02\x03")]);
    let session = TestSession::new();
    let outcome = ask(&session, RULES, &below(&tree), "");
    let root = tree.path().display();
    assert_eq!(
        elements(&outcome),
        format!(
            r#"{{"Matches":[{{"MatchedRules":["big","evil"],"Object":"{root}/b","Rules":[{{"Rule":"big"}},{{"Rule":"evil","Strings":[{{"Count":2,"Name":"$a","Offsets":[3,9]}}],"Tags":["malware","dropper"]}}]}},{{"MatchedRules":["evil"],"Object":"{root}/c","Rules":[{{"Rule":"evil","Strings":[{{"Count":1,"Name":"$b","Offsets":[0]}}],"Tags":["malware","dropper"]}}]}}]}}"#
        )
    );
    assert!(outcome.found && outcome.stopped.is_none());
    assert_eq!((statistic(&outcome, "files"), statistic(&outcome, "rules")), (3, 3));
    assert_eq!(session.soft_errors(), Vec::<String>::new());
}

#[test]
fn filters_of_the_file_module_choose_the_files() {
    let tree = tree(&[("a.php", b"evil"), ("b.txt", b"evil"), ("c.php", b"evil")]);
    let names = format!("{} -name '\\.php$'", below(&tree));
    let outcome = ask(&TestSession::new(), RULES, &names, "");
    assert_eq!(list(&outcome.elements, "Matches").len(), 2);
    let session = TestSession::new();
    let outcome = ask(&session, RULES, &format!("{names} -matchlimit 1"), "");
    assert_eq!(list(&outcome.elements, "Matches").len(), 1);
    assert_eq!(session.soft_errors(), ["only the first 1 files are scanned: -matchlimit of the files"]);
}

#[test]
fn nothing_found_is_null_and_says_what_was_examined() {
    let tree = tree(&[("a", b"fine")]);
    let outcome = ask(&TestSession::new(), RULES, &below(&tree), "");
    assert_eq!(elements(&outcome), r#"{"Matches":null}"#);
    assert!(!outcome.found);
    assert_eq!((statistic(&outcome, "files"), statistic(&outcome, "bytes")), (1, 4));
}

#[test]
fn modules_know_formats_of_files() {
    let own = std::env::current_exe().unwrap();
    let rules =
        r#"import "elf" rule program { condition: elf.type == elf.ET_DYN or elf.type == elf.ET_EXEC }"#;
    let files =
        format!("-path {} -name '^{}$'", own.parent().unwrap().display(), own.file_name().unwrap().display());
    let outcome = ask(&TestSession::new(), rules, &files, "");
    assert!(outcome.found, "{outcome:?}");
}

#[test]
fn a_file_that_is_too_large_is_an_error_and_not_a_file_without_a_match() {
    let tree = tree(&[]);
    let path = tree.path().join("sparse");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"evil").unwrap();
    file.set_len((256 << 20) + 1).unwrap();
    let session = TestSession::new();
    let outcome = ask(&session, RULES, &below(&tree), "");
    let error = format!("{}: not scanned: it is larger than 268435456 bytes", path.display());
    assert_eq!(session.soft_errors(), [error]);
    assert_eq!(statistic(&outcome, "files"), 0);
}

#[test]
fn an_image_is_scanned_by_the_paths_inside_it() {
    let image = tree(&[]);
    fs::create_dir(image.path().join("opt")).unwrap();
    fs::write(image.path().join("opt/x"), "evil").unwrap();
    let session = RunSession::new(Budget::default()).on(Machine::image(image.path()).unwrap());
    let outcome = ask(&session, RULES, "-path /opt", "-name .");
    assert!(elements(&outcome).contains(r#""Object":"/opt/x""#), "{outcome:?}");
    assert_eq!(
        session.into_errors(),
        ["processes can be scanned on a running machine only, not in an image"]
    );
}

#[test]
fn memory_is_scanned_over_the_edges_of_its_pieces_and_each_match_counts_once() {
    let marks =
        [(0, "evil-zero"), (MIB - 4, "evil-edge"), (2 * MIB - 2048, "evil-twice"), (3 * MIB - 8, "evil-end")];
    let helper = start(&marks);
    let rules = r#"rule marks { strings: $m = /evil-[a-z]{3,5}/ condition: #m == 4 }
        rule places { strings: $m = "evil-" condition: $m }"#;
    let outcome = ask(&TestSession::new(), rules, "", &window(&helper));
    let found = list(&outcome.elements, "Matches");
    assert_eq!(found.len(), 1, "{outcome:?}");
    assert_eq!(json::to_string(found[0].get("Pid").unwrap()).unwrap(), helper.child.id().to_string());
    assert_eq!(text(&found[0], "Object"), helper.program.display().to_string());
    let offsets: Vec<u64> = marks.iter().map(|(offset, _)| helper.address + *offset as u64).collect();
    let expected = format!(r#""Offsets":{}"#, json::to_string(&offsets).unwrap());
    let text = elements(&outcome);
    assert!(
        text.contains(r#""MatchedRules":["marks","places"]"#) && text.contains(&expected),
        "{text} {expected}"
    );
    assert!(statistic(&outcome, "bytes") >= 3 * MIB as u64 && statistic(&outcome, "processes") == 1);
}

#[test]
fn the_window_of_the_memory_module_holds() {
    let helper = start(&[(0, "evil"), (2 * MIB, "evil")]);
    let count = |flags: String| {
        let processes = format!("-name {}$ {flags}", helper.name);
        let outcome =
            ask(&TestSession::new(), "rule e { strings: $e = \"evil\" condition: $e }", "", &processes);
        let text = elements(&outcome);
        text.split(r#""Offsets":["#)
            .nth(1)
            .map_or(0, |rest| rest.split(']').next().unwrap().split(',').count())
    };
    assert_eq!(count(format!("-offset {} -maxlength {}", helper.address, 3 * MIB)), 2);
    assert_eq!(count(format!("-offset {} -maxlength {MIB}", helper.address)), 1);
    assert_eq!(count(format!("-offset {} -maxlength {}", helper.address + 8, 3 * MIB)), 1);
}

#[test]
fn rules_that_can_not_apply_to_memory_are_named() {
    let helper = start(&[(0, "evil")]);
    let session = TestSession::new();
    let rules = r#"import "pe" rule p { condition: pe.is_pe }"#;
    let outcome = ask(&session, rules, "", &format!("-name {}$", helper.name));
    assert!(!outcome.found);
    let error =
        "the rules import modules: these know files only, and are undefined in the memory of processes";
    assert_eq!(session.soft_errors()[0], error);
}

/// A condition that runs for hours.
const ENDLESS: &str =
    "rule e { condition: for all i in (0..1000000) : ( for all j in (0..1000000) : ( i + j >= 0 ) ) }";

#[test]
fn a_stop_does_not_wait_for_a_rule() {
    let tree = tree(&[("a", b"x"), ("b", b"x")]);
    let session = RunSession::new(Budget::default());
    let cancel = session.cancel_handle();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.cancel();
        Instant::now()
    });
    let outcome = ask(&session, ENDLESS, &below(&tree), "");
    let end = Instant::now();
    assert_eq!(outcome.stopped, Some(Stop::Cancelled));
    // Far below the ten seconds that a file may take.
    assert!(end.duration_since(stopper.join().unwrap()) < Duration::from_secs(5));
}

#[test]
fn a_file_has_ten_seconds() {
    let tree = tree(&[("a", b"x")]);
    let session = TestSession::new();
    ask(&session, ENDLESS, &below(&tree), "");
    let error = format!("{}/a: not scanned: the rules took longer than 10s", tree.path().display());
    assert_eq!(session.soft_errors(), [error]);
}

#[test]
fn a_path_that_is_not_there_is_refused_on_this_machine() {
    let parameters = Parameters {
        yara: RULES.to_owned(),
        file_search: "-path /nowhere/at/all".to_owned(),
        ..Parameters::default()
    };
    let run = YaraModule.prepare(&json::to_value(&parameters).unwrap()).unwrap();
    assert!(run.check_here(&Machine::Running).is_err());
}
