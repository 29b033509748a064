//! Investigators: added, changed, given keys.

use crate::support::{EVERYTHING, Reply, World, request};
use axum::http::{Method, StatusCode, header};
use mig_core::{json, permissions::Permissions, sign::Signer as _, testing::person::Person};

fn rights(mask: u64) -> String {
    json::to_string(&Permissions::from_mask(mask)).unwrap()
}

async fn create(world: &World, name: &str, key: Option<&str>, permissions: &str) -> Reply {
    let mut body = String::new();
    let mut part = |head: &str, value: &str| {
        body.push_str(&format!("--X\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n"));
    };
    part("name=\"name\"", name);
    part("name=\"permissions\"", permissions);
    if let Some(key) = key {
        part("name=\"publickey\"; filename=\"pubkey.asc\"", key);
    }
    body.push_str("--X--\r\n");
    let request = request(Method::POST, "/investigator/create/")
        .header("x-pgpauthorization", world.ann.token())
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=X");
    world.call(request, &body).await
}

#[tokio::test]
async fn an_investigator_is_added_and_may_call_at_once() {
    let world = World::new().await;
    let bob = Person::new("Bob");
    let key = bob.key.public_armored().unwrap();
    let reply = create(&world, "Bob", Some(&key), &rights(63)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let value = reply.value(0);
    let id = value["id"].as_u64().unwrap();
    assert_eq!(reply.json()["collection"]["items"][0]["data"][0]["name"], format!("Investigator ID {id}"));
    assert_eq!(value["pgpfingerprint"], bob.key.fingerprint().to_upper());
    let bob = crate::support::Caller { id: mig_core::id::InvestigatorId::new(id), person: bob };
    assert_eq!(world.get_as(&bob, "/dashboard").await.status, StatusCode::OK);
    assert_eq!(world.get_as(&bob, "/investigator?investigatorid=1").await.status, StatusCode::FORBIDDEN);
    let reply = world.get(&format!("/investigator?investigatorid={id}")).await;
    let link = &reply.json()["collection"]["items"][0]["links"][0];
    assert_eq!(link["rel"], "investigator history");
    assert!(link["href"].as_str().unwrap().ends_with(&format!("type=action&investigatorid={id}&limit=100")));
    let reply = create(&world, "Bob again", Some(&key), &rights(63)).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_investigator_may_have_no_key() {
    let world = World::new().await;
    let reply = create(&world, "reader", None, &rights(1)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let value = reply.value(0);
    assert_eq!((&value["pgpfingerprint"], &value["permissions"]["search"]), (&"".into(), &true.into()));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_investigator_is_told() {
    let world = World::new().await;
    let key = Person::new("Bob").key.public_armored().unwrap();
    let broken = key.replace("BEGIN", "BEGUN");
    for (name, key, permissions, message) in [
        ("", Some(key.as_str()), rights(63), "the field 'name' is missing"),
        ("Bob", Some(key.as_str()), String::new(), "the field 'permissions' is missing"),
        ("Bob", Some(key.as_str()), "[]".to_owned(), "the field 'permissions' is not the JSON"),
        ("Bob", Some(broken.as_str()), rights(63), "the public key can not be used"),
        ("Bob", Some("-----BEGIN PGP PRIVATE KEY BLOCK-----"), rights(63), "this is a secret key"),
    ] {
        let reply = create(&world, name, key, &permissions).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        assert!(reply.message().contains(message), "{}", reply.text);
    }
    let reply = create(&world, &"x".repeat(2000), Some(&key), &rights(63)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_api_key_is_told_once_and_works_until_it_is_taken_away() {
    let world = World::new().await;
    let id = world.ann.id.to_string();
    let reply = world.post("/investigator/update/", &[("id", &id), ("apikey", "active")]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let key = reply.value(0)["apikey"].as_str().unwrap().to_owned();
    assert_eq!(key.len(), 32);
    let ask = || world.call(request(Method::GET, "/dashboard").header("x-migapikey", &key), "");
    assert_eq!(ask().await.status, StatusCode::OK);
    let shown = world.get(&format!("/investigator?investigatorid={id}")).await;
    assert_eq!(shown.value(0)["apikey"], "set");
    world.post("/investigator/update/", &[("id", &id), ("apikey", "disabled")]).await;
    assert_eq!(ask().await.status, StatusCode::UNAUTHORIZED);
    let shown = world.get(&format!("/investigator?investigatorid={id}")).await;
    assert_eq!(shown.value(0).get("apikey"), None);
}

#[tokio::test]
async fn status_and_rights_are_changed() {
    let world = World::new().await;
    let bob = world.join("Bob", Permissions::from_mask(63)).await;
    let id = bob.id.to_string();
    let permissions = rights(63 | 65_536);
    let reply = world.post("/investigator/update/", &[("id", &id), ("permissions", &permissions)]).await;
    assert_eq!(reply.value(0)["permissions"]["investigator"], true, "{}", reply.text);
    let reply = world.post("/investigator/update/", &[("id", &id), ("status", "disabled")]).await;
    assert_eq!(reply.value(0)["status"], "disabled");
    assert_eq!(world.get_as(&bob, "/dashboard").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_told_and_nothing_is_changed() {
    let world = World::new().await;
    let id = world.ann.id.to_string();
    for (fields, status) in [
        (vec![("id", id.as_str())], StatusCode::BAD_REQUEST),
        (vec![("status", "active")], StatusCode::BAD_REQUEST),
        (vec![("id", "99"), ("status", "active")], StatusCode::NOT_FOUND),
        (vec![("id", &id), ("status", "gone")], StatusCode::BAD_REQUEST),
        (vec![("id", &id), ("permissions", "x")], StatusCode::BAD_REQUEST),
        (vec![("id", &id), ("status", "disabled")], StatusCode::CONFLICT),
        (vec![("id", &id), ("permissions", "{}")], StatusCode::CONFLICT),
    ] {
        let reply = world.post("/investigator/update/", &fields).await;
        assert_eq!(reply.status, status, "{fields:?}: {}", reply.text);
    }
    let account = world.store.account(world.ann.id).await.unwrap();
    assert_eq!(account.permissions, EVERYTHING);
}

#[tokio::test]
async fn nobody_gives_rights_that_they_do_not_have() {
    let world = World::new().await;
    let administrator = Permissions::from_mask(458_752);
    let bob = world.join("Bob", administrator).await;
    let zoe = world.join("Zoe", Permissions::from_mask(63)).await;
    let update = |id: String, fields: Vec<(&'static str, String)>| {
        let (world, bob) = (&world, &bob);
        async move {
            let mut all = vec![("id", id.as_str())];
            all.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
            world.post_as(bob, "/investigator/update/", &all).await.status
        }
    };
    let everything = rights(u64::MAX);
    assert_eq!(update(bob.id.to_string(), vec![("permissions", everything)]).await, StatusCode::FORBIDDEN);
    let key_of_another = vec![("apikey", "active".to_owned())];
    assert_eq!(update(zoe.id.to_string(), key_of_another).await, StatusCode::FORBIDDEN);
    let fewer = vec![("permissions", rights(1 | 65_536))];
    assert_eq!(
        update(zoe.id.to_string(), fewer).await,
        StatusCode::OK,
        "what is there may stay, what is own be given"
    );
}
