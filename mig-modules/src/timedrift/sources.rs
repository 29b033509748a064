//! Which servers a machine takes its time from, by the files of its NTP programs.

use crate::sys::Files;
use mig_core::json;
use std::path::{Path, PathBuf};

/// Most servers that are asked at once.
pub(super) const MAX_SERVERS: usize = 8;

/// Largest file that is read, in bytes.
const MAX_BYTES: usize = 256 << 10;
/// Most files of one directory that are read.
const MAX_FILES: usize = 64;

/// The port of NTP.
const PORT: u16 = 123;

/// Files of ntpd and of chrony, whose lines are a word and what belongs to it.
const WORDS: [&str; 4] =
    ["/etc/ntp.conf", "/etc/ntpsec/ntp.conf", "/etc/chrony.conf", "/etc/chrony/chrony.conf"];
/// Directories of such files.
const WORDS_BELOW: [&str; 3] = ["/etc/ntpsec/ntp.d", "/etc/chrony/conf.d", "/etc/chrony/sources.d"];
/// Files of systemd, whose lines are a name, `=` and a value.
const SETTINGS: [&str; 1] = ["/etc/systemd/timesyncd.conf"];
/// Directories of such files.
const SETTINGS_BELOW: [&str; 3] =
    ["/usr/lib/systemd/timesyncd.conf.d", "/run/systemd/timesyncd.conf.d", "/etc/systemd/timesyncd.conf.d"];

/// Asked if a machine names no server that answers; those of the original.
const BACKUP: [&str; 5] =
    ["time.nist.gov", "0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org", "3.pool.ntp.org"];

/// A server of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Server {
    fn named(host: &str) -> Self {
        Self { host: host.to_owned(), port: PORT }
    }
}

/// The servers that the machine names in its files, or elsewhere, then those to ask if none of them answers.
pub(super) fn servers(files: Files<'_>, elsewhere: &[String]) -> [Vec<Server>; 2] {
    let words = all_files(files, &WORDS, &WORDS_BELOW);
    let settings = all_files(files, &SETTINGS, &SETTINGS_BELOW);
    let mut own = Vec::new();
    // What is missing or may not be read names no server.
    let texts = |paths: Vec<PathBuf>| paths.into_iter().filter_map(|path| files.read(&path, MAX_BYTES).ok());
    for text in texts(words) {
        json::lossy(&text).lines().filter_map(server_of_words).for_each(|server| add(&mut own, server));
    }
    for text in texts(settings) {
        json::lossy(&text).lines().flat_map(servers_of_setting).for_each(|server| add(&mut own, server));
    }
    elsewhere.iter().for_each(|host| add(&mut own, Server::named(host)));
    [own, BACKUP.map(Server::named).to_vec()]
}

fn add(servers: &mut Vec<Server>, server: Server) {
    if servers.len() < MAX_SERVERS && !servers.contains(&server) {
        servers.push(server);
    }
}

fn all_files(files: Files<'_>, names: &[&str], directories: &[&str]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
    for directory in directories {
        let directory = Path::new(directory);
        let Ok(entries) = files.list(directory) else { continue };
        let names = entries.take(MAX_FILES).filter_map(|entry| Some(directory.join(entry.ok()?.file_name())));
        let is_configuration =
            |path: &PathBuf| path.extension().is_some_and(|end| end == "conf" || end == "sources");
        let mut found: Vec<PathBuf> = names.filter(is_configuration).collect();
        found.sort();
        paths.extend(found);
    }
    paths
}

/// `server [-4|-6] <host> [... port <port> ...]`; also `pool` and `peer`.
fn server_of_words(line: &str) -> Option<Server> {
    let mut words = line.split_whitespace();
    if !matches!(words.next()?, "server" | "pool" | "peer") {
        return None;
    }
    let host = words.find(|word| !matches!(*word, "-4" | "-6"))?;
    // Addresses of that kind are clocks that hang on the machine itself.
    if host.starts_with("127.127.") {
        return None;
    }
    let port = words.skip_while(|word| *word != "port").nth(1).and_then(|port| port.parse().ok());
    Some(Server { port: port.unwrap_or(PORT), ..Server::named(host) })
}

/// `NTP=<host> <host>`; also `FallbackNTP`.
fn servers_of_setting(line: &str) -> impl Iterator<Item = Server> + '_ {
    let hosts = line.split_once('=').filter(|(name, _)| matches!(name.trim(), "NTP" | "FallbackNTP"));
    hosts.into_iter().flat_map(|(_, hosts)| hosts.split_whitespace()).map(Server::named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::module::Machine;
    use std::fs;

    fn of_image(contents: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in contents {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::image(root.path()).unwrap();
        let [own, backup] = servers(Files::of(&machine), &[]);
        assert_eq!(backup.len(), 5);
        own.into_iter().map(|server| format!("{}:{}", server.host, server.port)).collect()
    }

    #[test]
    fn servers_of_ntpd_are_found_and_clocks_are_not() {
        let text = "# server a\ndriftfile x\nserver 127.127.1.0\n  server   -4 b iburst\npool c\npeer d\nserver\nserver b\n";
        assert_eq!(of_image(&[("etc/ntp.conf", text)]), ["b:123", "c:123", "d:123"]);
        assert_eq!(of_image(&[("etc/ntp.conf", "server 127.127.1.0\n#server e")]), [""; 0]);
    }

    #[test]
    fn servers_of_chrony_may_have_a_port_and_lie_in_files_of_their_own() {
        let found = of_image(&[
            ("etc/chrony/chrony.conf", "pool a iburst port 1123 maxsources 4\nserver b port x\n"),
            ("etc/chrony/sources.d/z.sources", "server d\n"),
            ("etc/chrony/sources.d/y.sources", "server c\n"),
            ("etc/chrony/sources.d/README", "server e\n"),
        ]);
        assert_eq!(found, ["a:1123", "b:123", "c:123", "d:123"]);
    }

    #[test]
    fn servers_of_systemd_are_a_list() {
        let found = of_image(&[
            (
                "etc/systemd/timesyncd.conf",
                "[Time]\n#NTP=a\nNTP = b  c\nFallbackNTP=d\nRootDistanceMaxSec=5\n",
            ),
            ("run/systemd/timesyncd.conf.d/dhcp.conf", "[Time]\nNTP=e\n"),
        ]);
        assert_eq!(found, ["b:123", "c:123", "d:123", "e:123"]);
    }

    #[test]
    fn files_that_are_missing_long_or_no_text_name_no_more_than_the_limit() {
        let many: String = (0..100).map(|number| format!("server s{number}\n")).collect();
        assert_eq!(of_image(&[("etc/ntp.conf", &many)]).len(), MAX_SERVERS);
        assert_eq!(of_image(&[("etc/ntp.conf", &"server a\n".repeat(MAX_BYTES))]), [""; 0]);
        assert_eq!(
            of_image(&[("etc/ntp.conf/x", ""), ("etc/chrony.conf", "server \u{0}\n=\n\n")]),
            ["\0:123"]
        );
    }
}
