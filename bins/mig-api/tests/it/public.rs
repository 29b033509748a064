//! What everybody may ask, and what the envelope is like.

use crate::support::{World, call, request};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use mig_api::Settings;
use mig_core::{sign::Signer as _, time::Time};

#[tokio::test]
async fn a_heartbeat_of_the_api_has_the_bytes_of_the_original() {
    let settings = Settings { public_url: "http://127.0.0.1:12664".to_owned(), ..Settings::default() };
    let world = World::with(settings).await;
    let reply = world.call(request(Method::GET, "/heartbeat"), "").await;
    assert_eq!(
        reply.text,
        r#"{"collection":{"version":"1.0","href":"http://127.0.0.1:12664/api/v1/heartbeat","items":[{"href":"/api/v1/heartbeat","data":[{"name":"heartbeat","value":"gatorz say hi"}]}],"template":{},"error":{}}}"#
    );
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn the_address_of_a_caller_is_that_of_the_connection_or_of_a_trusted_proxy() {
    let world = World::new().await;
    let forwarded = || request(Method::GET, "/ip").header("x-forwarded-for", "198.51.100.1, 198.51.100.2");
    assert_eq!(world.call(forwarded(), "").await.text, "192.0.2.7");
    let world = World::with(Settings { forwarded_for: Some(1), ..Settings::default() }).await;
    assert_eq!(world.call(forwarded(), "").await.text, "198.51.100.1");
    assert_eq!(world.call(request(Method::GET, "/ip"), "").await.text, "0.0.0.0");
}

#[tokio::test]
async fn public_keys_are_found_by_fingerprint() {
    let world = World::new().await;
    let key = &world.ann.person.key;
    for fingerprint in [key.fingerprint().to_upper(), key.fingerprint().as_str().to_owned()] {
        let reply = world.call(request(Method::GET, &format!("/publickey/{fingerprint}")), "").await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.text, key.public_armored().unwrap());
    }
    let reply = world.call(request(Method::GET, "/publickey/0000"), "").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.text, "Invalid Fingerprint : No PublicKey found for fingerprint '0000'");
}

#[tokio::test]
async fn version_and_health_are_told_to_everybody() {
    let world = World::new().await;
    let reply = world.call(request(Method::GET, "/version"), "").await;
    assert_eq!(reply.value(0), env!("CARGO_PKG_VERSION"));
    let reply = world.call(request(Method::GET, "/health"), "").await;
    assert_eq!((reply.status, reply.value(0).as_str()), (StatusCode::OK, Some("ok")));
}

#[tokio::test]
async fn what_is_not_there_is_told_in_plain_text() {
    let world = World::new().await;
    for path in ["/nosuch", "", "/", "/action/create", "/loader", "/manifest", "/manifest/agent/"] {
        let reply = world.get(path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply.text, "404 page not found\n");
    }
    let reply = world.call(request(Method::DELETE, "/action"), "").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn doubled_slashes_lead_to_the_clean_path() {
    let world = World::new().await;
    let request = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for (path, location) in [
        ("/api/v1//ip", "/api/v1/ip"),
        ("//api/v1/search?type=agent&x=a//b", "/api/v1/search?type=agent&x=a//b"),
        ("//evil.example//", "/evil.example/"),
    ] {
        let reply = call(&world.router, request(path)).await;
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(reply.headers[header::LOCATION], location);
    }
}

#[tokio::test]
async fn an_error_names_its_request_and_no_internals() {
    let world = World::new().await;
    let reply = world.get("/action?actionid=12345").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.message(), "Action ID '12345' not found");
    let code = reply.json()["collection"]["error"]["code"].as_str().unwrap().to_owned();
    assert!(code.parse::<u64>().unwrap() > 0);
    assert_eq!(reply.headers["x-request-id"], code.as_str());
    assert_eq!(reply.json()["collection"]["href"], "http://localhost:1664/api/v1/action?actionid=12345");
}

fn heartbeat(change: impl Fn(&mut serde_json::Value)) -> String {
    let mut body = serde_json::json!({
        "name": "web1", "mode": "daemon", "version": "1", "pid": 7, "queueLoc": "linux.web1",
        "startTime": Time::now().to_string(), "refreshTime": "2026-11-24T02:07:10.991799001Z",
        "environment": {"init": "systemd", "ident": "Debian", "os": "linux", "arch": "amd64", "isProxied": false,
            "proxy": "", "addresses": ["192.0.2.2/24"], "publicIP": "192.0.2.2", "modules": ["file"]},
        "tags": [{"name": "site", "value": "lab"}]
    });
    change(&mut body);
    body.to_string()
}

#[tokio::test]
async fn a_heartbeat_of_an_agent_brings_it_online() {
    let world = World::new().await;
    let reply = world.call(request(Method::POST, "/heartbeat"), &heartbeat(|_| {})).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, "{\"error\":null}\n"));
    let agent = world.store.agents(None, 9).await.unwrap().pop().unwrap();
    assert_eq!((agent.name.as_str(), agent.pid, agent.status.as_str()), ("web1", 7, "online"));
    assert_eq!(agent.environment.modules, ["file"]);
    assert_eq!(agent.tags["site"], "lab");
}

#[tokio::test]
async fn a_bad_heartbeat_is_refused_with_its_reason() {
    let world = World::new().await;
    let cases: [(String, &str); 5] = [
        (heartbeat(|body| body["name"] = "".into()), "missing field(s): name"),
        (heartbeat(|body| body["mode"] = "x".into()), "agent reported an invalid mode"),
        (heartbeat(|body| body["startTime"] = "2020-01-01T00:00:00Z".into()), "heartbeat expired"),
        ("[".to_owned(), "Failed to decode body"),
        (String::new(), "Failed to decode body"),
    ];
    for (body, reason) in cases {
        let reply = world.call(request(Method::POST, "/heartbeat"), &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert!(reply.json()["error"].as_str().unwrap().contains(reason), "{}", reply.text);
    }
    let large = heartbeat(|body| body["environment"]["ident"] = "x".repeat(200_000).into());
    let reply = world.call(request(Method::POST, "/heartbeat"), &large).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(world.store.agents(None, 9).await.unwrap().is_empty());
}

/// After a change of the routes: `MIG_GOLDEN=write cargo test -p mig-api the_description`.
#[tokio::test]
async fn the_description_of_the_routes_is_the_golden_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let described = mig_core::json::to_string_pretty(&mig_api::describe("/api/v1")).unwrap() + "\n";
    if std::env::var_os("MIG_GOLDEN").is_some_and(|word| word == "write") {
        std::fs::write(path, &described).unwrap();
    }
    let golden = mig_core::limits::read_file(path.as_ref(), 1 << 20).unwrap();
    assert_eq!(described.as_bytes(), golden, "see how to update it above");
    let world = World::new().await;
    let reply = world.call(request(Method::GET, "/openapi.json"), "").await;
    assert_eq!(
        reply.json()["paths"]["/action/create/"]["post"]["x-permissions"],
        serde_json::json!(["action_create"])
    );
}
