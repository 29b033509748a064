//! What only Unix has: links for everybody, and an image with them.

use super::*;
use mig_core::module::Machine;
use std::{
    num::NonZeroUsize,
    os::unix::fs::symlink,
    time::{Duration, Instant, SystemTime},
};

/// A test session that looks at an image.
#[derive(Debug)]
struct OnImage(TestSession, Machine);

impl Session for OnImage {
    fn checkpoint(&self) -> Result<(), Stop> {
        self.0.checkpoint()
    }

    fn count(&self, results: u64) -> Result<(), Stop> {
        self.0.count(results)
    }

    fn soft_error(&self, error: String) {
        self.0.soft_error(error);
    }

    fn threads(&self) -> NonZeroUsize {
        Session::threads(&self.0)
    }

    fn started(&self) -> SystemTime {
        Session::started(&self.0)
    }

    fn machine(&self) -> &Machine {
        &self.1
    }
}

#[test]
fn links_of_an_image_lead_where_they_would_on_the_machine() {
    let root = tree(&[("opt/real/app.conf", "version=1.5\n"), ("etc/own.conf", "version=2.0\n")]);
    let outside = tree(&[("app.conf", "version=9.9\n")]);
    symlink("/opt/real/app.conf", root.path().join("etc/absolute.conf")).unwrap();
    symlink(outside.path().join("app.conf"), root.path().join("etc/outside.conf")).unwrap();
    symlink("/opt/real", root.path().join("etc/directory")).unwrap();
    let session = OnImage(TestSession::new(), Machine::image(root.path()).unwrap());
    let found = outcomes(
        r#"{"objects":[
            {"object":"content","filecontent":{"path":"/etc","file":"\\.conf$","expression":"^version=(.*)"}},
            {"object":"line","hasline":{"path":"/etc","file":"\\.conf$","expression":"=1"}},
            {"object":"name","filename":{"path":"/etc","file":"^(.*)\\.conf$"}},
            {"object":"link","filename":{"path":"/etc/directory","file":"(.*)"}},
            {"object":"file","filecontent":{"path":"/etc/absolute.conf","file":"conf","expression":"(=.*)"}}],
        "tests":[
            {"test":"content","object":"content","evr":{"operation":"<","value":"1.9"}},
            {"test":"line","object":"line","exactmatch":{"value":"true"}},
            {"test":"name","object":"name","regexp":{"value":"abs"}},
            {"test":"link","object":"link"},
            {"test":"file","object":"file"}]}"#,
        &session,
    );
    assert_eq!(
        found,
        [
            vec!["/etc/absolute.conf:true", "/etc/own.conf:false"],
            vec!["/etc/absolute.conf:true", "/etc/own.conf:false"],
            vec!["/etc/absolute.conf:true", "/etc/own.conf:false"],
            vec![],
            vec!["/opt/real/app.conf:true"],
        ]
    );
    let errors = session.0.soft_errors();
    assert_eq!(errors, ["warning: /etc/directory is a link to /opt/real and was not followed"]);
}

#[test]
fn links_to_files_are_followed_and_those_to_directories_are_named() {
    let root = tree(&[("real/v.conf", "version=1\n"), ("links/own.conf", "")]);
    symlink("../real/v.conf", root.path().join("links/v")).unwrap();
    symlink("../real", root.path().join("links/inner")).unwrap();
    symlink("nowhere", root.path().join("links/dangling")).unwrap();
    symlink("real", root.path().join("to_real")).unwrap();
    let session = TestSession::new();
    let place = place(&root);
    let found = outcomes(
        &format!(
            r#"{{"objects":[
                {{"object":"a","filecontent":{{"path":"{place}/links","file":".","expression":"version=(.)"}}}},
                {{"object":"b","filecontent":{{"path":"{place}/to_real","file":".","expression":"version=(.)"}}}},
                {{"object":"c","filecontent":{{"path":"{place}/missing","file":".","expression":"(.)"}}}}],
            "tests":[{{"test":"a","object":"a"}},{{"test":"b","object":"b"}},{{"test":"c","object":"c"}}]}}"#
        ),
        &session,
    );
    assert_eq!(found, [vec![format!("{place}/links/v:true")], vec![], vec![]]);
    let wanted = format!("warning: {place}/to_real is a link to {place}/real and was not followed");
    assert_eq!(session.soft_errors(), [wanted], "what is missing hides nothing");
}

#[test]
fn a_stop_ends_the_run_without_half_an_answer() {
    let text = r#"{"objects":[{"object":"a","hasline":{"path":"/usr","file":".","expression":"x"}}],
        "tests":[{"test":"a","object":"a"}]}"#;
    let session = TestSession::new().stop_after(50, Stop::Cancelled);
    let begin = Instant::now();
    assert_eq!(policy(text).evaluate(&NoPackages, &session).unwrap_err(), Stop::Cancelled);
    assert!(begin.elapsed() < Duration::from_secs(2));
}
