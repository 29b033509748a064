//! What only Windows has: drives, two separators, names in any letters, names of devices, and paths in a form of their own.

use super::*;

/// A directory by its plain path, as the disk spells it.
fn place() -> (TempDir, String) {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().canonicalize().expect("a directory");
    let path = path.to_str().expect("text").trim_start_matches(r"\\?\").to_owned();
    (root, path)
}

/// Makes a file whose name Windows would otherwise take for another one.
fn write_exactly(root: &str, name: &str, content: &str) {
    fs::write(format!(r"\\?\{root}\{name}"), content).expect("a file");
}

fn found(report: &Report) -> Vec<&str> {
    paths(report, 0).into_iter().map(|path| path.to_str().expect("text")).collect()
}

#[test]
fn paths_are_shown_with_backslashes_whatever_separates_them_in_a_query() {
    let (_root, root) = place();
    fs::create_dir(format!(r"{root}\directory")).expect("a directory");
    fs::write(format!(r"{root}\directory\file"), "x").expect("a file");
    let wanted = format!(r"{root}\directory\file");
    for path in
        [root.clone(), root.replace('\\', "/"), format!(r"{root}\directory\..\directory\"), wanted.clone()]
    {
        let path = mig_modules::scan::clean(Path::new(&path));
        assert_eq!(found(&run(vec![all(&path, vec![content("x")])])), [&*wanted], "{path:?}");
    }
}

#[test]
fn a_place_that_is_named_in_several_ways_is_searched_once() {
    let (_root, root) = place();
    fs::write(format!(r"{root}\File"), "x").expect("a file");
    let spellings = [root.clone(), root.to_uppercase(), root.to_lowercase(), format!(r"{root}\FILE")];
    let query =
        Query { paths: spellings.map(PathBuf::from).into(), ..all(Path::new(""), vec![content("x")]) };
    let report = run(vec![query]);
    assert_eq!(found(&report), [format!(r"{root}\File")]);
    assert_eq!(report.statistics.files, 1);
}

#[test]
fn files_whose_names_windows_would_change_are_read_themselves() {
    let (_root, root) = place();
    write_exactly(&root, "evil.", "needle");
    write_exactly(&root, "evil", "hay");
    write_exactly(&root, "aux", "needle");
    write_exactly(&root, "nul.txt", "needle");
    let report = run(vec![all(Path::new(&root), vec![content("needle")])]);
    assert_eq!(
        found(&report),
        [format!(r"{root}\aux"), format!(r"{root}\evil."), format!(r"{root}\nul.txt")]
    );
    let report = run(vec![all(Path::new(&format!(r"{root}\evil.")), vec![content("needle")])]);
    assert_eq!(found(&report), [format!(r"{root}\evil.")], "{:?}", report.problems);
}

#[test]
fn a_drive_is_a_path() {
    let (_root, root) = place();
    let drive = root.get(..3).expect("a drive");
    let report = run(vec![Query { max_depth: Some(1), ..all(Path::new(drive), vec![name("no such name")]) }]);
    assert_eq!((report.statistics.open_failed, problems(&report)), (0, Vec::new()));
}

#[test]
fn a_file_that_must_not_be_written_has_another_mode() {
    let (_root, root) = place();
    let path = format!(r"{root}\file");
    fs::write(&path, "x").expect("a file");
    let mode = || {
        let report = run(vec![all(Path::new(&root), vec![content("x")])]);
        report.hits[0][0].file.metadata.expect("metadata").mode
    };
    assert_eq!(mode(), 0o100_666);
    let mut permissions = fs::metadata(&path).expect("metadata").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).expect("permissions");
    assert_eq!(mode(), 0o100_444);
    #[expect(clippy::permissions_set_readonly_false, reason = "Windows has nobody else to let in by that")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).expect("permissions");
}
