//! What an agent finds out about its machine, without asking the network and without starting a program.

mod addresses;
mod linux;

use super::identity::AgentName;
use crate::{
    agent_info::{AgentInfo, Environment},
    module::Registry,
    time::Time,
};
use std::{collections::BTreeMap, env::consts};

impl AgentInfo {
    /// What an agent that starts now on this machine says of itself.
    #[must_use]
    pub fn of_this_machine(name: &AgentName, registry: &Registry, tags: BTreeMap<String, String>) -> Self {
        let environment = Environment::of_this_machine(registry);
        let now = Time::now();
        Self {
            name: host_name(),
            queue_location: name.queue_location(&environment.os),
            mode: "daemon".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id().into(),
            start_time: now,
            destruction_time: Time::NOT_FINISHED,
            heartbeat_time: now,
            refresh_time: now,
            environment,
            tags,
            ..Self::default()
        }
    }
}

impl Environment {
    /// System, addresses and modules. What can not be found out stays empty.
    #[must_use]
    pub fn of_this_machine(registry: &Registry) -> Self {
        Self {
            init: init(),
            ident: linux::ident().unwrap_or_else(|| consts::OS.to_owned()),
            os: go_os(consts::OS).to_owned(),
            arch: go_arch(consts::ARCH).to_owned(),
            addresses: addresses::of_this_machine(),
            modules: registry.iter().map(|module| module.name().to_owned()).collect(),
            ..Self::default()
        }
    }
}

/// What this program was built for, in the names of Go, such as `linux/amd64`.
#[must_use]
pub fn platform() -> String {
    format!("{}/{}", go_os(consts::OS), go_arch(consts::ARCH))
}

/// The name the kernel has for the machine.
#[must_use]
pub fn host_name() -> String {
    #[cfg(unix)]
    let name = crate::json::lossy(rustix::system::uname().nodename().to_bytes());
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

fn init() -> String {
    match consts::OS {
        "linux" => linux::init(),
        "macos" => "launchd".to_owned(),
        other => other.to_owned(),
    }
}

/// Go calls some systems by other names.
fn go_os(rust: &str) -> &str {
    match rust {
        "macos" => "darwin",
        other => other,
    }
}

fn go_arch(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "loongarch64" => "loong64",
        "mips" if cfg!(target_endian = "little") => "mipsle",
        "mips64" if cfg!(target_endian = "little") => "mips64le",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_have_the_names_of_go() {
        assert_eq!(go_os("linux"), "linux");
        assert_eq!(go_os("macos"), "darwin");
        assert_eq!(go_arch("x86_64"), "amd64");
        assert_eq!(go_arch("aarch64"), "arm64");
        assert_eq!(go_arch("riscv64"), "riscv64");
        assert_eq!(platform(), format!("{}/{}", go_os(consts::OS), go_arch(consts::ARCH)));
    }

    #[test]
    fn this_machine_can_be_targeted_by_what_it_says() {
        let directory = tempfile::tempdir().unwrap();
        let name = AgentName::load_or_create(directory.path()).unwrap();
        let info = AgentInfo::of_this_machine(&name, &Registry::default(), BTreeMap::new());
        assert!(!info.name.is_empty() && !info.environment.ident.is_empty() && info.pid > 0);
        assert!(info.queue_location.starts_with(&format!("{}.", info.environment.os)));
        let target = crate::target::Target::parse("environment->>'arch' <> '' AND mode = 'daemon'").unwrap();
        assert!(target.evaluate(&info, Time::now()).is_true());
    }
}
