//! Nothing that callers send is our fault: each field of each route with everything that was ever meant badly.

use crate::support::{Reply, World, request};
use axum::{
    body::Body,
    http::{Method, header},
};
use mig_api::{ROUTES, Route, Settings};
use mig_core::testing::store_contract::launch;

/// Percent-encoded, because some of it is no text.
fn hostile_values() -> Vec<String> {
    let long = "A".repeat(70_000);
    let mut values: Vec<String> = [
        "",
        "%00",
        "a%00b",
        "%FF%FE",
        "%C3%28",
        "%F0%9F%92%A9",
        "%E2%80%AE",
        "%0D%0AX-Injected:%201",
        "'",
        "%22",
        "%5C",
        "%25",
        "%25%25%25_",
        "%27%20OR%20%271%27=%271",
        "1;%20DROP%20TABLE%20agents;--",
        "%24%7B7*7%7D",
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2f",
        "-1",
        "0",
        "1e3",
        "1.5",
        "NaN",
        "inf",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "%E2%88%9E",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "-0001-01-01T00:00:00Z",
        "2026-11-24T02:09:57%2B14:00",
        "true",
        "null",
        "{}",
        "[]",
        "%7B%22id%22:1e400%7D",
        "%7B%22name%22:%22a%22,%22name%22:%22b%22%7D",
        "name%20like%20%27%25%27",
        "all",
        "name%20=%20%27%00%27",
        "pg_sleep(10)%20IS%20NULL",
    ]
    .map(str::to_owned)
    .into();
    values.push("%5B".repeat(5_000));
    values.push("%7B%22a%22:".repeat(5_000));
    values.push("(".repeat(5_000));
    values.push(format!("name='{long}'"));
    values
}

async fn world() -> World {
    let world = World::with(Settings {
        authenticates: false,
        requests: mig_api::Rate { per_second: 1e9, burst: 1e9 },
        ..Settings::default()
    });
    let world = world.await;
    launch(&*world.store, 1, "a", &["one", "two"]).await;
    world
}

fn check(route: &Route, sent: &str, reply: &Reply) {
    let sent: String = sent.chars().take(200).collect();
    assert!(!reply.status.is_server_error(), "{} {}: {sent}: {}", route.method, route.path, reply.text);
    assert!(!reply.headers.contains_key("x-injected"), "{sent}");
    for internal in ["sqlx", "SELECT ", "SQLITE", "panicked", "/root/"] {
        let is_echo = sent.contains(internal);
        assert!(is_echo || !reply.text.contains(internal), "{}: {sent}: {}", route.path, reply.text);
    }
}

#[tokio::test]
async fn no_field_of_any_route_makes_the_server_fail() {
    let world = world().await;
    for route in ROUTES.iter().filter(|route| route.path != "/action/events") {
        for value in hostile_values() {
            for field in route.fields {
                let field = field.trim_end_matches('?');
                // What else is needed is right.
                let others = [
                    ("id", "1"),
                    ("name", "x"),
                    ("permissions", "%7B%7D"),
                    ("type", "command"),
                    ("actionid", "1"),
                ];
                let others = others
                    .iter()
                    .filter(|(name, _)| *name != field && route.fields.iter().any(|known| known == name));
                let mut sent: Vec<String> = others.map(|(name, value)| format!("{name}={value}")).collect();
                sent.push(format!("{field}={value}"));
                let sent = sent.join("&");
                let reply = if route.method == Method::POST {
                    let request = request(Method::POST, route.path)
                        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                    world.call(request, &sent).await
                } else if sent.len() > 60_000 {
                    // No URL is that long.
                    continue;
                } else {
                    world.call(request(Method::GET, &format!("{}?{}", route.path, urlsafe(&sent))), "").await
                };
                check(route, &sent, &reply);
            }
        }
    }
    assert_eq!(world.store.agents(None, 9).await.unwrap().len(), 2);
}

/// Characters that no URL has.
fn urlsafe(text: &str) -> String {
    text.replace(' ', "%20").replace('"', "%22").replace('\\', "%5C")
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_are_refused() {
    let world = world().await;
    let kinds = [
        "",
        "text/plain",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=X",
        "\u{1}",
    ];
    let bodies = [
        "",
        "{",
        "--X",
        "--X\r\n\r\n",
        "--X\r\nContent-Disposition: form-data\r\n\r\nx\r\n--X--",
        "%",
        "=&=&&",
        "\0",
    ];
    for route in ROUTES.iter().filter(|route| route.method == Method::POST) {
        for kind in kinds {
            for body in bodies {
                let Ok(request) = request(Method::POST, route.path)
                    .header(header::CONTENT_TYPE, kind)
                    .body(Body::from(body))
                else {
                    continue;
                };
                let reply = crate::support::call(&world.router, request).await;
                assert!(reply.status.is_client_error(), "{} {kind} {body}: {}", route.path, reply.text);
            }
        }
    }
}

#[tokio::test]
async fn names_of_paths_lead_nowhere() {
    let world = world().await;
    for path in [
        "/publickey/..%2F..%2Fetc%2Fpasswd",
        "/publickey/%00",
        "/publickey/%FF",
        "/../action",
        "/action/../agent",
        "/%2e%2e/x",
        "/ip/",
    ] {
        let reply = world.call(request(Method::GET, path), "").await;
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
        assert!(!reply.text.contains("root:"), "{path}");
    }
}
