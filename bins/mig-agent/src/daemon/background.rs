//! Out of the hands of whoever started the agent.

use crate::tell;
use anyhow::{Context, Result, bail};
use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// How long a new agent has to live on to be believed.
const SETTLE: Duration = Duration::from_secs(1);

/// True if a service manager started this process and looks after it.
pub(super) fn is_service() -> bool {
    let is_first = {
        #[cfg(unix)]
        {
            std::os::unix::process::parent_id() == 1
        }
        #[cfg(not(unix))]
        false
    };
    is_first || env::var_os("INVOCATION_ID").is_some()
}

/// Starts the agent once more, in the background.
pub(super) fn detach(config: &Path) -> Result<()> {
    let program = env::current_exe().context("the path of this program")?;
    let config = std::path::absolute(config).context("the path of the configuration")?;
    let mut command = Command::new(&program);
    command.arg("-f").arg("-c").arg(config);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // What the terminal sends to those it started does not reach it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut agent = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    thread::sleep(SETTLE);
    if let Some(status) = agent.try_wait().context("cannot look after the agent")? {
        bail!("the agent ended at once with {status}: -f shows why");
    }
    tell(&format!("the agent runs as process {}", agent.id()));
    Ok(())
}
