//! What happens when an agent upgrades itself.

use crate::{
    server::Answer,
    world::{World, allow, checksum},
};
use libtest_mimic::{Arguments, Trial};
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
    limits,
};
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

macro_rules! trials {
    ($($name:ident),* $(,)?) => { vec![$(Trial::test(stringify!($name), || { $name(); Ok(()) })),*] };
}

pub(crate) fn run() -> ExitCode {
    let trials = trials![
        an_agent_replaces_itself_and_lives_on_until_it_is_ended,
        the_new_agent_comes_up_also_if_it_ends_the_old_one_and_with_that_the_module,
        an_agent_knows_its_version_also_if_no_agent_answers,
        the_running_program_is_what_an_interrupted_upgrade_goes_back_to,
        killed_at_any_time_an_upgrade_leaves_a_whole_program_in_use,
        killed_at_each_step_an_upgrade_leaves_a_whole_program_in_use,
        the_proxy_of_the_environment_is_used,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A machine on which this program is installed as version 1.0.
fn world(cases: &'static str) -> (World, String) {
    let program = Arc::new(OnceLock::<String>::new());
    let served = Arc::clone(&program);
    let world =
        World::without_agent(move |_| Answer::Body(served.get().expect("a program").clone().into_bytes()));
    let new = world.agent("2.0", cases);
    program.set(new.clone()).expect("the first program");
    fs::copy(env::current_exe().expect("a program"), old(&world)).expect("a copy");
    allow(&old(&world), 0o755);
    symlink("mig-agent-1.0", world.link()).expect("a link");
    (world, new)
}

fn old(world: &World) -> PathBuf {
    world.path("mig-agent-1.0")
}

fn command(world: &World) -> Command {
    let mut command = Command::new(old(world));
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    command
        .env("SSL_CERT_FILE", world.settings.extra_roots.as_ref().expect("roots"))
        .env_remove("SSL_CERT_DIR");
    command
}

fn question(parameters: &Value) -> String {
    let parameters = json::to_string(parameters).expect("JSON");
    format!("{{\"class\":\"parameters\",\"parameters\":{parameters}}}\n")
}

/// Starts the module by hand.
fn begin(mut command: Command, parameters: &Value) -> Child {
    command.args(["-m", "upgrade"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let input = child.stdin.as_mut().expect("a pipe");
    // It fails if the process was killed already.
    input.write_all(question(parameters).as_bytes()).ok();
    child
}

fn answer(child: Child) -> ModuleResult {
    json::from_slice(&output(child)).expect("a result")
}

/// Empty if the process was killed.
fn output(mut child: Child) -> Vec<u8> {
    // Its end would be taken for the death of the agent.
    let input = child.stdin.take();
    let output = child.wait_with_output().expect("an end");
    drop(input);
    output.stdout
}

/// Has the agent that runs upgrade itself.
fn ask_agent(world: &World, parameters: &Value) {
    let run = world.root().join("run");
    fs::write(run.join("new"), question(parameters)).expect("a file");
    fs::rename(run.join("new"), run.join("question")).expect("a question");
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "it never comes");
        thread::sleep(Duration::from_millis(20));
    }
}

fn is_alive(pid: u32) -> bool {
    let status = limits::read_file(Path::new(&format!("/proc/{pid}/status")), 1 << 16).unwrap_or_default();
    // A zombie is dead and was not buried.
    !status.is_empty() && !json::lossy(&status).contains("\nState:\tZ")
}

fn an_agent_replaces_itself_and_lives_on_until_it_is_ended() {
    let (world, new) = world("");
    assert!(command(&world).arg("-u").status().expect("it starts").success());
    let daemon = world.pid();
    ask_agent(&world, &world.to(&new));
    let answered = world.root().join("run/answer");
    let text = until(|| limits::read_file(&answered, 1 << 20).ok());
    let result: ModuleResult = json::from_slice(&text).expect("a result");
    assert!(result.success, "{result:?}");
    let expected = format!(r#"{{"newpid":{},"oldpid":{daemon}}}"#, world.pid());
    assert_eq!(json::to_string(&result.elements).expect("JSON"), expected);
    assert!(is_alive(daemon) && is_alive(world.pid()) && daemon != world.pid());
    assert_eq!(fs::read_link(world.link()).expect("a link"), Path::new("mig-agent-2.0"));
}

fn the_new_agent_comes_up_also_if_it_ends_the_old_one_and_with_that_the_module() {
    // As a service that is installed anew. The module ends half a second after its agent.
    let (world, new) = world(
        "-u) kill -9 $(cat \"$run/pid\"); sleep 1
    (while [ -d \"$run\" ]; do sleep 0.05; done) > /dev/null 2>&1 &
    echo $! > \"$run/pid\" ;;",
    );
    assert!(command(&world).arg("-u").status().expect("it starts").success());
    let daemon = world.pid();
    ask_agent(&world, &world.to(&new));
    let pid = until(|| Some(world.pid_if_any()?).filter(|pid| *pid != daemon));
    assert!(is_alive(pid) && !is_alive(daemon));
    assert_eq!(fs::read_link(world.link()).expect("a link"), Path::new("mig-agent-2.0"));
    assert!(!world.root().join("run/answer").exists());
}

fn an_agent_knows_its_version_also_if_no_agent_answers() {
    let (world, _) = world("");
    let sum = "c".repeat(64);
    let parameters = world.parameters("1.0", &world.server.url(""), &sum, &[world.sign(0, &sum)]);
    let error = crate::world::only_error(&answer(begin(command(&world), &parameters)));
    assert_eq!(error, "Agent is already running version 1.0");
    assert_eq!(world.server.requests(), 0);
}

fn the_running_program_is_what_an_interrupted_upgrade_goes_back_to() {
    let (world, new) = world("-u) exit 1 ;;");
    fs::remove_file(world.link()).expect("no link");
    symlink("mig-agent-2.0", world.link()).expect("a link");
    world.install("mig-agent-2.0", "of another upgrade");
    let error = crate::world::only_error(&answer(begin(command(&world), &world.to(&new))));
    assert!(
        error.contains("/mig-agent' leads to 'mig-agent-1.0' again; the former agent runs as PID "),
        "{error}"
    );
    assert_eq!(fs::read_link(world.link()).expect("a link"), Path::new("mig-agent-1.0"));
}

fn killed_at_any_time_an_upgrade_leaves_a_whole_program_in_use() {
    let (world, new) = world("");
    let parameters = world.to(&new);
    // How long a whole one takes.
    let begun = Instant::now();
    assert!(answer(begin(command(&world), &parameters)).success);
    let whole = begun.elapsed();
    let kills: u32 = env::var("MIG_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let mut new_left = 0;
    for point in 0..=kills {
        reset(&world);
        let mut child = begin(command(&world), &parameters);
        if point == kills {
            // Once at least while the new agent is waited for.
            until(|| {
                (fs::read_link(world.link()).expect("a link") != Path::new("mig-agent-1.0")).then_some(())
            });
        } else {
            // Most happens at the beginning.
            thread::sleep(whole * point * point / (kills * kills));
        }
        // It fails if it has ended before.
        child.kill().ok();
        child.wait().expect("an end");
        new_left += u32::from(check_what_is_left(&world, &new));
        assert_goes_on(&world, &parameters);
    }
    eprintln!("killed {kills} times: {new_left} times the new program was in use, otherwise the old one");
}

fn killed_at_each_step_an_upgrade_leaves_a_whole_program_in_use() {
    let (world, new) = world("");
    let parameters = world.to(&new);
    let mut steps = Vec::new();
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: strace does not work here");
    }
    for call in ["fchmod", "fsync", "chmod", "rename", "symlink", "unlink"] {
        for number in 1.. {
            reset(&world);
            // It kills the process when it is about to make this call for the n-th time.
            let mut killed = Command::new("strace");
            killed.args([
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("inject={call}:signal=KILL:when={number}"),
            ]);
            let plain = command(&world);
            killed.arg(plain.get_program());
            for (name, value) in plain.get_envs() {
                match value {
                    Some(value) => killed.env(name, value),
                    None => killed.env_remove(name),
                };
            }
            if !output(begin(killed, &parameters)).is_empty() {
                break;
            }
            let is_new = check_what_is_left(&world, &new);
            steps.push(format!("{call} {number}: {}", if is_new { "new" } else { "old" }));
            assert_goes_on(&world, &parameters);
        }
    }
    eprintln!("killed before each of these, the program in use was: {}", steps.join(", "));
    assert!(
        steps.iter().any(|step| step.ends_with("old")) && steps.iter().any(|step| step.ends_with("new")),
        "{steps:?}"
    );
}

/// Version 1.0 is installed, and nothing else.
fn reset(world: &World) {
    fs::remove_file(world.link()).expect("no link");
    symlink("mig-agent-1.0", world.link()).expect("a link");
    // It may not be there.
    fs::remove_file(world.path("mig-agent-2.0")).ok();
}

/// Whether the new program is in use. It is whole, or the old one is in use.
fn check_what_is_left(world: &World, new: &str) -> bool {
    let left = fs::read_link(world.link()).expect("a link");
    if left == Path::new("mig-agent-2.0") {
        assert_eq!(limits::read_file(&world.link(), 1 << 20).expect("a program"), new.as_bytes());
        return true;
    }
    assert_eq!(left, Path::new("mig-agent-1.0"));
    false
}

/// The next one does it all, whatever it finds.
fn assert_goes_on(world: &World, parameters: &Value) {
    let result = answer(begin(command(world), parameters));
    assert!(result.success, "{result:?}");
    assert_eq!(world.names(), ["mig-agent", "mig-agent-1.0", "mig-agent-2.0"]);
}

fn the_proxy_of_the_environment_is_used() {
    let (world, new) = world("");
    let tunnels = Arc::new(AtomicUsize::new(0));
    let port = proxy(Arc::clone(&tunnels), world.server.port);
    let mut command = command(&world);
    command.env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"));
    let sum = checksum(new.as_bytes());
    // A name that only the proxy knows.
    let parameters = world.parameters("2.0", "https://localhost:9/x", &sum, &[world.sign(0, &sum)]);
    let result = answer(begin(command, &parameters));
    assert!(result.success, "{result:?}");
    assert_eq!((tunnels.load(Ordering::SeqCst), world.server.requests()), (1, 1));
}

/// A proxy that leads every tunnel to one port of this machine.
fn proxy(tunnels: Arc<AtomicUsize>, target: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            tunnels.fetch_add(1, Ordering::SeqCst);
            let stream = stream.expect("a connection");
            thread::spawn(move || tunnel(stream, target).ok());
        }
    });
    port
}

fn tunnel(client: TcpStream, target: u16) -> io::Result<()> {
    let mut head = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    head.read_line(&mut line)?;
    assert!(line.starts_with("CONNECT localhost:9 "), "{line}");
    while line != "\r\n" {
        line.clear();
        head.read_line(&mut line)?;
    }
    let server = TcpStream::connect(("127.0.0.1", target))?;
    (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client);
    thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    let mut to_server = server;
    io::copy(&mut head, &mut to_server).map(drop)
}
