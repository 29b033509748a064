//! Actions: taken, shown, cancelled; previews of their targets; agents and commands.

use crate::support::World;
use axum::http::StatusCode;
use mig_core::{
    action::Action,
    json,
    scheduler::flow::AnswerStatus,
    testing::{
        person::operation,
        store_contract::{after, agent, answer, launch},
    },
};
use std::time::SystemTime;

fn action(world: &World, name: &str, target: &str) -> Action {
    let mut action = world.ann.person.ask(name, vec![operation("ping", "{}")]);
    action.target = target.to_owned();
    action.signatures = None;
    world.ann.person.sign(action)
}

fn text(action: &Action) -> String {
    json::to_string(action).unwrap()
}

#[tokio::test]
async fn a_signed_action_is_taken_and_shown() {
    let world = World::new().await;
    let sent = text(&action(&world, "who is there", "status='online'"));
    let reply = world.post("/action/create/", &[("action", &sent)]).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    let taken = reply.value(0);
    let id = taken["id"].as_u64().unwrap();
    let collection = &reply.json()["collection"];
    assert_eq!(collection["items"][0]["data"][0]["name"], format!("action ID {id}"));
    assert_eq!(collection["items"][0]["href"], format!("http://localhost:1664/api/v1/action?actionid={id}"));
    assert_eq!(taken["status"], "pending");
    assert_eq!(taken["finishtime"], "9998-01-11T11:11:11.000000011Z");
    let reply = world.get(&format!("/action?actionid={id}")).await;
    assert_eq!(reply.status, StatusCode::OK);
    let shown = reply.value(0);
    assert_eq!((&shown["name"], &shown["status"]), (&"who is there".into(), &"pending".into()));
    assert_eq!(shown["pgpsignatures"], taken["pgpsignatures"]);
    assert_eq!(shown["investigators"][0]["name"], "Ann");
    assert_eq!(shown["investigators"][0]["permissions"]["action_create"], true);
}

#[tokio::test]
async fn the_same_signed_bytes_are_one_action() {
    let world = World::new().await;
    let mut sent = action(&world, "once", "all");
    let first = world.post("/action/create/", &[("action", &text(&sent))]).await;
    // What is not signed may differ.
    sent.id = mig_core::id::ActionId::new(4711);
    sent.status = "completed".to_owned();
    let second = world.post("/action/create/", &[("action", &text(&sent))]).await;
    assert_eq!(second.status, StatusCode::ACCEPTED);
    assert_eq!(first.value(0)["id"], second.value(0)["id"]);
    assert_eq!(second.value(0)["status"], "pending");
    assert_eq!(world.store.actions(None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_an_action_is_the_callers_fault_and_told() {
    let world = World::new().await;
    let stranger = World::new().await;
    let mut changed = action(&world, "changed", "all");
    changed.name = "another".to_owned();
    let mut unsigned = action(&world, "unsigned", "all");
    unsigned.signatures = Some(Vec::new());
    let cases = [
        (text(&changed), "signature 1 of the action is not a good one of an active investigator"),
        (text(&unsigned), "signature"),
        (text(&action(&stranger, "by a stranger", "all")), "signature 1 of the action"),
        (
            text(&action(&world, "injection", "1=1; DROP TABLE agents")),
            "the target of the action can not be read",
        ),
        ("{".to_owned(), "the field 'action' is not the JSON of an action"),
        ("[1]".to_owned(), "the field 'action' is not the JSON of an action"),
        (String::new(), "the field 'action' is missing or empty"),
    ];
    for (sent, message) in cases {
        let reply = world.post("/action/create/", &[("action", &sent)]).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        assert!(reply.message().contains(message), "{}", reply.text);
    }
    assert!(world.store.actions(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn ids_are_numbers_above_zero() {
    let world = World::new().await;
    for kind in ["action", "command", "agent", "investigator"] {
        let name = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
        for bad in ["0", "-1", "x", "", "1.5", "%00"] {
            let reply = world.get(&format!("/{kind}?{kind}id={bad}")).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{kind} {bad}");
            assert!(reply.message().starts_with(&format!("Invalid {name} ID '")), "{}", reply.text);
        }
        let reply = world.get(&format!("/{kind}?{kind}id=12345")).await;
        assert_eq!(
            (reply.status, reply.message()),
            (StatusCode::NOT_FOUND, format!("{name} ID '12345' not found"))
        );
        let reply = world.get(&format!("/{kind}?{kind}id=99999999999999999999999")).await;
        assert!(reply.status.is_client_error(), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_command_is_shown_with_its_action_agent_and_results() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one"]).await;
    world.store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(5)).await.unwrap();
    let reply = world.get("/command?commandid=101").await;
    let command = reply.value(0);
    assert_eq!((&command["status"], &command["action"]["id"]), (&"success".into(), &1.into()));
    assert_eq!(command["agent"]["name"], "one");
    assert_eq!(command["results"][0]["foundanything"], true);
    let link = &reply.json()["collection"]["items"][0]["links"][0];
    assert_eq!(
        (&link["rel"], &link["href"]),
        (&"action".into(), &"http://localhost:1664/api/v1/action?actionid=1".into())
    );
    let reply = world.get("/agent?agentid=1").await;
    assert_eq!(reply.value(0)["queueloc"], "linux.one");
}

#[tokio::test]
async fn a_cancelled_action_takes_its_commands_with_it_and_stays_so() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one", "two"]).await;
    for _ in 0..2 {
        let reply = world.post("/action/cancel/", &[("actionid", "1")]).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.value(0)["status"], "cancelled");
        assert_eq!(reply.value(0)["counters"]["cancelled"], 2);
    }
    let reply = world.post("/action/cancel/", &[("actionid", "9")]).await;
    assert_eq!((reply.status, reply.message().as_str()), (StatusCode::NOT_FOUND, "Action ID '9' not found"));
}

#[tokio::test]
async fn a_target_is_previewed_with_its_count_and_first_agents() {
    let world = World::new().await;
    let agents: Vec<_> = (0..15).map(|number| agent(&format!("web{number}"), 1)).collect();
    world.store.record_heartbeats(&agents, SystemTime::now()).await.unwrap();
    let reply = world.get("/target?target=name%20like%20%27web%25%27&limit=3").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.values("count"), [15]);
    assert_eq!(reply.values("agent").len(), 3);
    assert!(reply.values("target")[0].as_str().unwrap().contains("LIKE 'web%'"), "{}", reply.text);
    let reply = world.get("/target?target=name%3D%27nobody%27").await;
    assert_eq!((reply.status, reply.values("count")), (StatusCode::OK, vec![0.into()]));
    let reply = world.get("/target?target=name%3D").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.message().starts_with("the target can not be read"), "{}", reply.text);
}

#[tokio::test]
async fn the_dashboard_counts_agents_and_shows_the_latest_actions() {
    let world = World::new().await;
    for id in 1..=12 {
        launch(&*world.store, id, "a", &["one"]).await;
    }
    let reply = world.get("/dashboard").await;
    assert_eq!(reply.values("online agents"), [1]);
    assert_eq!(reply.values("idle agents by version"), [serde_json::Value::Null]);
    let ids: Vec<_> = reply.values("action").iter().map(|action| action["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
}
