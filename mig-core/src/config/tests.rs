use super::*;
use std::time::Duration;

const AGENT: &str = r#"
; the sample of the original
[agent]
    relay            = "amqp://agent:secret@127.0.0.1:5672/mig"
    socket           = 127.0.0.1:51664
    heartbeatfreq    = "30s"
    moduletimeout    = "300s"
    api              = "http://localhost:1664/api/v1"
    isimmortal       = on
    installservice   = off
    discoverpublicip
    checkin = off
    proxies = "proxy1.example.net:3128, proxy2.example.net:8080"
    tags = operator:IT
    tags = site:paris
    refreshenv = ""
[stats]
    maxactions = 20
[certs]
    ca  = "/path/to/ca.crt"
    cert= "/path/to/client.crt"
    key = "/path/to/client.key"
[logging]
    mode    = "stdout"
    level   = "debug"
    facility = "LOG_DAEMON"
"#;

#[test]
fn a_configuration_of_the_originals_agent_is_read_as_it_is() {
    let Loaded { config, warnings } = AgentConfig::parse(AGENT).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(config.relay.as_ref().unwrap().as_str(), "amqp://agent:secret@127.0.0.1:5672/mig");
    assert_eq!(config.api.as_deref(), Some("http://localhost:1664/api/v1/"));
    assert_eq!(config.heartbeat_interval, Duration::from_secs(30));
    assert_eq!(config.refresh_interval, Duration::from_secs(300));
    assert!(config.is_immortal && config.discovers_public_address && !config.installs_service);
    assert_eq!(config.proxies.len(), 2);
    assert_eq!(config.tags.len(), 2);
    assert_eq!(config.shown_actions, 20);
    assert!(config.certificates.key.is_some() && config.logging.is_some());
}

#[test]
fn what_is_absent_keeps_its_default() {
    assert_eq!(AgentConfig::parse("").unwrap().config, AgentConfig::default());
    let socket = AgentConfig::parse("[agent]\nsocket = \"\"").unwrap().config.socket;
    assert_eq!(socket, None, "an empty socket is no socket");
}

#[test]
fn all_faults_are_told_at_once_with_line_and_key() {
    let text = "[agent]\nheartbeatfreq = 5x\nisimmortal = maybe\nrely = x\nproxies = here\n[stats]\nmaxactions = 99\n[bogus]\nkey = 1\n[agent\n";
    let faults = AgentConfig::parse(text).unwrap_err();
    let expected = [
        "line 2: agent.heartbeatfreq: '5x' is no time such as 300s or 1h30m: time: unknown unit \"x\" in duration \"5x\"",
        "line 3: agent.isimmortal: 'maybe' is neither on nor off",
        "line 4: agent.rely: there is no such key",
        "line 5: agent.proxies: 'here' is no proxy such as proxy.example.net:3128",
        "line 7: stats.maxactions: 99 is not from 0 to 30",
        "line 9: bogus.key: there is no such key",
        "line 10: '[agent' is no section: it has to look like [agent]",
    ];
    let found: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

const SCHEDULER: &str = r#"
[agent]
    timeout = "20m"
    heartbeatfreq = "5m"
    whitelist = "/var/cache/mig/agents_whitelist.txt"
    detectmultiagents = true
    killdupagents = false
[collector]
    freq = "1s"
[periodic]
    freq = "87s"
    deleteafter = "72h"
    queuescleanupfreq = "24h"
[directories]
    spool = "/var/cache/mig/"
    tmp = "/var/tmp/"
[postgres]
    host = "127.0.0.1"
    port = 5432
    dbname = "mig"
    user = "migscheduler"
    password = "p@ss:w/rd"
    sslmode = "disable"
    maxconn = 10
[mq]
    host = "127.0.0.1"
    port = 5672
    user = "scheduler"
    pass = "s3cr@t/:"
    vhost = "mig"
    usetls = false
    timeout = "600s"
[logging]
    mode = "stdout"
    level = "info"
[debug]
    heartbeats = false
"#;

#[test]
fn a_scheduler_keeps_everything_unless_it_is_told_for_how_long() {
    let config = |text| SchedulerConfig::parse(text).unwrap().config;
    assert_eq!((config("").retention, config("").agent_retention), (None, None));
    let told = config("[periodic]\nretention = 2160h\nagentretention = 0s\n");
    assert_eq!(
        (told.retention, told.agent_retention),
        (Some(std::time::Duration::from_secs(2160 * 3600)), None)
    );
}

#[test]
fn a_configuration_of_the_originals_scheduler_is_read_and_its_spool_is_not_used() {
    let Loaded { config, warnings } = SchedulerConfig::parse(SCHEDULER).unwrap();
    let lines: Vec<_> = warnings.iter().filter_map(|warning| warning.line).collect();
    assert_eq!(lines, [12, 15, 16]);
    assert_eq!(config.sweep_interval, Duration::from_secs(87));
    let database = config.database.as_ref().unwrap();
    assert_eq!((database.password.as_str(), database.max_connections), ("p@ss:w/rd", 10));
    let relay = config.relay.as_ref().unwrap();
    assert_eq!((relay.password.as_str(), relay.virtual_host.as_str()), ("s3cr@t/:", "mig"));
    let shown = format!("{config:?}");
    assert!(!shown.contains("p@ss") && !shown.contains("s3cr@t"), "{shown}");
}

#[test]
fn half_a_database_and_half_a_broker_are_faults() {
    let faults =
        SchedulerConfig::parse("[postgres]\nhost = h\nsslmode = maybe\n[mq]\nhost = h\n").unwrap_err();
    let keys: Vec<&str> = faults.0.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["mq.pass", "mq.user", "postgres.dbname", "postgres.user", "postgres.sslmode"]);
    assert!(SchedulerConfig::parse("").unwrap().config.database.is_none());
    let two = "[store]\nurl = sqlite:x\n[postgres]\nhost = h\ndbname = d\nuser = u\npassword = p\n";
    assert_eq!(SchedulerConfig::parse(two).unwrap_err().0[0].key, "store.url");
}

#[test]
fn a_configuration_of_the_originals_api_is_read_as_it_is() {
    let text = "[authentication]\nenabled = on\ntokenduration = 10m\n[server]\nip = \"127.0.0.1\"\nport = 12345\nhost = \"http://localhost:12345\"\nbaseroute = \"/api/v1\"\nclientpublicip = \"x-forwarded-for:2\"\n[manifest]\nrequiredsignatures = 2\n[postgres]\nhost = \"127.0.0.1\"\ndbname = mig\nuser = migapi\npassword = x\n";
    let config = ApiConfig::parse(text).unwrap().config;
    assert_eq!(config.listen.to_string(), "127.0.0.1:12345");
    assert_eq!((config.forwarded_for, config.manifest_signatures), (Some(2), 2));
    let faults =
        ApiConfig::parse("[server]\nclientpublicip = x\ntlscert = c\nport = 70000\nip = here").unwrap_err();
    assert_eq!(faults.0.len(), 4, "{faults}");
}

#[test]
fn migrc_has_macros_and_a_key() {
    let text = "[api]\nurl = \"http://localhost:1664/api/v1/\"\nskipverifycert = off\n[gpg]\nhome = \"/home/x/.gnupg/\"\nkeyid = \"e608 92bb 9bd8 9a69 f759 a1a0 a3d6 5217 3b76 3e8f\"\n[targets]\nmacro = allonline:status='online'\nmacro = \"mac:environment->>'os'='darwin'\"\n";
    let config = ClientConfig::parse(text).unwrap().config;
    assert_eq!(config.key.as_deref(), Some("E60892BB9BD89A69F759A1A0A3D652173B763E8F"));
    assert_eq!(config.macros["allonline"], "status='online'");
    let faults =
        ClientConfig::parse("[api]\nurl = x\n[gpg]\nkeyid = 12\n[targets]\nmacro = :x\n").unwrap_err();
    assert_eq!(faults.0.len(), 3, "{faults}");
}

#[test]
fn a_file_that_can_not_be_read_is_named() {
    let error = AgentConfig::load(Path::new("/nowhere/mig-agent.cfg")).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read the configuration /nowhere/mig-agent.cfg: "),
        "{error}"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[agent]\nx = 1\ny = 2\n").unwrap();
    let text = AgentConfig::load(file.path()).unwrap_err().to_string();
    assert_eq!(text.lines().count(), 3, "{text}");
}
