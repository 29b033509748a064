//! What an upgrade trusts, and where it installs.

use mig_core::limits::MAX_AGENT_PROGRAM_BYTES;
use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf, time::Duration};

/// What an upgrade trusts, where it installs and how it starts what it has installed: facts of the machine, which no action changes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The keys whose signatures count, one armored key in each file; `/etc/mig/agentkeys`. Neither the directory nor a file in it may
    /// be writable for others.
    pub keys: PathBuf,
    /// How many different keys must have signed; 1.
    pub required_signatures: NonZeroUsize,
    /// Where the programs `mig-agent-<version>` and the link `mig-agent` to one of them are; `/sbin`, on macOS, where that is read-only,
    /// `/usr/local/bin`. Nobody else may be able to write it.
    pub directory: PathBuf,
    /// What makes a program install itself as the service, start it and end with success; `-u`.
    pub start_arguments: Vec<OsString>,
    /// What makes a program print the number of the process of the agent that runs, and a line end; `-q pid`.
    pub pid_arguments: Vec<OsString>,
    /// A file of certificates (PEM) of authorities that are believed beside those of the system; none. Those of the system are taken from
    /// the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` in the environment name, if they do.
    pub extra_roots: Option<PathBuf>,
    /// Largest program, in bytes; [`MAX_AGENT_PROGRAM_BYTES`].
    pub program_bytes: usize,
    /// How long things may take.
    pub patience: Patience,
}

impl Default for Settings {
    fn default() -> Self {
        let directory = if cfg!(target_os = "macos") { "/usr/local/bin" } else { "/sbin" };
        Self {
            keys: "/etc/mig/agentkeys".into(),
            required_signatures: NonZeroUsize::MIN,
            directory: directory.into(),
            start_arguments: vec!["-u".into()],
            pid_arguments: vec!["-q".into(), "pid".into()],
            extra_roots: None,
            program_bytes: MAX_AGENT_PROGRAM_BYTES,
            patience: Patience::default(),
        }
    }
}

/// How long the parts of an upgrade may take.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Patience {
    /// The whole download; 10 minutes. The time limit of the run ends it as well.
    pub download: Duration,
    /// Until a server that is silent is given up; 30 seconds.
    pub silence: Duration,
    /// Until a program that was told to start the agent has to have ended; 1 minute.
    pub start: Duration,
    /// From then until the agent has to answer, the new one as well as the former one after it; 30 seconds.
    pub come_up: Duration,
    /// How long an agent that answers has to live on to be believed; 1 second.
    pub settle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            download: Duration::from_secs(600),
            silence: Duration::from_secs(30),
            start: Duration::from_secs(60),
            come_up: Duration::from_secs(30),
            settle: Duration::from_secs(1),
        }
    }
}
