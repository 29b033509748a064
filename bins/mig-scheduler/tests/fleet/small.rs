//! A small fleet, and what the platform forgets.

use crate::{
    process::eventually,
    world::{World, text},
};
use std::fs;

const IMPATIENT: &str =
    "[agent]\ntimeout = 3s\nheartbeatfreq = 1s\n[periodic]\nfreq = 1s\nqueuescleanupfreq = 1s\n";

pub(crate) fn a_scheduler_on_sqlite_takes_the_agents_of_its_list() {
    let Some(world) = World::on_sqlite() else { return };
    let list = world.path("list");
    fs::write(&list, "linux.nobody\n").unwrap();
    let config = world.scheduler_config(
        "scheduler.cfg",
        &format!("[agent]\nwhitelist = \"{}\"\n[events]\npublish = on\n", list.display()),
    );
    let mut scheduler = world.scheduler(&config);
    let files = world.agent_files("one");
    let private = text(&files.config).replace("[agent]", "[agent]\nextraprivacymode = on");
    fs::write(&files.config, private).unwrap();
    let _agent = world.agent(&files);
    let log = config.with_extension("log");
    let refused = eventually("a heartbeat is refused", || {
        let text = text(&log);
        let (_, after) = text.split_once("agent 'linux.")?;
        Some(format!("linux.{}", after.split_once('\'')?.0))
    });
    assert!(world.agents().is_empty());
    let listener = world.listen();
    let event_of = |topic: &str, part: &str| {
        eventually(topic, || {
            let (found, body) = world.event(&listener)?;
            (found == topic && String::from_utf8(body).unwrap().contains(part)).then_some(())
        });
    };
    event_of("agent.authentication.failure", &refused);
    fs::write(&list, format!("linux.nobody\n{refused}\n")).unwrap();
    world.wait_for(1);
    event_of("agent.new", &refused);
    let answers = world.answers(world.ask("status = 'online'"));
    let text = mig_core::json::to_string(&answers[0].results).unwrap();
    event_of("command.results", "\"status\":\"success\"");
    assert!(answers.len() == 1 && text.contains("masked") && !text.contains("/one/acl.cfg"), "{text}");
    assert!(scheduler.end().success());
}

pub(crate) fn queues_of_agents_that_are_gone_are_removed() {
    let Some(world) = World::on_sqlite() else { return };
    let config = world.scheduler_config("scheduler.cfg", IMPATIENT);
    let _scheduler = world.scheduler(&config);
    let files = ["gone", "here"].map(|name| world.agent_files(name));
    let [mut gone, _here] = files.each_ref().map(|files| world.agent(files));
    world.wait_for(2);
    let queues = || {
        let listed = world.broker.control(&["list_queues", "-p", &world.virtual_host, "name"]);
        listed.lines().filter(|line| line.starts_with("mig.agt.linux.")).count()
    };
    assert_eq!(queues(), 2);
    gone.kill();
    eventually("the queue of the agent that is gone is removed", || (queues() == 1).then_some(()));
    assert_eq!(world.answers(world.ask("status = 'online'")).len(), 1);
}
