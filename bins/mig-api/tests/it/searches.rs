//! Searches.

use crate::support::{World, escape};
use axum::http::StatusCode;
use mig_core::{
    scheduler::flow::AnswerStatus,
    testing::store_contract::{after, agent, answer, launch},
    time::Time,
};
use std::{collections::BTreeSet, time::SystemTime};

async fn agents(world: &World, count: usize) {
    let agents: Vec<_> = (0..count).map(|number| agent(&format!("web{number}"), 1)).collect();
    for part in agents.chunks(500) {
        world.store.record_heartbeats(part, SystemTime::now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_hit_is_an_item_and_the_parameters_come_last() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one", "two"]).await;
    world.store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(5)).await.unwrap();
    let reply = world.get("/search?type=command&actionid=1&foundanything=true&limit=37&offset=0").await;
    assert_eq!(reply.status, StatusCode::OK);
    let items = reply.json()["collection"]["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 2);
    assert_eq!(items[0]["href"], "http://localhost:1664/api/v1/command?commandid=101");
    assert_eq!(items[0]["data"][0]["value"]["action"]["name"], "action 1");
    assert_eq!(items[1]["data"][0]["name"], "search parameters");
    assert_eq!(items[1]["data"][0]["value"]["actionid"], "1");
    assert_eq!(items[1]["href"], reply.json()["collection"]["href"]);
}

#[tokio::test]
async fn no_hit_is_not_found_and_shows_the_parameters() {
    let world = World::new().await;
    for kind in ["action", "agent", "command", "investigator"] {
        let reply = world.get(&format!("/search?type={kind}&status=nosuch")).await;
        assert_eq!((reply.status, reply.message().as_str()), (StatusCode::NOT_FOUND, "no results found"));
        assert_eq!(reply.values("search parameters")[0]["status"], "nosuch");
    }
}

#[tokio::test]
async fn a_search_without_filters_lists_everything() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one"]).await;
    for (query, name) in [
        ("", "action"),
        ("?type=action", "action"),
        ("?type=agent", "agent"),
        ("?type=command", "command"),
        ("?type=investigator", "investigator"),
    ] {
        let reply = world.get(&format!("/search{query}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(reply.values(name).len(), 1, "{query}");
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_refused() {
    let world = World::new().await;
    for (query, message) in [
        ("type=agents", "search parameter 'type' is 'agents'"),
        ("before=yesterday", "search parameter 'before' is 'yesterday'"),
        ("type=command&foundanything=maybe", "search parameter 'foundanything' is 'maybe'"),
        ("limit=-1", "search parameter 'limit' is '-1'"),
        ("nosuch=1", "search parameter 'nosuch' is '1'"),
        ("agentname=a%00", "search parameter 'agentname'"),
        ("agentname=a%5C", "search parameter 'agentname'"),
        ("foundanything=true", "'foundanything' does not apply to searches for actions"),
        ("type=action&target=all", "'target' does not apply to searches for actions"),
        ("type=agent&target=1%3D1%3B%20select%20pg_sleep%280%29", "the target can not be read"),
    ] {
        let reply = world.get(&format!("/search?{query}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}: {}", reply.text);
        assert!(reply.message().contains(message), "{query}: {}", reply.text);
    }
    let reply = world.get("/search?type=manifest").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.message().contains("not offered"), "{}", reply.text);
}

#[tokio::test]
async fn pages_say_where_they_stand_and_what_comes_next() {
    let world = World::new().await;
    agents(&world, 5).await;
    let reply = world.get("/search?type=agent&agentname=web%25&limit=2&offset=2").await;
    assert_eq!(reply.values("agent").len(), 2);
    let pagination = &reply.values("pagination")[0];
    assert_eq!((&pagination["limit"], &pagination["offset"]), (&2.into(), &2.into()));
    let next = pagination["next"].as_str().unwrap();
    let reply = world.get(next.strip_prefix("http://localhost:1664/api/v1").unwrap()).await;
    assert_eq!(reply.values("agent").len(), 1);
}

#[tokio::test]
async fn a_target_finds_agents_by_pages_too() {
    let world = World::new().await;
    agents(&world, 1203).await;
    let target = escape("name LIKE 'web%'");
    let mut seen = BTreeSet::new();
    for offset in [0, 600, 1200] {
        let reply = world.get(&format!("/search?type=agent&limit=600&offset={offset}&target={target}")).await;
        assert_eq!(reply.status, StatusCode::OK);
        seen.extend(reply.values("agent").iter().map(|agent| agent["id"].as_u64().unwrap()));
    }
    assert_eq!(seen.len(), 1203);
    let reply = world.get(&format!("/search?type=agent&limit=5&offset=1203&target={target}")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_sent_page_by_page_is_one_document() {
    let world = World::new().await;
    agents(&world, 1203).await;
    for query in
        ["type=agent&limit=1000000".to_owned(), format!("type=agent&limit=1000000&target={}", escape("all"))]
    {
        let reply = world.get(&format!("/search?{query}")).await;
        assert_eq!(reply.status, StatusCode::OK);
        let names: BTreeSet<_> =
            reply.values("agent").iter().map(|agent| agent["name"].to_string()).collect();
        assert_eq!(names.len(), 1203);
        let json = reply.json();
        let last = json["collection"]["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["data"][0]["name"], "search parameters");
        assert_eq!(json["collection"]["error"], serde_json::json!({}));
        assert_eq!(json["collection"]["href"], format!("http://localhost:1664/api/v1/search?{query}"));
    }
}

#[tokio::test]
async fn limits_are_capped_but_for_agents() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one"]).await;
    for (kind, limit) in [("agent", 1_000_000), ("command", 10_000), ("action", 10_000)] {
        let reply = world.get(&format!("/search?type={kind}&limit=4000000000")).await;
        assert_eq!(reply.values("search parameters")[0]["limit"], limit, "{kind}");
    }
    let reply = world.get("/search?type=agent&limit=0").await;
    assert_eq!(reply.values("search parameters")[0]["limit"], 100);
}

#[tokio::test]
async fn a_window_restricts_what_is_found() {
    let world = World::new().await;
    launch(&*world.store, 1, "a", &["one"]).await;
    let (from, to) = (Time::from(after(0)), Time::from(after(300)));
    let reply = world.get(&format!("/search?type=action&after={from}&before={to}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let reply = world.get(&format!("/search?type=action&after={}", Time::from(after(1)))).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}
