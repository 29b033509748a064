//! A machine with an agent, the keys of people who sign, and a server with another version.

use crate::server::{Answer, Server};
use mig_core::{
    agent::{Budget, RunSession, platform, worker},
    command::ModuleResult,
    json::{self, Value},
    limits,
    manifest::{ManifestEntry, ManifestResponse},
    sign::Signer,
    testing::person::Person,
};
use mig_modules::upgrade::{Settings, UpgradeModule};
use sha2::{Digest, Sha256};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;

/// Everything an upgrade needs, in a directory of its own.
pub(crate) struct World {
    place: TempDir,
    pub(crate) people: Vec<Person>,
    pub(crate) server: Server,
    pub(crate) settings: Settings,
}

impl World {
    /// Version 1.0 runs and is installed; the server has what a test gives.
    pub(crate) fn new(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let world = Self::without_agent(answer);
        let old = world.install("mig-agent-1.0", &world.agent("1.0", ""));
        symlink("mig-agent-1.0", world.link()).expect("a link");
        assert!(Command::new(&old).arg("-u").status().expect("it starts").success());
        world
    }

    /// A server with one program.
    pub(crate) fn with_program(make: impl Fn(&Self) -> String) -> Self {
        let program = std::sync::Arc::new(std::sync::OnceLock::<Vec<u8>>::new());
        let served = std::sync::Arc::clone(&program);
        let world = Self::new(move |_| Answer::Body(served.get().expect("a program").clone()));
        program.set(make(&world).into_bytes()).expect("the first program");
        world
    }

    pub(crate) fn without_agent(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        allow(place.path(), 0o755);
        for name in ["sbin", "keys", "run"] {
            fs::create_dir(place.path().join(name)).expect("a directory");
            allow(&place.path().join(name), 0o755);
        }
        let server = Server::start(answer);
        let roots = place.path().join("roots.pem");
        fs::write(&roots, &server.authority).expect("a file");
        let mut settings = Settings::default();
        settings.keys = place.path().join("keys");
        settings.directory = place.path().join("sbin");
        settings.extra_roots = Some(roots);
        settings.patience.start = Duration::from_secs(20);
        settings.patience.come_up = Duration::from_secs(20);
        settings.patience.settle = Duration::from_millis(300);
        let people: Vec<Person> = ["ada", "ben"].map(Person::new).into();
        for (number, person) in people.iter().enumerate() {
            let key = person.key.public_armored().expect("a key");
            put(&settings.keys.join(number.to_string()), key);
        }
        Self { place, people, server, settings }
    }

    /// Another server, which has this program only.
    pub(crate) fn serve(&mut self, program: &str) {
        let served = program.to_owned().into_bytes();
        self.server = Server::start(move |_| Answer::Body(served.clone()));
        let roots = self.settings.extra_roots.as_ref().expect("roots");
        fs::write(roots, &self.server.authority).expect("a file");
    }

    pub(crate) fn root(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn link(&self) -> PathBuf {
        self.settings.directory.join("mig-agent")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.settings.directory.join(name)
    }

    /// A program for the place.
    pub(crate) fn install(&self, name: &str, program: &str) -> PathBuf {
        let path = self.path(name);
        put(&path, program);
        allow(&path, 0o750);
        path
    }

    /// A small agent: `-u` starts a process that lives as long as this world, `-q pid` names the one that was started last if it lives.
    /// `instead` are cases of the shell before its own ones.
    pub(crate) fn agent(&self, version: &str, instead: &str) -> String {
        let run = self.root().join("run");
        format!(
            r#"#!/bin/sh
run='{run}'
echo "{version} $*" >> "$run/log"
case "$1" in
{instead}
-V) echo 'mig-agent {version}' ;;
-q) pid=$(cat "$run/pid") && kill -0 "$pid" && echo "$pid" ;;
-u) (while [ -d "$run" ]; do sleep 0.05; done) > /dev/null 2>&1 &
    echo $! > "$run/pid" ;;
esac
"#,
            run = run.display()
        )
    }

    /// What the agents were told, such as `1.0 -u`, without questions.
    pub(crate) fn orders(&self) -> Vec<String> {
        let log = json::lossy(&read(&self.root().join("run/log")));
        log.lines().filter(|line| line.ends_with(" -u")).map(str::to_owned).collect()
    }

    /// The process that the agent started last.
    pub(crate) fn pid(&self) -> u32 {
        self.pid_if_any().expect("a number")
    }

    /// `None` also while it is being written.
    pub(crate) fn pid_if_any(&self) -> Option<u32> {
        json::lossy(&read(&self.root().join("run/pid"))).trim().parse().ok()
    }

    pub(crate) fn sign(&self, person: usize, checksum: &str) -> String {
        let manifest = ManifestResponse {
            entries: Some(vec![ManifestEntry { name: "mig-agent".to_owned(), sha256: checksum.to_owned() }]),
            ..ManifestResponse::default()
        };
        let text = manifest.signed_text().expect("text");
        self.people[person].key.sign(text.as_bytes()).expect("a signature")
    }

    /// Parameters for this system.
    pub(crate) fn parameters(
        &self,
        version: &str,
        location: &str,
        checksum: &str,
        signatures: &[String],
    ) -> Value {
        let text = |text: &str| json::to_string(text).expect("text");
        let signatures: Vec<String> = signatures.iter().map(|line| text(line)).collect();
        let parameters = format!(
            r#"{{"{}":{{"to_version":{},"location":{},"checksum":{},"signatures":[{}]}}}}"#,
            platform(),
            text(version),
            text(location),
            text(checksum),
            signatures.join(",")
        );
        json::from_str(&parameters).expect("parameters")
    }

    /// To version 2.0, signed by the first person, where the checksum is that of this program.
    pub(crate) fn to(&self, program: &str) -> Value {
        let checksum = checksum(program.as_bytes());
        self.parameters("2.0", &self.server.url("mig-agent"), &checksum, &[self.sign(0, &checksum)])
    }

    pub(crate) fn run(&self, parameters: &Value) -> ModuleResult {
        self.run_in(parameters, RunSession::new(Budget::default()))
    }

    pub(crate) fn run_in(&self, parameters: &Value, session: RunSession) -> ModuleResult {
        worker::run_in_session(&UpgradeModule::new(self.settings.clone()), parameters, session).0
    }

    /// The only error of an upgrade that has failed.
    pub(crate) fn refused(&self, parameters: &Value) -> String {
        only_error(&self.run(parameters))
    }

    /// Version 1.0 is used, it was started once only, and nothing else is there.
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(fs::read_link(self.link()).expect("a link"), Path::new("mig-agent-1.0"));
        assert_eq!(self.names(), ["mig-agent", "mig-agent-1.0"]);
        assert_eq!(self.orders(), ["1.0 -u"]);
    }

    /// What is in the place.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.settings.directory).expect("a directory");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> = entries.map(|entry| name(entry).into_string().expect("text")).collect();
        names.sort();
        names
    }
}

/// Whatever the mask of this process is.
pub(crate) fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// A file that others can read only.
pub(crate) fn put(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).expect("a file");
    allow(path, 0o644);
}

pub(crate) fn only_error(result: &ModuleResult) -> String {
    assert!(!result.success && !result.found_anything && result.elements.is_null(), "{result:?}");
    match result.errors.as_deref() {
        Some([error]) => error.clone(),
        errors => panic!("{errors:?}"),
    }
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    limits::read_file(path, 1 << 20).expect("a file")
}

pub(crate) fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
