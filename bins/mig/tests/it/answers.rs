//! Questions, answers, forms of output, exit codes.

use crate::support::{Run, World};
use std::fs;

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
fn texts_of_several_lines_are_lines_and_a_name_can_not_add_any() {
    let world = World::new();
    let name = "a\nmaster result: true";
    world.file(name, "");
    let files = world.files();
    let path = files.to_str().expect("text");
    let policy = format!(
        r#"{{"objects":[{{"object":"o","filename":{{"path":"{path}","file":"(?s)^(a.*)$"}}}}],
            "tests":[{{"test":"t","description":"the file","object":"o","exactmatch":{{"value":"b"}}}}]}}"#
    );
    let policy_file = world.path().join("policy.json");
    fs::write(&policy_file, policy).expect("a file");
    let policy_file = policy_file.to_str().expect("text");
    let run = world.mig(&["scribe", "-t", "local", "-path", policy_file, "-human"]);
    let expected = format!(
        "result for \"t\"\n    description: the file\n    master result: false\n    [false] identifier: \"{path}/a\\nmaster result: true\"\n"
    );
    assert_eq!((run.code, run.out.as_str()), (0, expected.as_str()), "{run:?}");
    let asked = world.mig(&["scribe", "-path", policy_file, "-human"]);
    let lines: Vec<&str> = asked.out.lines().filter_map(|line| Some(line.split_once(' ')?.1)).collect();
    assert_eq!(lines, expected.lines().collect::<Vec<_>>(), "{asked:?}");
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
fn every_format_says_whose_a_key_is_and_of_what_kind() {
    let world = World::new();
    for (name, more) in [("Ada <ada@example.org>", &[][..]), ("Bob", &["--rsa", "2048"])] {
        assert_eq!(world.mig(&[&["key", "new", "--name", name], more].concat()).code, 0);
    }
    for format in ["human", "json", "ndjson", "csv", "table"] {
        let run = world.mig(&["key", "list", "--format", format]);
        assert!(["Ada", "ed25519", "Bob", "rsa2048"].iter().all(|word| run.out.contains(word)), "{run:?}");
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
fn missing_path_is_refused() {
    let world = World::new();
    for target in ["all", "local"] {
        let run = world.mig(&["file", "-t", target, "-path", "/no/such/place", "-name", "x"]);
        run.is_refused(&["search 's1'", "/no/such/place"]);
    }
}

#[test]
fn what_could_not_be_looked_at_is_told_beside_the_answer() {
    let world = World::new();
    world.file("here", "");
    let run = world.search(&[], &["-path", "/no/such/place", "-name", "here"]);
    assert!(run.code == 0 && run.out.contains("/here "), "{run:?}");
    assert!(run.talk.contains("open /no/such/place: no such file or directory"), "{run:?}");
}

#[test]
fn an_answer_that_a_limit_cut_off_says_so() {
    let world = World::new();
    (0..3).for_each(|number| world.file(&format!("file{number}"), ""));
    let run = world.search(&[], &["-name", "file", "-matchlimit", "2"]);
    assert!(run.code == 0 && run.out.lines().count() == 2, "{run:?}");
    assert!(run.talk.contains("-matchlimit of 2"), "{run:?}");
}

#[test]
fn own_options_are_taken_behind_the_flags_of_the_module_too() {
    let world = World::new();
    let run = world.mig(&["file", "-path", "/etc", "-name", "x", "--dry-run", "--format", "json"]);
    assert!(run.code == 0 && run.out.contains("\"operations\""), "{run:?}");
    assert!(!world.path().join("state").exists(), "nothing is launched");
}

#[test]
fn stray_argument_is_refused() {
    let world = World::new();
    world.mig(&["file", "-path", "/etc", "stray", "-name", "x"]).is_refused(&["'stray'"]);
}

#[test]
fn wrong_option_is_refused_in_one_line() {
    let world = World::new();
    world.mig(&["--format", "xml", "file", "-path", "/etc"]).is_refused(&["xml"]);
    world.mig(&["results", "x"]).is_refused(&["x"]);
    world.mig(&["-format", "json"]).is_refused(&["a module"]);
}

#[test]
fn what_several_have_signed_is_launched_as_it_is() {
    let world = World::new();
    let asked = world.search(&["-s"], &["-name", "x"]);
    assert_eq!(asked.code, 0, "{asked:?}");
    world.file("signed.json", &asked.out);
    let file = world.files().join("signed.json");
    let file = file.to_str().expect("a path that is text");
    world.mig(&["action", "sign", "--in-place", file]).is_refused(&["signed.json", "has signed already"]);
    let other = world.mig(&["--quiet", "key", "new"]);
    let cosigned = world.mig(&["action", "sign", "--in-place", file, "--key", other.out.trim()]);
    assert_eq!(cosigned.code, 0, "{cosigned:?}");
    assert_eq!(world.mig(&["action", "verify", file]).out.lines().count(), 2);
    let launched = world.mig(&["-i", file]);
    assert!(launched.code == 0 && launched.talk.contains("1 of 1 agents answered"), "{launched:?}");
}

#[test]
fn a_key_that_its_owner_names_is_obeyed_on_this_machine() {
    let (world, other) = (World::new(), World::new());
    let key = other.mig(&["key", "new"]);
    let secret = other.mig(&["key", "export", "--secret", key.out.trim()]);
    world.file("key.asc", &secret.out);
    let file = world.files().join("key.asc");
    let run = world.search(&["--key-file", file.to_str().expect("text")], &["-name", "key.asc"]);
    assert!(run.code == 0 && run.out.contains("/key.asc ") && run.talk.contains("now obeys"), "{run:?}");
}

#[test]
fn the_first_key_signs_by_default_until_another_is_chosen() {
    let world = World::new();
    let [first, second] = [(), ()].map(|()| world.mig(&["key", "new"]).out.trim().to_owned());
    let listed = world.mig(&["--format", "csv", "key", "list"]).out;
    assert!(listed.contains(&format!("{first},yes")) && listed.contains(&format!("{second},no")), "{listed}");
    assert_eq!(world.mig(&["key", "default", &second]).code, 0);
    assert!(world.mig(&["--format", "csv", "key", "list"]).out.contains(&format!("{second},yes")));
}

/// A file of an image, and a link in it to a file of this machine.
fn image(world: &World) -> String {
    fs::create_dir(world.files().join("etc")).expect("a folder");
    fs::write(world.files().join("etc/of-the-image"), "root:").expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", world.files().join("etc/evil")).expect("a link");
    world.files().to_str().expect("a path that is text").to_owned()
}

#[test]
fn an_image_is_asked_by_its_own_paths() {
    let world = World::new();
    let root = image(&world);
    let question = ["file", "-path", "/etc", "-content", "root:"];
    let by_flag = world.mig(&[&["-t", "local", "--root", &root], &question[..]].concat());
    let mut command = world.command(&[&["-t", "local"], &question[..]].concat());
    let by_environment = Run::of(command.env("MIG_ROOT", &root).output().expect("mig starts"));
    for run in [by_flag, by_environment] {
        assert!(run.out.contains("/etc/of-the-image ["), "{run:?}");
        assert!(!run.out.contains("evil") && !run.out.contains("/etc/passwd ["), "{run:?}");
        assert!(!run.out.contains(&root), "{run:?}");
    }
}

#[test]
fn a_path_that_only_this_machine_has_is_missed_in_an_image() {
    let world = World::new();
    let root = image(&world);
    let run = world.mig(&["-t", "local", "--root", &root, "file", "-path", "/etc/passwd", "-name", "x"]);
    run.is_refused(&["cannot look into '/etc/passwd'"]);
}
