//! The command line.

use clap::Parser;
use std::path::{Path, PathBuf};

/// The endpoint agent of MIG
///
/// Without -m, -i or -q it is the agent itself: it takes signed commands from a relay, checks them by its own keys and access
/// control list, runs modules in processes of their own, and answers. It goes to the background, or installs itself as a service,
/// as its configuration says; -f keeps it in the foreground.
#[derive(Clone, Debug, Parser)]
#[command(name = "mig-agent", disable_version_flag = true)]
pub(crate) struct Cli {
    /// Run this module: read one message on standard input, write one result; or `agent`, the default, or `agent-checkin`:
    /// fetch what waits, answer it and end
    #[arg(short = 'm', value_name = "MODULE")]
    pub(crate) module: Option<String>,
    /// With -m: print the result for people
    #[arg(short = 'p', requires = "module")]
    pub(crate) print: bool,
    /// Check the signed action in this file as if it had been sent here, run it, and print its results as JSON
    #[arg(short = 'i', value_name = "FILE", conflicts_with = "module")]
    pub(crate) action: Option<PathBuf>,
    /// With -m: look at the machine whose files lie below this directory, such as a mounted disk [default: MIG_ROOT in the
    /// environment, else this machine]
    #[arg(long, value_name = "DIRECTORY", requires = "module")]
    pub(crate) root: Option<PathBuf>,
    /// With -i: run whatever the file says, whoever wrote it. No signature, target, time or access is checked
    #[arg(long, requires = "action")]
    pub(crate) unverified: bool,
    /// Configuration of the agent
    #[arg(short = 'c', value_name = "FILE", default_value = "/etc/mig/mig-agent.cfg")]
    pub(crate) config: PathBuf,
    /// The keys that count, one armored key in each file [default: agentkeys beside the configuration]
    #[arg(long, value_name = "DIRECTORY")]
    keyring: Option<PathBuf>,
    /// Who may have what run [default: acl.cfg beside the configuration]
    #[arg(long, value_name = "FILE")]
    acl: Option<PathBuf>,
    /// Stay in the foreground
    #[arg(short = 'f', conflicts_with_all = ["action", "query"])]
    pub(crate) foreground: bool,
    /// Like -f, and log everything to standard error; end after a failure
    #[arg(short = 'd', conflicts_with_all = ["action", "query"])]
    pub(crate) debug: bool,
    /// Ask the agent that runs: pid, status or shutdown
    #[arg(short = 'q', value_name = "QUESTION", conflicts_with_all = ["module", "action"])]
    pub(crate) query: Option<String>,
    /// Install this program as the service, start it, and end
    #[arg(short = 'u', conflicts_with_all = ["module", "action", "query", "foreground", "debug"])]
    pub(crate) install: bool,
    /// Print the settings that are in force, without secrets
    #[arg(short = 'S', conflicts_with_all = ["module", "action", "query", "install"])]
    pub(crate) settings: bool,
    /// Print the version
    #[arg(short = 'V', long, conflicts_with_all = ["module", "action"])]
    pub(crate) version: bool,
}

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode<'a> {
    Version,
    Action(&'a Path),
    Module(&'a str),
    Daemon,
    CheckIn,
    Query(&'a str),
    Install,
    Settings,
}

impl Cli {
    pub(crate) fn mode(&self) -> Mode<'_> {
        match (&self.action, &self.query, self.module.as_deref()) {
            _ if self.version => Mode::Version,
            (Some(path), _, _) => Mode::Action(path),
            (_, Some(question), _) => Mode::Query(question),
            _ if self.install => Mode::Install,
            _ if self.settings => Mode::Settings,
            (_, _, None | Some("agent")) => Mode::Daemon,
            (_, _, Some("agent-checkin")) => Mode::CheckIn,
            (_, _, Some(module)) => Mode::Module(module),
        }
    }

    pub(crate) fn keyring(&self) -> PathBuf {
        self.keyring.clone().unwrap_or_else(|| self.beside("agentkeys"))
    }

    pub(crate) fn acl(&self) -> PathBuf {
        self.acl.clone().unwrap_or_else(|| self.beside("acl.cfg"))
    }

    /// In the directory of the configuration.
    fn beside(&self, name: &str) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cli(args: &[&str]) -> Cli {
        Cli::try_parse_from([&["mig-agent"], args].concat()).unwrap()
    }

    #[test]
    fn without_a_mode_it_is_the_agent() {
        assert_eq!(cli(&[]).mode(), Mode::Daemon);
        assert_eq!(cli(&["-m", "agent", "-f"]).mode(), Mode::Daemon);
        assert_eq!(cli(&["-m", "agent-checkin"]).mode(), Mode::CheckIn);
        assert_eq!(cli(&["-m", "file", "-p"]).mode(), Mode::Module("file"));
        assert_eq!(cli(&["-q", "pid", "-V"]).mode(), Mode::Version);
    }

    #[test]
    fn keys_and_access_control_lie_beside_the_configuration() {
        assert_eq!(cli(&[]).keyring(), Path::new("/etc/mig/agentkeys"));
        let cli = cli(&["-c", "/x/agent.cfg", "--acl", "/y/acl"]);
        assert_eq!((cli.keyring(), cli.acl()), ("/x/agentkeys".into(), "/y/acl".into()));
    }
}
