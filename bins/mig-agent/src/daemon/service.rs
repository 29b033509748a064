//! `-u`: this program as the service of the machine. So far of systemd.

use crate::tell;
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The unit as it is shipped; the program and the configuration take their places in it.
const UNIT: &str = include_str!("../../../../deploy/systemd/mig-agent.service");
const SHIPPED_START: &str = "ExecStart=/usr/sbin/mig-agent -f -c /etc/mig/mig-agent.cfg";

/// Where a service manager is told of services.
#[derive(Debug)]
struct Manager {
    units: PathBuf,
    control: PathBuf,
}

/// True if there is a service manager that we know.
pub(super) fn is_possible() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Installs and starts the service; returns when it is started.
pub(super) fn install(config: &Path) -> Result<()> {
    if !is_possible() {
        bail!("no service manager that the agent knows runs here (systemd): start it with -f from yours");
    }
    let manager = Manager { units: "/etc/systemd/system".into(), control: "systemctl".into() };
    let program = env::current_exe().context("the path of this program")?;
    let config = std::path::absolute(config).context("the path of the configuration")?;
    manager.install(&program, &config)
}

impl Manager {
    fn install(&self, program: &Path, config: &Path) -> Result<()> {
        let path = self.units.join("mig-agent.service");
        let unit = unit(program, config)?;
        fs::write(&path, unit).with_context(|| format!("cannot write {}: are you root?", path.display()))?;
        for arguments in [&["daemon-reload"][..], &["enable", "mig-agent"], &["restart", "mig-agent"]] {
            self.control(arguments)?;
        }
        tell("the service mig-agent is installed and started");
        Ok(())
    }

    fn control(&self, arguments: &[&str]) -> Result<()> {
        let what = || format!("{} {}", self.control.display(), arguments.join(" "));
        let mut command = Command::new(&self.control);
        let output = command.args(arguments).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot run {}", what()))?;
        if !output.status.success() {
            let said = mig_core::json::lossy(&output.stderr);
            bail!("{} ended with {}: {}", what(), output.status, said.trim());
        }
        Ok(())
    }
}

fn unit(program: &Path, config: &Path) -> Result<String> {
    let quoted = |path: &Path| -> Result<String> {
        match path.to_str() {
            // What systemd would take apart or replace.
            Some(text) if !text.contains(['"', '\\', '%', '$', '\n', '\r']) => Ok(format!("\"{text}\"")),
            _ => bail!(
                "systemd can not start '{}': move it to a path without quotes, backslashes, % and $",
                path.display()
            ),
        }
    };
    let start = format!("ExecStart={} -f -c {}", quoted(program)?, quoted(config)?);
    Ok(UNIT.replace(SHIPPED_START, &start))
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A manager that writes down what it is told, and fails at `refused`.
    fn manager(directory: &Path, refused: &str) -> Manager {
        let control = directory.join("control");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >>{}/told\ntest \"$1\" != '{refused}' || {{ echo no >&2; exit 3; }}\n",
            directory.display()
        );
        fs::write(&control, script).unwrap();
        fs::set_permissions(&control, fs::Permissions::from_mode(0o755)).unwrap();
        Manager { units: directory.to_owned(), control }
    }

    fn text(path: PathBuf) -> String {
        String::from_utf8(mig_core::limits::read_file(&path, 10_000).unwrap()).unwrap()
    }

    #[test]
    fn the_unit_starts_this_program_with_this_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let manager = manager(directory.path(), "");
        manager.install(Path::new("/sbin/mig-agent-2"), Path::new("/etc/my mig/a.cfg")).unwrap();
        let unit = text(directory.path().join("mig-agent.service"));
        assert!(unit.contains("ExecStart=\"/sbin/mig-agent-2\" -f -c \"/etc/my mig/a.cfg\"\n"), "{unit}");
        assert!(!unit.contains("/usr/sbin"));
        let told = text(directory.path().join("told"));
        assert_eq!(told, "daemon-reload\nenable mig-agent\nrestart mig-agent\n");
    }

    #[test]
    fn a_service_that_does_not_start_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let manager = manager(directory.path(), "restart");
        let error = manager.install(Path::new("/sbin/a"), Path::new("/c")).unwrap_err().to_string();
        assert!(error.contains("restart mig-agent ended with") && error.ends_with(": no"), "{error}");
    }

    #[test]
    fn a_path_that_systemd_would_change_is_refused() {
        assert!(unit(Path::new("/sbin/a%n"), Path::new("/c")).is_err());
    }
}
