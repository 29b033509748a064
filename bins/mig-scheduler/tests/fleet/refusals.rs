//! Schedulers and agents that can not begin.

use crate::{
    broker, cluster,
    world::{World, agent_command, postgres_lines, relay_lines, scheduler_command, text},
};
use std::{fs, path::Path, process::Command};

/// What a program says that ends by itself, and its exit code.
fn ended(mut command: Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The last line is what it could not do; the log may stand before it.
fn refused(config: &Path, text: &str, expected: &[&str]) {
    fs::write(config, text).unwrap();
    let (code, said) = ended(scheduler_command(config));
    let line = said.lines().last().unwrap_or_default();
    assert_eq!(code, 9, "{said}");
    assert!(line.starts_with("mig-scheduler: ") && expected.iter().all(|word| line.contains(word)), "{said}");
    assert!(!said.contains("wrong-password"), "{said}");
}

pub(crate) fn who_is_refused_learns_in_one_line_what_to_do() {
    let Some(world) = World::on_postgres() else { return };
    let (broker, cluster) = (broker::shared().unwrap(), cluster::cluster().unwrap());
    let config = world.path("scheduler.cfg");
    let relay = relay_lines(broker, "scheduler", "secret", &world.virtual_host);
    let store = postgres_lines(cluster, "postgres", cluster::PASSWORD);

    let wrong = relay_lines(broker, "scheduler", "wrong-password", &world.virtual_host);
    refused(&config, &(store.clone() + &wrong), &["refuses user 'scheduler'", "rabbitmqctl"]);
    let wrong = relay_lines(broker, "scheduler", "secret", "nowhere");
    refused(&config, &(store.clone() + &wrong), &["no virtual host 'nowhere'", "rabbitmqctl add_vhost"]);
    let wrong = relay_lines(broker, "agent", "secret", &world.virtual_host);
    refused(&config, &(store + &wrong), &["not permitted", "set_permissions"]);
    let wrong = postgres_lines(cluster, "postgres", "wrong-password");
    refused(&config, &(wrong + &relay), &["postgres://mig@127.0.0.1", "password"]);
    let wrong = postgres_lines(cluster, "nowhere", cluster::PASSWORD);
    refused(&config, &(wrong + &relay), &["nowhere"]);

    let files = world.agent_files("agent");
    fs::write(&files.config, text(&files.config).replace("agent:secret@", "agent:wrong-password@")).unwrap();
    let mut command = agent_command();
    command.args(["-d", "-c"]).arg(&files.config);
    let (code, said) = ended(command);
    let line = said.lines().last().unwrap_or_default();
    assert!(code == 1 && line.starts_with("mig-agent: ") && line.contains("refuses user 'agent'"), "{said}");
    assert!(!said.contains("wrong-password"), "{said}");
}

pub(crate) fn all_faults_of_a_configuration_are_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("scheduler.cfg");
    fs::write(&config, "[agent]\ntimeout = soon\n[mq]\nhost = h\n[mr]\nx = 1\n").unwrap();
    let (code, said) = ended(scheduler_command(&config));
    assert_eq!(code, 9, "{said}");
    for fault in
        ["line 2: agent.timeout: 'soon'", "mq.user: it is missing", "line 6: mr.x: there is no such key"]
    {
        assert!(said.contains(fault) && said.contains("scheduler.cfg"), "{said}");
    }
    refused(&config, "", &["section postgres", "section mq"]);
    refused(&config, "[store]\nurl = mysql:x\n[mq]\nhost=h\nuser=u\npass=p\n", &["mysql:x", "sqlite:<path>"]);
    let (code, said) = ended(scheduler_command(Path::new("/no/such.cfg")));
    assert!(
        code == 9 && said.starts_with("mig-scheduler: cannot read the configuration /no/such.cfg"),
        "{said}"
    );
}
