//! What files of a Linux system say about it.

use crate::{json, limits};
use std::{fs, path::Path};

/// Largest file that is read here; those of the kernel have no size.
const MAX_BYTES: usize = 256 << 10;

/// Name and version of the distribution.
pub(super) fn ident() -> Option<String> {
    ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| pretty_name(&read(path)?))
}

/// The init system, by the original's names.
pub(super) fn init() -> String {
    let command = read("/proc/1/comm").unwrap_or_default();
    let link = fs::read_link("/sbin/init").unwrap_or_default();
    init_named(command.trim(), &link).to_owned()
}

fn init_named(command: &str, sbin_init: &Path) -> &'static str {
    let link = sbin_init.to_string_lossy();
    let is = |name: &str| command == name || (command == "init" && link.contains(name));
    match command {
        _ if is("systemd") => "systemd",
        _ if is("upstart") => "upstart",
        "init" => "sysvinit",
        _ => "sysvinit-fallback",
    }
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    let name = value.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

pub(super) fn read(path: &str) -> Option<String> {
    limits::read_file(Path::new(path), MAX_BYTES).ok().map(|text| json::lossy(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_known_by_its_pretty_name() {
        let text = "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(pretty_name(text).unwrap(), "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(pretty_name("PRETTY_NAME='Void'").unwrap(), "Void");
        assert_eq!(pretty_name("PRETTY_NAME=\nNAME=x"), None);
    }

    #[test]
    fn init_systems_have_the_names_of_the_original() {
        assert_eq!(init_named("systemd", Path::new("")), "systemd");
        assert_eq!(init_named("init", Path::new("/lib/systemd/systemd")), "systemd");
        assert_eq!(init_named("init", Path::new("upstart")), "upstart");
        assert_eq!(init_named("init", Path::new("")), "sysvinit");
        assert_eq!(init_named("bash", Path::new("/lib/systemd/systemd")), "sysvinit-fallback");
    }
}
