//! The program itself.

use mig_core::{
    sign::{KeyAlgorithm, SecretKey},
    time::Time,
    token,
};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Output, Stdio},
};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mig-api"))
}

fn error_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn store(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("mig.db").display())
}

#[test]
fn the_version_is_told() {
    let output = program().arg("-V").output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, concat!("mig-api ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
}

#[test]
fn a_start_that_fails_ends_with_9_and_all_reasons() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("api.cfg");
    std::fs::write(&path, "[server]\nport = many\nhots = x\n[authentication]\ntokenduration = 5x\n").unwrap();
    let output = program().arg("-c").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    let error = error_of(&output);
    for part in ["line 2: server.port", "line 3: server.hots", "line 5: authentication.tokenduration"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_platform_without_a_database_is_told_how_to_get_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("api.cfg");
    std::fs::write(&path, "[server]\nport = 0\n").unwrap();
    let output = program().arg("-c").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    assert!(error_of(&output).contains("no database is named"), "{}", error_of(&output));
}

#[cfg(unix)]
#[test]
fn the_first_administrator_is_added_and_calls_until_the_program_is_told_to_stop() {
    let directory = tempfile::tempdir().unwrap();
    let secret = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap();
    let (key, config) = (directory.path().join("ann.asc"), directory.path().join("api.cfg"));
    std::fs::write(&key, secret.public_armored().unwrap()).unwrap();
    std::fs::write(&config, "[server]\nport = 0\n[logging]\nmode = stdout\nlevel = info\n").unwrap();
    let common = ["--store", &store(directory.path()), "-c", config.to_str().unwrap()];
    for _ in 0..2 {
        let output =
            program().args(common).args(["--add-administrator", "Ann", "--key"]).arg(&key).output().unwrap();
        assert!(output.status.success(), "{}", error_of(&output));
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            told.starts_with("investigator 1 with key ") && told.ends_with(" has all rights\n"),
            "{told}"
        );
    }
    let mut server = program().args(common).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("the API listens") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the server ended");
    }
    let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap();
    let token = token::make(&secret, Time::now(), 1).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "GET /api/v1/search?type=investigator HTTP/1.1\r\nHost: localhost\r\nConnection: close";
    write!(stream, "{head}\r\nX-PGPAUTHORIZATION: {token}\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("\"Ann\""), "{reply}");
    let kill = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert!(server.wait().unwrap().success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("caller=\"Ann 1\"") && rest.contains("status=200"), "{rest}");
}
