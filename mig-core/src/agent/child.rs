//! Modules in child processes: a kill is certain, memory is returned, a fault of a parser stays in the child.

use super::{
    runner::{ModuleRunner, RunAnswer, RunLimits},
    verify::VerifiedOperation,
};
use crate::{
    command::ModuleResult,
    json,
    limits::MAX_ERROR_OUTPUT_BYTES,
    message::{Message, MessageError},
    module::{Effects, Registry},
    scheduler::flow::AnswerStatus,
    sign::PASSPHRASE_VARIABLE,
};
use async_trait::async_trait;
use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    pin::pin,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// How long a module has to say what it has found, after its time is over, before it is killed.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs each operation in a process of its own, which leads a process group of its own.
///
/// The process gets one `parameters` message on its standard input, which stays open: a `stop` message follows at the time
/// limit, and its end tells the process that this one is dead. Standard output must be one result.
#[derive(Clone, Debug)]
pub struct ChildRunner {
    program: PathBuf,
    arguments: Vec<OsString>,
    registry: Registry,
}

impl ChildRunner {
    /// Runs `program` with `arguments` and the name of the module, usually the current program with a hidden argument that
    /// calls [`worker::serve`](super::worker::serve). `registry` says which modules it has.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>, registry: Registry) -> Self {
        Self { program, arguments, registry }
    }

    fn start(&self, module: &str) -> io::Result<ModuleProcess> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(module);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // A module reads files that others wrote: it must not hold what opens the investigator's key.
        command.env_remove(PASSPHRASE_VARIABLE);
        #[cfg(unix)]
        command.process_group(0);
        ModuleProcess::new(command.spawn()?)
    }
}

#[async_trait]
impl ModuleRunner for ChildRunner {
    fn effects(&self, module: &str) -> Option<Effects> {
        Some(self.registry.module(module)?.info().effects)
    }

    async fn run(&self, operation: VerifiedOperation<'_>, limits: RunLimits) -> RunAnswer {
        let name = &operation.get().module;
        let Some(module) = self.registry.module(name) else { return RunAnswer::unavailable(name) };
        let line = match message_line(operation) {
            Ok(line) => line,
            Err(error) => {
                return RunAnswer { status: AnswerStatus::Failed, result: module.failure(error.to_string()) };
            }
        };
        match self.start(name) {
            Ok(process) => process.answer(&line, limits).await,
            Err(error) => RunAnswer::failed(format!("cannot start {}: {error}", self.program.display())),
        }
    }
}

fn message_line(operation: VerifiedOperation<'_>) -> Result<Vec<u8>, MessageError> {
    let message = Message::for_operation(operation.get())?;
    let mut line = json::to_string(&message).map_err(MessageError::Syntax)?.into_bytes();
    line.push(b'\n');
    Ok(line)
}

/// A running module. Dropped, it is killed with everything it started.
#[derive(Debug)]
struct ModuleProcess {
    group: Group,
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

/// What a process printed before its pipes closed.
#[derive(Debug)]
struct Printed {
    /// `None` if it was more than allowed.
    output: Option<Vec<u8>>,
    errors: Vec<u8>,
}

impl ModuleProcess {
    fn new(mut child: Child) -> io::Result<Self> {
        let group = Group::led_by(&child);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(io::Error::other("a pipe is missing"));
        };
        Ok(Self { group, child, input, output, errors })
    }

    async fn answer(mut self, line: &[u8], limits: RunLimits) -> RunAnswer {
        match self.talk(line, limits).await {
            Ok(printed) => self.judge(printed, limits).await,
            Err(partial) => {
                self.kill().await;
                RunAnswer::timeout(limits.time, partial)
            }
        }
    }

    /// Asks and listens. When the time is over, what the module still could say is the error.
    async fn talk(&mut self, line: &[u8], limits: RunLimits) -> Result<io::Result<Printed>, ModuleResult> {
        let Self { input, output, errors, .. } = self;
        let mut reading = pin!(read(output, errors, limits.result_bytes));
        let question = async {
            // A process that ends without reading says why elsewhere.
            input.write_all(line).await.ok();
            reading.as_mut().await
        };
        if let Ok(printed) = timeout(limits.time, question).await {
            return Ok(printed);
        }
        let last_words = async {
            input.write_all(STOP_LINE).await.ok();
            reading.as_mut().await
        };
        match timeout(LAST_WORDS, last_words).await {
            Ok(Ok(Printed { output: Some(output), .. })) => {
                Err(json::from_slice(&output).unwrap_or_default())
            }
            _ => Err(ModuleResult::default()),
        }
    }

    /// The process has closed its output, or printed too much.
    async fn judge(mut self, printed: io::Result<Printed>, limits: RunLimits) -> RunAnswer {
        let printed = match printed {
            Ok(Printed { output: Some(output), errors }) => (output, errors),
            Ok(Printed { output: None, .. }) => {
                self.kill().await;
                return RunAnswer::too_large(limits.result_bytes);
            }
            Err(error) => {
                self.kill().await;
                return RunAnswer::failed(format!("cannot read the result of the module: {error}"));
            }
        };
        match timeout(LAST_WORDS, self.child.wait()).await {
            Ok(Ok(status)) => {
                self.group.is_gone();
                judge_exit(status, &printed.0, &printed.1)
            }
            Ok(Err(error)) => RunAnswer::failed(format!("cannot wait for the module: {error}")),
            Err(_) => {
                self.kill().await;
                judge_output(&printed.0)
            }
        }
    }

    async fn kill(&mut self) {
        self.group.kill();
        // Only to be sure that nothing is left: that it was killed is certain.
        self.child.kill().await.ok();
        self.group.is_gone();
    }
}

fn judge_exit(status: ExitStatus, output: &[u8], errors: &[u8]) -> RunAnswer {
    if status.success() {
        return judge_output(output);
    }
    let said = json::lossy(errors);
    let reason = format!("the module ended with {status}: {}", said.trim());
    let result = json::from_slice(output).unwrap_or_default();
    RunAnswer::ended(AnswerStatus::Failed, result, reason.trim_end_matches([':', ' ']).to_owned())
}

fn judge_output(output: &[u8]) -> RunAnswer {
    match json::from_slice(output) {
        Ok(result) => RunAnswer::success(result),
        Err(error) => RunAnswer::failed(format!("the module printed what is not a result: {error}")),
    }
}

/// Reads both pipes to their ends at once; stops when there is more output than allowed.
async fn read(output: &mut ChildStdout, errors: &mut ChildStderr, limit: usize) -> io::Result<Printed> {
    let mut text = Vec::new();
    let mut said = Vec::new();
    let read_output = async {
        let cap = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        output.take(cap).read_to_end(&mut text).await?;
        if text.len() > limit { Err(Overflow::TooMuch) } else { Ok(()) }
    };
    let read_errors = async { Ok(keep_beginning(errors, &mut said).await?) };
    match tokio::try_join!(read_output, read_errors) {
        Ok(_) => Ok(Printed { output: Some(text), errors: said }),
        Err(Overflow::TooMuch) => Ok(Printed { output: None, errors: said }),
        Err(Overflow::Failed(error)) => Err(error),
    }
}

enum Overflow {
    TooMuch,
    Failed(io::Error),
}

impl From<io::Error> for Overflow {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads to the end, so that the writer never waits, and keeps the beginning.
async fn keep_beginning(source: &mut (impl AsyncRead + Unpin), kept: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let read = source.read(&mut buffer).await?;
        let room = MAX_ERROR_OUTPUT_BYTES.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(read.min(room)));
        if read == 0 {
            return Ok(());
        }
    }
}

/// The process group that a child leads. Killed when dropped, unless it is gone.
#[derive(Debug)]
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn led_by(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    /// The leader must not have been waited for: until then its id is its own.
    fn kill(&self) {
        if let Some(leader) = self.leader {
            // It fails only if nobody is left.
            rustix::process::kill_process_group(leader, rustix::process::Signal::KILL).ok();
        }
    }

    fn is_gone(&mut self) {
        self.leader = None;
    }
}

/// Elsewhere the child alone is killed.
#[cfg(not(unix))]
impl Group {
    fn led_by(_: &Child) -> Self {
        Self {}
    }

    fn kill(&self) {}

    fn is_gone(&mut self) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

const STOP_LINE: &[u8] = b"{\"class\":\"stop\"}\n";
