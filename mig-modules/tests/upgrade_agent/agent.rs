//! An agent that is called `mig-agent-<version>`, in a directory `sbin` beside `run` and `keys`.

use mig_core::{
    agent::{Budget, worker},
    module::Registry,
};
use mig_modules::upgrade::{Settings, UpgradeModule};
use std::{
    env,
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

/// Does what an agent is told, if this program is one.
pub(crate) fn run() -> Option<ExitCode> {
    let mut words = env::args();
    let name = PathBuf::from(words.next()?);
    let version = name.file_name()?.to_str()?.strip_prefix("mig-agent-")?.to_owned();
    let words: Vec<String> = words.collect();
    let place = env::current_exe().ok()?.parent()?.parent()?.to_owned();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["-V"] => {
            println!("mig-agent {version}");
            Ok(())
        }
        ["-q", "pid"] => name_process(&place),
        ["-u"] => start(&place),
        ["daemon"] => live(&place),
        ["-m", module] => work(&place, module),
        _ => Err(io::Error::other("what?")),
    };
    Some(done.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS))
}

fn name_process(place: &Path) -> io::Result<()> {
    print!("{}", mig_core::json::lossy(&mig_core::limits::read_file(&place.join("run/pid"), 100)?));
    Ok(())
}

fn start(place: &Path) -> io::Result<()> {
    let mut log = File::options().append(true).create(true).open(place.join("run/log"))?;
    io::Write::write_all(&mut log, b"1.0 -u\n")?;
    let mut daemon = Command::new(env::current_exe()?);
    daemon.arg("daemon").process_group(0);
    daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    fs::write(place.join("run/pid"), format!("{}\n", daemon.spawn()?.id()))
}

/// Until its directory is gone: runs what is asked for in a child.
fn live(place: &Path) -> io::Result<()> {
    while place.join("run").exists() {
        thread::sleep(Duration::from_millis(20));
        let question = place.join("run/question");
        if question.exists() {
            // Whole lines only: it got its name when it was complete.
            let line = mig_core::limits::read_file(&question, 1 << 20)?;
            fs::remove_file(question)?;
            ask(place, &line)?;
        }
    }
    Ok(())
}

/// As an agent runs a module: in a process group of its own, whose input stays open as long as this process lives.
fn ask(place: &Path, line: &[u8]) -> io::Result<()> {
    let unfinished = place.join("run/unfinished");
    let mut module = Command::new(env::current_exe()?);
    module.args(["-m", "upgrade"]).process_group(0);
    module.stdin(Stdio::piped()).stdout(File::create(&unfinished)?).stderr(Stdio::null());
    let mut module = module.spawn()?;
    let mut input = module.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    io::Write::write_all(&mut input, line)?;
    module.wait()?;
    fs::rename(unfinished, place.join("run/answer"))
}

/// The authority of the server is known by `SSL_CERT_FILE`.
fn work(place: &Path, module: &str) -> io::Result<()> {
    let mut settings = Settings::default();
    settings.keys = place.join("keys");
    settings.directory = place.join("sbin");
    settings.patience.settle = Duration::from_millis(100);
    let upgrade: &'static UpgradeModule = Box::leak(Box::new(UpgradeModule::new(settings)));
    let registry = Registry::from_modules(&[upgrade]).map_err(io::Error::other)?;
    worker::serve(&registry, module, Budget::default(), io::stdin(), &mut io::stdout())
}
