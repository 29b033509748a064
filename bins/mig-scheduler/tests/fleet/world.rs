//! A platform: a virtual host, a store, an investigator, and the files of schedulers and agents.

use crate::{
    ROLE,
    broker::{self, Broker},
    cluster::{self, Cluster},
    process::{Process, eventually},
};
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use mig_core::{
    action::{Action, ActionCounters, Operation},
    agent_info::AgentInfo,
    id::ActionId,
    json,
    scheduler::{flow::ActionStatus, intake},
    sign::{KeyAlgorithm, SecretKey, Signer as _},
    store::{CommandFilter, CommandQuery, NewInvestigator, Store, StoredCommand},
    time::Time,
};
use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::runtime::Runtime;

const WORKER: &str = "migevent.worker.test";
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    runtime: Runtime,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) broker: &'static Broker,
    pub(crate) virtual_host: String,
    store_url: String,
    /// The lines of scheduler.cfg that name the store.
    store_lines: String,
    store: Arc<dyn Store>,
    key: SecretKey,
}

pub(crate) struct Listener {
    _connection: Connection,
    channel: Channel,
}

/// An agent's files, and where its page is.
pub(crate) struct AgentFiles {
    pub(crate) config: PathBuf,
    pub(crate) port: u16,
}

impl World {
    /// On PostgreSQL; `None` on a machine that lacks a server.
    pub(crate) fn on_postgres() -> Option<Self> {
        let (broker, cluster) = (broker::shared()?, cluster::cluster()?);
        let runtime = runtime();
        let database = runtime.block_on(cluster.new_database());
        let lines = postgres_lines(cluster, &database, cluster::PASSWORD);
        Some(Self::on(runtime, broker, cluster.url(&database), lines))
    }

    /// On PostgreSQL and a broker that the test may hurt.
    pub(crate) fn on_own_broker() -> Option<Self> {
        let cluster = cluster::cluster()?;
        // It ends with this program.
        let broker: &'static Broker = Box::leak(Box::new(broker::own()?));
        let runtime = runtime();
        let database = runtime.block_on(cluster.new_database());
        let lines = postgres_lines(cluster, &database, cluster::PASSWORD);
        Some(Self::on(runtime, broker, cluster.url(&database), lines))
    }

    /// On a SQLite file.
    pub(crate) fn on_sqlite() -> Option<Self> {
        let broker = broker::shared()?;
        let directory = tempfile::tempdir().unwrap();
        // The world removes the directory with everything else.
        let url = format!("sqlite:{}", directory.keep().join("mig.db").display());
        let lines = format!("[store]\nurl = \"{url}\"\n");
        Some(Self::on(runtime(), broker, url, lines))
    }

    fn on(runtime: Runtime, broker: &'static Broker, store_url: String, store_lines: String) -> Self {
        let store = runtime.block_on(mig_store::open(&store_url)).unwrap();
        let key = SecretKey::generate("Ann", KeyAlgorithm::Ed25519, None).unwrap();
        let investigator = NewInvestigator {
            name: "Ann".into(),
            fingerprint: key.fingerprint().clone(),
            public_key: key.public_armored().unwrap(),
        };
        runtime.block_on(store.insert_investigator(&investigator, SystemTime::now())).unwrap();
        Self {
            runtime,
            directory: tempfile::tempdir().unwrap(),
            broker,
            virtual_host: broker.virtual_host(),
            store_url,
            store_lines,
            store,
            key,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the configuration of a scheduler, with further lines.
    pub(crate) fn scheduler_config(&self, name: &str, lines: &str) -> PathBuf {
        let path = self.path(name);
        let relay = relay_lines(self.broker, "scheduler", "secret", &self.virtual_host);
        fs::write(
            &path,
            format!("{}{relay}{lines}[logging]\nmode = stdout\nlevel = debug\n", self.store_lines),
        )
        .unwrap();
        path
    }

    /// Starts a scheduler; its log is beside its configuration.
    pub(crate) fn scheduler(&self, config: &Path) -> Process {
        let mut command = scheduler_command(config);
        command.stderr(log(config));
        Process::start(command)
    }

    /// Makes the files of an agent.
    pub(crate) fn agent_files(&self, name: &str) -> AgentFiles {
        let directory = self.path(name);
        fs::create_dir_all(directory.join("agentkeys")).unwrap();
        fs::write(directory.join("agentkeys/ann.asc"), self.key.public_armored().unwrap()).unwrap();
        let acl = format!(
            r#"{{"default": {{"minimumweight": 1, "investigators": {{"Ann": {{"fingerprint": "{}", "weight": 1}}}}}}}}"#,
            self.key.fingerprint()
        );
        fs::write(directory.join("acl.cfg"), acl).unwrap();
        let port = free_port();
        let config = directory.join("mig-agent.cfg");
        let text = format!(
            "[agent]\nrelay = \"{}\"\nsocket = \"127.0.0.1:{port}\"\nheartbeatfreq = 1s\nmoduletimeout = 60s\n\
             rundir = \"{}\"\ntags = machine:{name}\n[logging]\nmode = stdout\nlevel = debug\n",
            self.broker.url("agent", &self.virtual_host),
            directory.join("run").display(),
        );
        fs::write(&config, text).unwrap();
        AgentFiles { config, port }
    }

    /// Starts an agent; its log is beside its configuration.
    pub(crate) fn agent(&self, files: &AgentFiles) -> Process {
        let mut command = agent_command();
        command.arg("-f").arg("-c").arg(&files.config).stderr(log(&files.config));
        Process::start(command)
    }

    /// Asks every agent of a name which files there are in the world's directory.
    pub(crate) fn ask(&self, target: &str) -> ActionId {
        let parameters = format!(
            r#"{{"searches":{{"s":{{"paths":["{}"],"names":["^acl.cfg$"]}}}}}}"#,
            self.directory.path().display()
        );
        let operation = Operation {
            module: "file".into(),
            parameters: json::from_slice(parameters.as_bytes()).unwrap(),
            ..Operation::default()
        };
        let mut action = Action {
            name: format!("a question {}", ActionId::unique().unwrap()),
            target: target.into(),
            valid_from: Time::now().minus(HOUR).whole_seconds(),
            expire_after: Time::now().plus(HOUR).whole_seconds(),
            operations: Some(vec![operation]),
            syntax_version: 2,
            ..Action::default()
        };
        let text = action.signing_string().unwrap();
        action.signatures = Some(vec![self.key.sign(text.as_bytes()).unwrap()]);
        let submitted = intake::submit(&*self.store, action, None, SystemTime::now());
        self.runtime.block_on(submitted).unwrap().id()
    }

    pub(crate) fn counters(&self, action: ActionId) -> ActionCounters {
        self.runtime.block_on(self.store.counters(action)).unwrap()
    }

    /// Waits until an action has ended, and returns its commands.
    pub(crate) fn answers(&self, action: ActionId) -> Vec<StoredCommand> {
        eventually("the action is completed", || {
            let stored = self.runtime.block_on(self.store.action(action)).unwrap();
            assert!(!matches!(stored.status, ActionStatus::Invalid), "{}", stored.reason);
            (stored.status == ActionStatus::Completed).then_some(())
        });
        let query = CommandQuery { action, filter: CommandFilter::All, after: None, limit: 1000 };
        self.runtime.block_on(self.store.commands(&query)).unwrap()
    }

    /// Everybody who is online, by address.
    pub(crate) fn online(&self) -> BTreeSet<String> {
        self.agents()
            .into_iter()
            .filter(|agent| agent.status == "online")
            .map(|agent| agent.queue_location)
            .collect()
    }

    pub(crate) fn agents(&self) -> Vec<AgentInfo> {
        self.runtime.block_on(self.store.agents(None, 1000)).unwrap()
    }

    /// Waits until as many agents are online.
    pub(crate) fn wait_for(&self, agents: usize) -> BTreeSet<String> {
        eventually("the agents are online", || Some(self.online()).filter(|online| online.len() == agents))
    }

    /// Listens to all events from now on, as a worker of 2015; a scheduler has declared their exchange.
    pub(crate) fn listen(&self) -> Listener {
        let url = self.broker.url("root", &self.virtual_host);
        self.runtime.block_on(async {
            let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
            let channel = connection.create_channel().await.unwrap();
            let nothing = FieldTable::default;
            channel.queue_declare(WORKER.into(), QueueDeclareOptions::default(), nothing()).await.unwrap();
            let all = QueueBindOptions::default();
            channel.queue_bind(WORKER.into(), "toworkers".into(), "#".into(), all, nothing()).await.unwrap();
            Listener { _connection: connection, channel }
        })
    }

    /// Topic and body of the next event.
    pub(crate) fn event(&self, listener: &Listener) -> Option<(String, Vec<u8>)> {
        let options = BasicGetOptions { no_ack: true };
        let message = self.runtime.block_on(listener.channel.basic_get(WORKER.into(), options)).unwrap()?;
        Some((message.routing_key.to_string(), message.data.clone()))
    }

    /// How many schedulers hold a lease.
    pub(crate) fn living_schedulers(&self) -> i64 {
        let count = async {
            let mut connection =
                <sqlx::PgConnection as sqlx::Connection>::connect(&self.store_url).await.unwrap();
            let sql = "SELECT count(*) FROM owners WHERE until > now()";
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        };
        self.runtime.block_on(count)
    }
}

impl World {
    #[expect(clippy::print_stderr, reason = "why a test failed")]
    fn show_queues(&self) {
        let columns = ["name", "messages_ready", "messages_unacknowledged", "consumers"];
        let arguments = [&["list_queues", "-p", &self.virtual_host][..], &columns].concat();
        eprintln!("=== queues\n{}", self.broker.control(&arguments));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Processes write their logs there.
            show_logs(self.directory.path());
            self.show_queues();
        }
        if let Some(path) = self.store_url.strip_prefix("sqlite:") {
            fs::remove_dir_all(Path::new(path).parent().unwrap()).ok();
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn scheduler_command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mig-scheduler"));
    command.arg("-c").arg(config);
    command
}

pub(crate) fn agent_command() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ROLE, "agent");
    command
}

pub(crate) fn postgres_lines(cluster: &Cluster, database: &str, password: &str) -> String {
    format!(
        "[postgres]\nhost = \"127.0.0.1\"\nport = {}\ndbname = {database}\nuser = mig\npassword = \"{password}\"\n\
         sslmode = disable\nmaxconn = 5\n",
        cluster.port
    )
}

pub(crate) fn relay_lines(broker: &Broker, user: &str, password: &str, virtual_host: &str) -> String {
    format!(
        "[mq]\nhost = \"127.0.0.1\"\nport = {}\nuser = {user}\npass = {password}\nvhost = {virtual_host}\n",
        broker.port
    )
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> String {
    String::from_utf8(mig_core::limits::read_file(path, 16 << 20).unwrap()).unwrap()
}

/// The text of a page.
pub(crate) fn page(port: u16, path: &str) -> Option<String> {
    let config = ureq::Agent::config_builder().proxy(None).build();
    let response = ureq::Agent::new_with_config(config).get(format!("http://127.0.0.1:{port}{path}")).call();
    response.ok()?.body_mut().read_to_string().ok()
}

fn log(config: &Path) -> fs::File {
    fs::File::options().create(true).append(true).open(config.with_extension("log")).unwrap()
}

#[expect(clippy::print_stderr, reason = "why a test failed")]
fn show_logs(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            show_logs(&path);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            let text = mig_core::limits::read_file(&path, 16 << 20).unwrap_or_default();
            let end = text.len().saturating_sub(6000);
            eprintln!(
                "=== {}\n{}",
                path.display(),
                String::from_utf8(text[end..].to_vec()).unwrap_or_default()
            );
        }
    }
}
