//! Who may do what: every route, by the table.

use crate::support::{Caller, EVERYTHING, Reply, World, request};
use axum::http::{Method, StatusCode, header};
use mig_api::{Access, ROUTES, Route, Settings};
use mig_core::{
    loader,
    permissions::Permissions,
    store::{ApiKeyHash, InvestigatorStatus},
    time::Time,
    token,
};
use std::time::{Duration, SystemTime};

const NOBODY: Permissions = Permissions::from_mask(0);

/// A call of a route, with one header.
async fn call(world: &World, route: &Route, name: &str, value: &str) -> Reply {
    let path = route.path.replace("{fingerprint}", "0000");
    let mut request = request(route.method.clone(), &path);
    if !name.is_empty() {
        request = request.header(name, value);
    }
    if route.method == Method::POST {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    world.call(request, "").await
}

async fn call_as(world: &World, route: &Route, caller: &Caller) -> Reply {
    call(world, route, "x-pgpauthorization", &caller.token()).await
}

#[tokio::test]
async fn every_route_that_needs_rights_refuses_those_without() {
    let world = World::new().await;
    let powerless = world.join("Zoe", NOBODY).await;
    let stranger = World::new().await.ann;
    // All are there before the first call: keys of people who are new are looked for once a second.
    let mut people = Vec::new();
    for route in ROUTES {
        let Access::Needs(needed) = route.access else { continue };
        let all_others = Permissions::from_mask(EVERYTHING.mask() & !needed.mask());
        people.push((route, world.join("Yan", all_others).await, world.join("Xia", needed).await));
    }
    assert_eq!(people.len(), 12);
    for (route, other, right) in people {
        let name = format!("{} {}", route.method, route.path);
        assert_eq!(call(&world, route, "", "").await.status, StatusCode::UNAUTHORIZED, "{name}: no header");
        assert_eq!(
            call_as(&world, route, &stranger).await.status,
            StatusCode::UNAUTHORIZED,
            "{name}: stranger"
        );
        let reply = call(&world, route, "x-migapikey", &"k".repeat(32)).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{name}: wrong API key");
        let reply = call_as(&world, route, &powerless).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{name}: no rights");
        assert_eq!(reply.message(), "Insufficient permissions to access endpoint");
        assert_eq!(
            call_as(&world, route, &other).await.status,
            StatusCode::FORBIDDEN,
            "{name}: other rights"
        );
        let status = call_as(&world, route, &right).await.status;
        assert!(!matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{name}: {status}");
    }
}

#[tokio::test]
async fn open_routes_are_these_and_no_others() {
    let open: Vec<_> = ROUTES.iter().filter(|route| route.access == Access::Open).collect();
    let open: Vec<_> = open.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let expected = [
        "GET /heartbeat",
        "POST /heartbeat",
        "GET /ip",
        "GET /publickey/{fingerprint}",
        "GET /version",
        "GET /health",
        "GET /openapi.json",
    ];
    assert_eq!(open, expected);
}

#[tokio::test]
async fn a_disabled_investigator_loses_access_at_once() {
    let world = World::new().await;
    let bob = world.join("Bob", EVERYTHING).await;
    let token = bob.token();
    let ask = || world.call(request(Method::GET, "/dashboard").header("x-pgpauthorization", &token), "");
    assert_eq!(ask().await.status, StatusCode::OK);
    let disabled = InvestigatorStatus::Disabled;
    world.store.set_investigator_status(bob.id, disabled, SystemTime::now()).await.unwrap();
    assert_eq!(ask().await.status, StatusCode::UNAUTHORIZED);
    let active = InvestigatorStatus::Active;
    world.store.set_investigator_status(bob.id, active, SystemTime::now()).await.unwrap();
    assert_eq!(ask().await.status, StatusCode::OK);
    world.store.set_permissions(bob.id, NOBODY, SystemTime::now()).await.unwrap();
    assert_eq!(ask().await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_calls_may_come_at_the_same_time() {
    let world = std::sync::Arc::new(World::new().await);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let world = std::sync::Arc::clone(&world);
                async move { world.get("/dashboard").await.status }
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_token_counts_in_its_window_only_and_says_why_not() {
    let world = World::new().await;
    let at = |time: Time| token::make(&world.ann.person.key, time, 1).unwrap();
    let (now, minute) = (Time::now(), Duration::from_secs(60));
    let refused = "Authorization verification failed with error";
    for (token, status, message) in [
        (at(now.minus(9 * minute)), StatusCode::OK, String::new()),
        (at(now.plus(9 * minute)), StatusCode::OK, String::new()),
        (
            at(now.minus(11 * minute)),
            StatusCode::UNAUTHORIZED,
            format!("{refused} 'token timestamp is not within acceptable time limits'"),
        ),
        ("1;2;3".to_owned(), StatusCode::UNAUTHORIZED, format!("{refused} 'invalid token format'")),
        ("é".to_owned(), StatusCode::UNAUTHORIZED, format!("{refused} 'invalid token format'")),
        (
            at(now).replacen('1', "2", 1),
            StatusCode::UNAUTHORIZED,
            format!("{refused} 'invalid token version, must be 1'"),
        ),
    ] {
        let reply = world
            .call(request(Method::GET, "/agent?agentid=0").header("x-pgpauthorization", &token), "")
            .await;
        // Behind the door, this request is wrong for another reason.
        let status = if status == StatusCode::OK { StatusCode::BAD_REQUEST } else { status };
        assert_eq!(reply.status, status, "{token}");
        assert!(status == StatusCode::BAD_REQUEST || reply.message() == message, "{}", reply.text);
    }
}

async fn give_key(world: &World, caller: &Caller, key: &str, prefix: Option<&str>) {
    let salt = *b"0123456789abcdef";
    let hash = loader::hash_key(key, &salt);
    let prefix = prefix.unwrap_or(&key[..loader::PREFIX_LENGTH]).to_owned();
    let hash = ApiKeyHash { prefix, hash, salt };
    world.store.set_api_key(caller.id, Some(&hash), SystemTime::now()).await.unwrap();
}

#[tokio::test]
async fn an_api_key_opens_while_its_owner_has_it() {
    let world = World::new().await;
    let bob = world.join("Bob", EVERYTHING).await;
    let key = loader::random_key(loader::KEY_LENGTH).unwrap();
    give_key(&world, &bob, &key, None).await;
    let ask = |key: String| world.call(request(Method::GET, "/dashboard").header("x-migapikey", key), "");
    for _ in 0..2 {
        assert_eq!(ask(key.clone()).await.status, StatusCode::OK, "also when it is remembered");
    }
    let last = if key.ends_with('x') { "y" } else { "x" };
    assert_eq!(ask(format!("{}{last}", &key[..31])).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(format!("{key}x")).await.status, StatusCode::UNAUTHORIZED);
    give_key(&world, &bob, &loader::random_key(loader::KEY_LENGTH).unwrap(), None).await;
    assert_eq!(ask(key).await.status, StatusCode::UNAUTHORIZED, "another key has taken its place");
}

#[tokio::test]
async fn a_token_that_is_there_is_the_one_that_counts() {
    let world = World::new().await;
    let key = loader::random_key(loader::KEY_LENGTH).unwrap();
    give_key(&world, &world.ann, &key, None).await;
    let both =
        request(Method::GET, "/dashboard").header("x-migapikey", key).header("x-pgpauthorization", "1;2;3;4");
    assert_eq!(world.call(both, "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_api_keys_makes_one_wait_but_tokens_do_not() {
    let world = World::new().await;
    let guess = || world.call(request(Method::GET, "/dashboard").header("x-migapikey", "k".repeat(32)), "");
    let mut replies = Vec::new();
    for _ in 0..70 {
        replies.push(guess().await.status);
    }
    assert_eq!(replies[0], StatusCode::UNAUTHORIZED);
    assert_eq!(*replies.last().unwrap(), StatusCode::TOO_MANY_REQUESTS);
    let reply = guess().await;
    assert!(reply.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(world.get("/dashboard").await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_authentication_everybody_may_do_everything() {
    let world = World::with(Settings { authenticates: false, ..Settings::default() }).await;
    for route in ROUTES {
        let status = call(&world, route, "", "").await.status;
        assert!(
            !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
            "{}: {status}",
            route.path
        );
    }
}

#[tokio::test]
async fn too_many_requests_of_one_address_are_refused() {
    let rate = mig_api::Rate { per_second: 0.001, burst: 3.0 };
    let world = World::with(Settings { requests: rate, ..Settings::default() }).await;
    for _ in 0..3 {
        assert_eq!(world.call(request(Method::GET, "/ip"), "").await.status, StatusCode::OK);
    }
    let reply = world.call(request(Method::GET, "/ip"), "").await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(reply.message().starts_with("too many requests"), "{}", reply.text);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let world = World::new().await;
    let large = "x".repeat(11 << 20);
    let reply = world.post("/action/create/", &[("action", "{}")]).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let request = request(Method::POST, "/action/create/")
        .header("x-pgpauthorization", world.ann.token())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let reply = world.call(request, &format!("action={large}")).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    let reply = world.post("/action/cancel/", &[("actionid", &large[..2 << 20])]).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}
