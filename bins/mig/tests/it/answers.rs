//! Questions, answers, forms of output, exit codes.

use crate::support::{Run, World};

#[test]
fn the_first_answer_needs_nothing_but_the_command() {
    let world = World::new();
    world.file("passwd", "root:x:0:0\n");
    let run = world.search(&[], &["-name", "^passwd$", "-content", "^root:"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("/files/passwd [lastmodified:"), "{run:?}");
    assert!(run.talk.contains("made the key") && run.talk.contains("embedded mode"), "{run:?}");
    let again = world.search(&[], &["-name", "^passwd$"]);
    assert!(!again.talk.contains("made the key"), "{again:?}");
}

#[test]
fn what_was_asked_is_remembered_and_shown_again() {
    let world = World::new();
    world.file("hosts", "127.0.0.1\n");
    let asked = world.search(&["--format", "ndjson"], &["-name", "hosts"]);
    let id =
        asked.out.split_once("\"action\":").expect("an id").1.split_once(',').expect("more").0.to_owned();
    let listed = world.mig(&["actions", "--format", "ndjson"]);
    assert!(listed.out.contains(&id) && listed.out.contains("\"completed\""), "{listed:?}");
    let shown = world.mig(&["results", &id]);
    assert!(shown.code == 0 && shown.out.contains("/files/hosts"), "{shown:?}");
}

#[test]
fn exit_codes_say_what_was_found() {
    let world = World::new();
    assert_eq!(world.search(&[], &["-name", "nothing"]).code, 0);
    assert_eq!(world.search(&["--exit-found"], &["-name", "nothing"]).code, 1);
    let nobody = world.mig(&["file", "-t", "name = 'another'", "-path", "/", "-name", "x"]);
    assert_eq!(nobody.code, 4, "{nobody:?}");
}

#[test]
fn every_format_holds_the_file() {
    let world = World::new();
    world.file("one", "");
    for format in ["human", "json", "ndjson", "csv", "table"] {
        let run = world.search(&["--format", format], &["-name", "^one$"]);
        assert_eq!(run.code, 0, "{format}: {run:?}");
        assert!(run.out.replace(['\n', ' ', '│', '┆'], "").contains("one"), "{format}: {run:?}");
    }
}

#[test]
fn own_options_are_taken_before_the_module_and_right_behind_it() {
    let world = World::new();
    world.file("one", "");
    let files = world.files();
    let path = files.to_str().expect("text");
    let behind = world.mig(&["file", "--format", "csv", "-path", path, "-name", "one"]);
    let before = world.search(&["--format", "csv"], &["-name", "one"]);
    let answers = |run: &Run| {
        run.out.lines().filter_map(|line| Some(line.split_once("success,")?.1.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(answers(&behind), answers(&before));
    assert_eq!(answers(&behind).len(), 1);
}

#[test]
fn a_dry_run_prints_the_action_and_leaves_nothing_behind() {
    let world = World::new();
    let run = world.search(&["--dry-run", "--format", "json"], &["-name", "x"]);
    assert!(run.code == 0 && run.out.contains("\"pgpsignatures\": []"), "{run:?}");
    assert!(!world.path().join("state").exists());
}

#[test]
fn two_runs_at_once_both_succeed() {
    let world = World::new();
    world.file("one", "");
    let files = world.files();
    let path = files.to_str().expect("text");
    let start = || world.command(&["file", "-path", path, "-name", "^one$"]).spawn().expect("mig starts");
    let runs: Vec<_> = (0..4).map(|_| start()).collect();
    for run in runs {
        let run = Run::of(run.wait_with_output().expect("mig ends"));
        assert!(run.code == 0 && run.out.contains("/files/one"), "{run:?}");
    }
    let listed = world.mig(&["actions", "--format", "csv"]);
    assert_eq!(listed.out.matches("completed").count(), 4, "{listed:?}");
}

#[test]
fn invalid_regex_is_refused() {
    World::new().search(&[], &["-name", "("]).is_refused(&["file", "'('"]);
}

#[test]
fn invalid_size_is_refused() {
    World::new().search(&[], &["-size", "1x"]).is_refused(&["size", "1x"]);
}

#[test]
fn invalid_mode_is_refused() {
    World::new().search(&[], &["-mode", "["]).is_refused(&["'['"]);
}

#[test]
fn invalid_mtime_is_refused() {
    World::new().search(&[], &["-mtime", "soon"]).is_refused(&["mtime", "soon"]);
}

#[test]
fn invalid_digest_is_refused() {
    World::new().search(&[], &["-sha2", "abc"]).is_refused(&["ABC"]);
}

#[test]
fn unknown_module_is_refused() {
    World::new().mig(&["nosuch", "-x"]).is_refused(&["nosuch"]);
}

#[test]
fn unknown_flag_is_refused() {
    World::new().search(&[], &["-nosuch", "x"]).is_refused(&["-nosuch"]);
}

#[test]
fn target_syntax_error_is_refused_with_its_place() {
    World::new()
        .mig(&["file", "-t", "nme = 'x'", "-path", "/", "-name", "x"])
        .is_refused(&["nme", "character 1"]);
}

#[test]
fn malformed_json_is_refused_with_its_place() {
    let world = World::new();
    world.file("action.json", "{\"name\":");
    let file = world.files().join("action.json");
    world.mig(&["-i", file.to_str().expect("text")]).is_refused(&["action.json", "line 1"]);
}

#[test]
fn a_missing_path_is_a_soft_error_of_the_answer() {
    let world = World::new();
    let run = world.mig(&["file", "-show", "all", "-path", "/no/such/place", "-name", "x"]);
    assert!(run.code == 0 && run.out.contains("open /no/such/place"), "{run:?}");
}
