//! `-q`: asking the agent that runs.

use crate::tell;
use anyhow::{Context, Result, bail};
use mig_core::{
    agent::AgentName,
    config::{AgentConfig, Config as _},
    json, safe,
};
use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How often an agent that ends is asked whether it is still there, as the original does.
const LOOK: Duration = Duration::from_millis(353);
/// How long an agent may take to end.
const END_LIMIT: Duration = Duration::from_secs(60);
const MAX_ANSWER_BYTES: u64 = 4 << 20;

pub(super) fn ask(question: &str, path: &Path) -> Result<()> {
    let config = configuration(path);
    let Some(socket) = config.socket else {
        bail!("the agent has no socket: agent.socket of {} is empty", path.display());
    };
    let answer = match question {
        "pid" => get(socket, "/pid", None)?,
        "status" => get(socket, "/status", None)?,
        "shutdown" => shut_down(socket, &config.run_directory)?,
        other => bail!("'{other}' is no question: ask pid, status or shutdown"),
    };
    writeln!(io::stdout(), "{}", answer.trim_end()).context("cannot write the answer")
}

/// Without a good file the agent may still run, with the address that it has by default.
fn configuration(path: &Path) -> AgentConfig {
    match AgentConfig::load(path) {
        Ok(loaded) => loaded.config,
        Err(error) => {
            tell(&format!(
                "asking at the default address: {}",
                error.to_string().lines().next().unwrap_or_default()
            ));
            AgentConfig::default()
        }
    }
}

fn get(socket: SocketAddr, page: &str, agent_id: Option<&str>) -> Result<String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(LIMIT)).proxy(None).build();
    let mut request = ureq::Agent::new_with_config(config).get(format!("http://{socket}{page}"));
    if let Some(id) = agent_id {
        request = request.header("AGENTID", id);
    }
    let mut response = request.call().with_context(|| format!("no agent answers at {socket}"))?;
    let bytes = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
    Ok(json::lossy(&bytes.with_context(|| format!("the answer of the agent at {socket}"))?))
}

/// Who can read the identity may end the agent. Returns when it is gone.
fn shut_down(socket: SocketAddr, run_directory: &Path) -> Result<String> {
    let name = run_directory.join(".migagtid");
    if !name.try_exists().with_context(|| safe::line(&name.display().to_string()).into_owned())? {
        bail!(
            "there is no identity of an agent in {}: agent.rundir of the configuration has to be the agent's",
            run_directory.display()
        );
    }
    let name = AgentName::load_or_create(run_directory)?;
    get(socket, "/shutdown", Some(name.as_str()))?;
    let begun = Instant::now();
    while get(socket, "/pid", None).is_ok() {
        if begun.elapsed() > END_LIMIT {
            bail!("the agent does not end: it may be running a module that can not be stopped");
        }
        thread::sleep(LOOK);
    }
    Ok("the agent has ended".to_owned())
}
