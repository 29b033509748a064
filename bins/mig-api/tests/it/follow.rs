//! Actions as streams of events.

use crate::support::{World, request};
use axum::{
    body::{Body, BodyDataStream},
    http::{Method, StatusCode, header},
};
use futures_util::StreamExt as _;
use mig_core::{
    permissions::Permissions,
    scheduler::flow::AnswerStatus,
    store::InvestigatorStatus,
    testing::store_contract::{after, answer, launch},
};
use serde_json::Value;
use std::time::{Duration, SystemTime};
use tower::ServiceExt as _;

/// An event: its name, its id, its data.
type Event = (String, Option<String>, Value);

struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(world: &World, action: u64, last: Option<&str>) -> Self {
        let mut request = request(Method::GET, &format!("/action/events?actionid={action}"))
            .header("x-pgpauthorization", world.ann.token());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = parse(event);
                self.text = rest.to_owned();
                return Some(event);
            }
            let wait = tokio::time::timeout(Duration::from_secs(60), self.body.next()).await;
            let bytes = wait.expect("an event in a minute")?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn parse(text: &str) -> Event {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|line| line.trim_start().to_owned())
    };
    let data = serde_json::from_str(&field("data").unwrap()).unwrap();
    (field("event").unwrap(), field("id"), data)
}

fn ids(events: &[Event]) -> Vec<u64> {
    let commands = events.iter().filter(|(name, _, _)| name == "command");
    commands.map(|(_, _, data)| data["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_command_is_told_once_as_it_ends_and_then_the_end() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one", "two", "three"]).await;
    world.store.record_answers(&[answer(102, AnswerStatus::Success, true)], after(1)).await.unwrap();
    let mut stream = Stream::open(&world, 1, None).await;
    let (name, id, data) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &data["id"], &data["status"]), ("command", &102.into(), &"success".into()));
    assert!(id.is_some());
    assert_eq!(data["agent"]["name"], "two");
    assert_eq!(data["results"][0]["foundanything"], true);
    let (name, _, data) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), &data["counters"]["done"]), ("progress", &1.into()));
    for command in [103, 101] {
        world.store.record_answers(&[answer(command, AnswerStatus::Failed, false)], after(2)).await.unwrap();
    }
    let events = stream.rest().await;
    assert_eq!(ids(&events), [103, 101]);
    let (name, _, data) = events.last().unwrap();
    assert_eq!((name.as_str(), &data["status"]), ("end", &"completed".into()));
    assert_eq!(data["counters"], serde_json::json!({"sent": 3, "done": 3, "success": 1, "failed": 2}));
}

#[tokio::test]
async fn a_stream_goes_on_behind_the_last_event() {
    let world = World::new().await;
    let names: Vec<String> = (0..120).map(|number| format!("web{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    launch(&*world.store, 1, "a", &names).await;
    let answers: Vec<_> = (101..=220).map(|id| answer(id, AnswerStatus::Success, false)).collect();
    world.store.record_answers(&answers, after(1)).await.unwrap();
    let all = Stream::open(&world, 1, None).await.rest().await;
    assert_eq!(ids(&all), (101..=220).collect::<Vec<_>>());
    let (_, last, _) = &all[69];
    let rest = Stream::open(&world, 1, last.as_deref()).await.rest().await;
    assert_eq!([ids(&all[..70]), ids(&rest)].concat(), ids(&all));
}

#[tokio::test]
async fn who_loses_the_right_is_sent_away() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one"]).await;
    let mut stream = Stream::open(&world, 1, None).await;
    assert_eq!(stream.next().await.unwrap().0, "progress");
    let disabled = InvestigatorStatus::Disabled;
    world.store.set_investigator_status(world.ann.id, disabled, SystemTime::now()).await.unwrap();
    let events = stream.rest().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "error");
}

#[tokio::test]
async fn what_can_not_be_followed_is_told_before_the_stream_begins() {
    let world = World::new().await;
    let only_actions = world.join("Bob", Permissions::from_mask(2)).await;
    assert_eq!(world.get("/action/events?actionid=9").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/action/events?actionid=x").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.get_as(&only_actions, "/action/events?actionid=9").await.status, StatusCode::FORBIDDEN);
    launch(&*world.store, 1, "a", &["one"]).await;
    let request = request(Method::GET, "/action/events?actionid=1")
        .header("x-pgpauthorization", world.ann.token())
        .header("last-event-id", "x");
    assert_eq!(world.call(request, "").await.status, StatusCode::BAD_REQUEST);
}
