//! Processes that end at the wrong time.

use crate::{
    process::eventually,
    world::{World, agent_command, free_port, page},
};
use mig_core::{scheduler::flow::CommandStatus, store::StoredCommand};
use rustix::process::Signal;

/// Two answers, of which each found the two files that there are.
fn assert_answered(commands: &[StoredCommand]) {
    assert_eq!(commands.len(), 2);
    for command in commands {
        assert_eq!(command.status, CommandStatus::Success, "{command:?}");
        assert!(command.results.len() == 1 && command.results[0].found_anything, "{command:?}");
    }
}

pub(crate) fn every_command_is_answered_whichever_scheduler_is_killed() {
    let Some(world) = World::on_postgres() else { return };
    let ports = [free_port(), free_port()];
    let configs = ports.map(|port| {
        world.scheduler_config(
            &format!("{port}.cfg"),
            &format!("[metrics]\nlisten = 127.0.0.1:{port}\n[periodic]\nfreq = 1s\n"),
        )
    });
    let mut schedulers = configs.each_ref().map(|config| world.scheduler(config));
    let files = ["one", "two"].map(|name| world.agent_files(name));
    let agents = files.each_ref().map(|files| world.agent(files));
    world.wait_for(2);
    assert_answered(&world.answers(world.ask("tags->>'machine' IN ('one', 'two')")));

    for number in 0..2 {
        agents.iter().for_each(|agent| agent.signal(Signal::STOP));
        let action = world.ask("status = 'online'");
        eventually("the commands are in flight", || (world.counters(action).in_flight == 2).then_some(()));
        schedulers[number].kill();
        agents.iter().for_each(|agent| agent.signal(Signal::CONT));
        assert_answered(&world.answers(action));
        assert_answered(&world.answers(world.ask("status = 'online'")));
        schedulers[number] = world.scheduler(&configs[number]);
        eventually("the new scheduler is ready", || page(ports[number], "/readyz"));
    }

    let metrics = ports.map(|port| page(port, "/metrics").unwrap());
    assert!(metrics.iter().all(|text| text.contains("mig_relay_connected 1")), "{metrics:?}");
    eventually("the agents are counted", || {
        page(ports[0], "/agents").filter(|text| text.contains("\"onlineagents\": 2"))
    });
    assert_eq!(page(ports[0], "/healthz").as_deref(), Some("ok\n"));

    assert!(schedulers.iter_mut().all(|scheduler| scheduler.end().success()), "a clean end is a success");
    let left = world.living_schedulers();
    assert!(left <= 2, "those that were killed lapse, those that ended are gone: {left}");
}

pub(crate) fn a_broker_that_restarts_and_an_agent_that_is_killed_lose_nothing() {
    let Some(world) = World::on_own_broker() else { return };
    let port = free_port();
    let config = world.scheduler_config("scheduler.cfg", &format!("[metrics]\nlisten = 127.0.0.1:{port}\n"));
    let _scheduler = world.scheduler(&config);
    let files = ["one", "two"].map(|name| world.agent_files(name));
    let mut agents = files.each_ref().map(|files| world.agent(files));
    world.wait_for(2);
    agents.iter().for_each(|agent| agent.signal(Signal::STOP));
    let action = world.ask("status = 'online'");
    eventually("the commands are in flight", || (world.counters(action).in_flight == 2).then_some(()));
    // The command of this one waits in its queue, unacknowledged.
    agents[0].kill();
    world.broker.kill();
    eventually("the scheduler says that it is not ready", || page(port, "/readyz").is_none().then_some(()));
    world.broker.restart();
    agents[1].signal(Signal::CONT);
    let _again = world.agent(&files[0]);
    assert_answered(&world.answers(action));
    assert_answered(&world.answers(world.ask("status = 'online'")));
    eventually("the scheduler is ready again", || page(port, "/readyz"));
}

pub(crate) fn agents_that_restart_have_the_same_identity() {
    let Some(world) = World::on_postgres() else { return };
    let scheduler = world.scheduler_config("scheduler.cfg", "");
    let mut scheduler = world.scheduler(&scheduler);
    let files = ["one", "two"].map(|name| world.agent_files(name));
    let mut agents = files.each_ref().map(|files| world.agent(files));
    let identities = world.wait_for(2);
    assert_answered(&world.answers(world.ask("mode = 'daemon'")));

    // One ends as it is asked to, the other is killed.
    assert!(agents[0].end().success());
    agents[1].kill();
    let agents = files.each_ref().map(|files| world.agent(files));
    let processes = agents.each_ref().map(|agent| i64::from(agent.id()));
    eventually("the new processes are online", || {
        let online: Vec<_> = world.agents().into_iter().filter(|agent| agent.status == "online").collect();
        processes.iter().all(|id| online.iter().any(|agent| agent.pid == *id)).then_some(())
    });
    assert_eq!(world.online(), identities);
    assert_answered(&world.answers(world.ask("mode = 'daemon'")));

    let status = page(files[0].port, "/").unwrap();
    assert!(status.contains("accepted, success") && status.contains("machine:one"), "{status}");
    assert!(!status.contains("secret"), "the page tells the password of the relay");
    let [mut agent, _other] = agents;
    let ask = |question: &str| {
        let output =
            agent_command().arg("-q").arg(question).arg("-c").arg(&files[0].config).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(ask("pid"), (true, format!("{}\n", agent.id())));
    assert!(ask("status").1.contains("\"queueloc\""));
    assert_eq!(ask("shutdown"), (true, "the agent has ended\n".to_owned()));
    assert!(agent.wait().success());
    assert_eq!(ask("pid"), (false, String::new()));

    assert!(scheduler.end().success());
    assert_eq!(world.living_schedulers(), 0, "the leases are handed back");
}
