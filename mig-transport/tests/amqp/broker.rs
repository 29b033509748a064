//! A RabbitMQ of our own: folder, ports, node name, plugins and epmd are nobody else's. One for the whole test program, which
//! ends it also when it is killed itself; tests that hurt their broker start another.

use crate::authority::Authority;
use mig_transport::amqp::{AmqpOptions, AmqpRelay, Role};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

/// Virtual hosts of the shared broker that are there from the start; each test takes one.
const SHARED_HOSTS: usize = 32;
const START_LIMIT: Duration = Duration::from_secs(600);
/// How much of its log a broker that did not start shows, in bytes.
const LOG_END: usize = 2000;

pub(crate) struct Broker {
    program: PathBuf,
    directory: tempfile::TempDir,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    pub(crate) authority: Authority,
    distribution_port: u16,
    epmd_port: u16,
    node: String,
    server: Mutex<Child>,
    /// Ends everything when its input closes, which the system does whatever becomes of us.
    _guards: Vec<Child>,
    next: AtomicUsize,
}

/// `None` without RabbitMQ on this machine; in CI that is a failure.
fn program() -> Option<PathBuf> {
    // Debian's rabbitmq-server on the PATH is a wrapper that runs as another user.
    let installed = fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten();
    let mut found = installed.map(|entry| entry.path().join("sbin/rabbitmq-server"));
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("rabbitmq-server")).find(|file| file.is_file())
    };
    let program = found.find(|file| file.is_file()).or_else(on_path);
    if program.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "rabbitmq-server is not installed");
        println!("skipped: rabbitmq-server is not installed");
    }
    program
}

/// The broker of this test program.
pub(crate) fn shared() -> Option<&'static Broker> {
    static SHARED: OnceLock<Option<Broker>> = OnceLock::new();
    SHARED.get_or_init(|| with_hosts(SHARED_HOSTS)).as_ref()
}

/// A broker of one test, with virtual host `mig0`.
pub(crate) fn own() -> Option<Broker> {
    with_hosts(1)
}

fn with_hosts(hosts: usize) -> Option<Broker> {
    let broker = Broker::prepare(program()?, hosts);
    broker.wait();
    Some(broker)
}

fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Broker {
    fn prepare(program: PathBuf, hosts: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let [port, tls_port, distribution_port, epmd_port] = free_ports();
        let authority = Authority::new("the authority of the tests");
        authority.issue("localhost").write(directory.path(), &authority);
        let configuration = configuration(directory.path(), tls_port);
        fs::write(directory.path().join("rabbitmq.conf"), configuration).unwrap();
        fs::write(directory.path().join("definitions.json"), definitions(hosts)).unwrap();
        fs::write(directory.path().join("plugins"), "[].\n").unwrap();
        let epmd = Command::new("epmd")
            .args(["-address", "127.0.0.1", "-port", &epmd_port.to_string()])
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        // After the server's guard has killed what still writes there.
        let remove = format!("sleep 1; rm -rf '{}'", directory.path().display());
        let mut guards = vec![guard_and(&epmd, &remove)];
        let node = format!("mig-test-{port}@localhost");
        let server =
            start(&program, directory.path(), [port, distribution_port, epmd_port], &node, &mut guards);
        guards.push(epmd);
        Self {
            program,
            directory,
            port,
            tls_port,
            authority,
            distribution_port,
            epmd_port,
            node,
            server: Mutex::new(server),
            _guards: guards,
            next: AtomicUsize::new(0),
        }
    }

    fn wait(&self) {
        let began = Instant::now();
        // It listens before it lets anybody in.
        while !self.answers() {
            assert!(began.elapsed() < START_LIMIT, "RabbitMQ did not start: {}", self.log());
            sleep(Duration::from_millis(200));
        }
    }

    fn answers(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"AMQP\0\0\x09\x01").is_ok() && stream.read_exact(&mut [0; 7]).is_ok()
    }

    fn log(&self) -> String {
        let file = self.directory.path().join("output");
        let bytes = mig_core::limits::read_file(&file, 16 << 20).unwrap_or_default();
        bytes[bytes.len().saturating_sub(LOG_END)..].escape_ascii().to_string()
    }

    /// As a power failure would end it.
    pub(crate) fn kill(&self) {
        let mut server = self.server.lock().unwrap();
        kill_process_group(Pid::from_child(&server), Signal::KILL).unwrap();
        server.wait().unwrap();
    }

    pub(crate) fn restart(&self) {
        let ports = [self.port, self.distribution_port, self.epmd_port];
        let mut guards = Vec::new();
        let server = start(&self.program, self.directory.path(), ports, &self.node, &mut guards);
        *self.server.lock().unwrap() = server;
        // The guard's input must stay open as long as this program lives.
        guards.into_iter().for_each(std::mem::forget);
        self.wait();
    }

    /// Runs rabbitmqctl.
    pub(crate) fn control(&self, arguments: &[&str]) -> String {
        let program = self.program.with_file_name("rabbitmqctl");
        let mut command = Command::new(program);
        let ports = [self.port, self.distribution_port, self.epmd_port];
        environment(&mut command, self.directory.path(), ports, &self.node);
        let output = command.args(["-q", "-n", &self.node]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", output.stderr.escape_ascii());
        String::from_utf8(output.stdout).unwrap()
    }

    /// A virtual host that no other test has.
    pub(crate) fn virtual_host(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(number < SHARED_HOSTS, "more tests than virtual hosts");
        format!("mig{number}")
    }

    pub(crate) fn url(&self, user: &str, virtual_host: &str) -> String {
        format!("amqp://{user}:secret@127.0.0.1:{}/{virtual_host}", self.port)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Impatient options.
pub(crate) fn options(url: &str, role: Role) -> AmqpOptions {
    let mut options = AmqpOptions::new(url, role).unwrap();
    options.connect_timeout = Duration::from_secs(30);
    options.first_pause = Duration::from_millis(50);
    options.longest_pause = Duration::from_millis(500);
    options
}

pub(crate) async fn scheduler(broker: &Broker, virtual_host: &str) -> AmqpRelay {
    AmqpRelay::connect(options(&broker.url("scheduler", virtual_host), Role::Scheduler)).await.unwrap()
}

pub(crate) async fn agent(broker: &Broker, virtual_host: &str) -> AmqpRelay {
    AmqpRelay::connect(options(&broker.url("agent", virtual_host), Role::Agent)).await.unwrap()
}

fn configuration(directory: &Path, tls_port: u16) -> String {
    let directory = directory.display();
    [
        "loopback_users = none".to_owned(),
        format!("load_definitions = {directory}/definitions.json"),
        "disk_free_limit.absolute = 1MB".to_owned(),
        format!("listeners.ssl.1 = 127.0.0.1:{tls_port}"),
        format!("ssl_options.cacertfile = {directory}/ca.pem"),
        format!("ssl_options.certfile = {directory}/certificate.pem"),
        format!("ssl_options.keyfile = {directory}/key.pem"),
        "ssl_options.verify = verify_peer".to_owned(),
        "ssl_options.fail_if_no_peer_cert = true\n".to_owned(),
    ]
    .join("\n")
}

/// The original's accounts and permissions on every virtual host, and an administrator.
fn definitions(count: usize) -> String {
    let users = ["root", "scheduler", "agent"]
        .map(|user| format!(r#"{{"name":"{user}","password":"secret","tags":""}}"#))
        .join(",");
    let (mut hosts, mut permissions) = (Vec::new(), Vec::new());
    for number in 0..count {
        hosts.push(format!(r#"{{"name":"mig{number}"}}"#));
        let granted = [
            ("root", ".*", ".*", ".*"),
            (
                "scheduler",
                r"^(toagents|toschedulers|toworkers|mig\\.agt\\..*)$",
                r"^(toagents|toworkers|mig\\.agt\\.(heartbeats|results))$",
                r"^(toagents|toschedulers|toworkers|mig\\.agt\\.(heartbeats|results))$",
            ),
            (
                "agent",
                r"^mig\\.agt\\..*$",
                r"^(toschedulers|mig\\.agt\\..*)$",
                r"^(toagents|mig\\.agt\\..*)$",
            ),
        ];
        for (user, configure, write, read) in granted {
            let mut text = String::new();
            write!(
                text,
                r#"{{"user":"{user}","vhost":"mig{number}","configure":"{configure}","write":"{write}","read":"{read}"}}"#
            )
            .unwrap();
            permissions.push(text);
        }
    }
    let (hosts, permissions) = (hosts.join(","), permissions.join(","));
    format!(r#"{{"users":[{users}],"vhosts":[{hosts},{{"name":"closed"}}],"permissions":[{permissions}]}}"#)
}

fn environment(command: &mut Command, directory: &Path, ports: [u16; 3], node: &str) {
    let [port, distribution_port, epmd_port] = ports;
    command
        .env("HOME", directory)
        .env("RABBITMQ_NODENAME", node)
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", distribution_port.to_string())
        .env("ERL_EPMD_PORT", epmd_port.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1")
        .env("RABBITMQ_BASE", directory)
        .env("RABBITMQ_MNESIA_BASE", directory.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", directory.join("log"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_PID_FILE", directory.join("pid"))
        .env("RABBITMQ_CONFIG_FILE", directory.join("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", directory.join("advanced.config"))
        .env("RABBITMQ_CONF_ENV_FILE", directory.join("none"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", directory.join("plugins"))
        .env("RABBITMQ_FEATURE_FLAGS_FILE", directory.join("feature-flags"))
        .env("RABBITMQ_GENERATED_CONFIG_DIR", directory.join("generated"))
        .env("LC_ALL", "C.UTF-8")
        .current_dir(directory);
}

fn start(program: &Path, directory: &Path, ports: [u16; 3], node: &str, guards: &mut Vec<Child>) -> Child {
    let output = fs::File::create(directory.join("output")).unwrap();
    let mut command = Command::new(program);
    environment(&mut command, directory, ports, node);
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).process_group(0);
    let server = command.spawn().unwrap();
    guards.push(guard(&server));
    server
}

/// A shell that kills the group of `process` as soon as this program has ended.
pub(crate) fn guard(process: &Child) -> Child {
    guard_and(process, "")
}

/// [`guard`] that does something more at the end.
fn guard_and(process: &Child, more: &str) -> Child {
    let script = format!("read -r _; kill -KILL -{}; {more}", process.id());
    Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}
