//! With real processes. The program of the agent is a copy of grep(1), which waits for input, and prints a text when it is asked
//! with `-V`.

use super::*;
use crate::agentdestroy::AgentDestroyModule;
use mig_core::{
    agent::{Budget, RunSession, worker},
    command::ModuleResult,
    json,
    module::{Machine, Module},
};
use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A running program in a directory of its own, ended with the test.
struct Agent {
    child: Child,
    path: PathBuf,
    _directory: TempDir,
}

impl Agent {
    fn start(name: &str, mode: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        fs::copy(grep(), &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let child = spawn(&path, &["x"]);
        Self { child, path, _directory: directory }
    }

    fn destroy(&self, version: &str) -> ModuleResult {
        destroy(self.child.id(), version)
    }

    /// Whether it was killed; a killed child is a zombie until it is waited for, and no longer runs anything.
    fn is_killed(&mut self) -> bool {
        // Signals arrive at once, but their work takes a moment.
        (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            self.child.try_wait().unwrap().is_some()
        })
    }

    fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn grep() -> PathBuf {
    fs::canonicalize("/bin/grep").unwrap()
}

/// Starts a program, and waits until it runs: before exec(2) it is a copy of this one.
fn spawn(path: &Path, arguments: &[&str]) -> Child {
    // A process that another test starts meanwhile may still hold the file open for writing.
    let child = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let command = Command::new(path).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        command.ok()
    });
    let child = child.unwrap();
    let link = format!("/proc/{}/exe", child.id());
    while fs::read_link(&link).unwrap() != path {
        std::thread::yield_now();
    }
    child
}

/// What our copies say of themselves, behind the name of an agent.
fn version() -> String {
    let output = Command::new(grep()).arg0("mig-agent").arg("-V").env_clear().output().unwrap();
    let text = json::lossy(&output.stdout);
    text.strip_prefix("mig-agent ").and_then(|text| text.strip_suffix('\n')).unwrap().to_owned()
}

fn destroy_on(machine: Machine, pid: Pid, version: &str) -> ModuleResult {
    let version = json::to_string(version).unwrap();
    let parameters = json::from_str(&format!(r#"{{"pid":{pid},"version":{version}}}"#)).unwrap();
    let session = RunSession::new(Budget::default()).on(machine);
    worker::run_in_session(&AgentDestroyModule, &parameters, session).0
}

fn destroy(pid: Pid, version: &str) -> ModuleResult {
    destroy_on(Machine::Running, pid, version)
}

fn only_error(result: &ModuleResult) -> &str {
    assert!(!result.success && !result.found_anything && result.elements == Value::Null, "{result:?}");
    match result.errors.as_deref() {
        Some([error]) => error,
        errors => panic!("{errors:?}"),
    }
}

#[test]
fn an_agent_is_killed_and_its_program_removed() {
    let mut agent = Agent::start("mig-agent", 0o755);
    let result = agent.destroy(&version());
    let (pid, path) = (agent.child.id(), agent.path.display());
    let text =
        format!("PID {pid} from agent {} has been killed and its executable removed from {path}", version());
    assert_eq!(result.elements, Value::from(text));
    assert!(result.success && !result.found_anything && result.errors.is_none(), "{result:?}");
    assert!(agent.is_killed() && !agent.path.exists());
}

#[test]
fn other_programs_are_never_run_or_killed() {
    for name in ["sshd", "mig-agent-1.0", "mig-agentx", "xmig-agent", "mig-agent "] {
        let mut other = Agent::start(name, 0o755);
        let result = other.destroy(&version());
        assert!(only_error(&result).contains("is not an agent: "), "{result:?}");
        assert!(other.is_alive() && other.path.exists());
    }
}

#[test]
fn a_program_that_others_can_write_is_not_believed_to_be_an_agent() {
    for mode in [0o775, 0o757] {
        let mut agent = Agent::start("mig-agent", mode);
        let result = agent.destroy(&version());
        assert!(only_error(&result).ends_with("may be anybody's: it can be written by others"), "{result:?}");
        assert!(agent.is_alive() && agent.path.exists());
    }
}

#[test]
fn an_agent_of_another_version_lives_on() {
    let mut agent = Agent::start("mig-agent", 0o755);
    let result = agent.destroy("1.0");
    let expected = format!("Version mismatch. Expected '1.0', found '{}'", version());
    assert_eq!(only_error(&result), expected);
    assert!(agent.is_alive() && agent.path.exists());
}

#[test]
fn a_program_in_a_directory_that_others_can_write_is_not_removed_and_the_agent_lives_on() {
    let mut agent = Agent::start("mig-agent", 0o755);
    fs::set_permissions(agent.path.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    let result = agent.destroy(&version());
    let expected = format!("Failed to remove executable '{}': ", agent.path.display());
    assert!(only_error(&result).starts_with(&expected), "{result:?}");
    assert!(agent.is_alive() && agent.path.exists());
}

#[test]
fn the_file_that_took_the_place_of_a_deleted_program_stays() {
    let mut agent = Agent::start("mig-agent", 0o755);
    fs::remove_file(&agent.path).unwrap();
    fs::write(&agent.path, "the next version").unwrap();
    let result = agent.destroy(&version());
    let text = format!("PID {} from agent {} has been killed", agent.child.id(), version());
    assert_eq!(result.elements, Value::from(text));
    assert!(agent.is_killed());
    assert_eq!(mig_core::limits::read_file(&agent.path, 100).unwrap(), b"the next version");
}

#[test]
fn a_program_that_this_process_uses_as_well_is_not_removed() {
    let own = std::env::current_exe().unwrap();
    let directory = tempfile::tempdir_in(own.parent().unwrap()).unwrap();
    let path = directory.path().join("mig-agent");
    fs::hard_link(&own, &path).unwrap();
    let waiting =
        ["--exact", "agentdestroy::run::tests::an_agent_waits_for_the_end_of_its_input", "--ignored"];
    let mut agent = Agent { child: spawn(&path, &waiting), path, _directory: directory };
    let result = agent.destroy("any");
    assert!(result.success, "{result:?}");
    let errors = result.errors.unwrap();
    assert_eq!(errors, ["Executable not removed because current agent uses it as well"]);
    assert!(agent.is_killed() && agent.path.exists());
}

/// Started by the test above.
#[test]
#[ignore = "waits for the end of its input"]
fn an_agent_waits_for_the_end_of_its_input() {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

#[test]
fn the_agent_does_not_end_itself() {
    for pid in [std::process::id(), std::os::unix::process::parent_id()] {
        let result = destroy(pid, "x");
        assert_eq!(only_error(&result), format!("PID '{pid}' is mine. Refusing to suicide."));
    }
}

#[test]
fn a_process_that_does_not_exist_is_not_found() {
    let mut agent = Agent::start("mig-agent", 0o755);
    let pid = agent.child.id();
    agent.child.kill().unwrap();
    agent.child.wait().unwrap();
    let result = destroy(pid, "x");
    let error = only_error(&result);
    assert!(
        error.starts_with(&format!("Executable path of PID '{pid}' not found: '/proc/{pid}: ")),
        "{error}"
    );
    assert!(agent.path.exists());
    assert_eq!(only_error(&destroy(1 << 22, "x")), "PID '4194304' is not in the range [2:65535]");
}

#[test]
fn nothing_runs_on_an_image() {
    let root = tempfile::tempdir().unwrap();
    let result = destroy_on(Machine::image(root.path()).unwrap(), 1000, "x");
    assert_eq!(only_error(&result), "ending processes needs a running machine, not an image");
}

#[test]
fn it_is_told_that_it_changes_the_machine() {
    assert_eq!(AgentDestroyModule.info().effects, mig_core::module::Effects::Changes);
}
