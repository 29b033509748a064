//! A platform for tests: a store in memory, people with keys, and the router.

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use mig_api::{Api, Settings, router};
use mig_core::{
    id::InvestigatorId,
    permissions::Permissions,
    sign::Signer as _,
    store::{NewAccount, Store},
    testing::person::Person,
    time::Time,
    token,
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};
use tower::ServiceExt as _;

/// All rights.
pub(crate) const EVERYTHING: Permissions = Permissions::from_mask(u64::MAX);

/// A platform, and Ann who may do everything.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) router: Router,
    pub(crate) ann: Caller,
}

/// Somebody who calls.
pub(crate) struct Caller {
    pub(crate) id: InvestigatorId,
    pub(crate) person: Person,
}

impl Caller {
    /// A new token.
    pub(crate) fn token(&self) -> String {
        static NONCE: AtomicU64 = AtomicU64::new(1);
        token::make(&self.person.key, Time::now(), NONCE.fetch_add(1, Ordering::Relaxed)).unwrap()
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The message of an error.
    pub(crate) fn message(&self) -> String {
        let json = serde_json::from_str::<Value>(&self.text).unwrap_or_default();
        json["collection"]["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of the first datum of an item.
    pub(crate) fn value(&self, item: usize) -> Value {
        self.json()["collection"]["items"][item]["data"][0]["value"].clone()
    }

    /// The values of all items with this name.
    pub(crate) fn values(&self, name: &str) -> Vec<Value> {
        let json = self.json();
        let items = json["collection"]["items"].as_array().cloned().unwrap_or_default();
        let data = items.iter().flat_map(|item| item["data"].as_array().cloned().unwrap_or_default());
        data.filter(|datum| datum["name"] == name).map(|datum| datum["value"].clone()).collect()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let store = mig_store::open("sqlite::memory:").await.unwrap();
        let router = router(Api::new(Arc::clone(&store), settings));
        let ann = join(&*store, "Ann", EVERYTHING).await;
        Self { store, router, ann }
    }

    pub(crate) async fn join(&self, name: &str, permissions: Permissions) -> Caller {
        join(&*self.store, name, permissions).await
    }

    /// Ann asks.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(request(Method::GET, path).header("x-pgpauthorization", self.ann.token()), "").await
    }

    /// Ann sends a form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.post_as(&self.ann, path, fields).await
    }

    pub(crate) async fn post_as(&self, caller: &Caller, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = request(Method::POST, path)
            .header("x-pgpauthorization", caller.token())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.call(request, &form(fields)).await
    }

    pub(crate) async fn get_as(&self, caller: &Caller, path: &str) -> Reply {
        self.call(request(Method::GET, path).header("x-pgpauthorization", caller.token()), "").await
    }

    pub(crate) async fn call(&self, request: axum::http::request::Builder, body: &str) -> Reply {
        call(&self.router, request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

async fn join(store: &dyn Store, name: &str, permissions: Permissions) -> Caller {
    let person = Person::new(name);
    let key = Some((person.key.fingerprint().clone(), person.key.public_armored().unwrap()));
    let new = NewAccount { name: name.to_owned(), key, permissions };
    let id = store.create_account(&new, SystemTime::now()).await.unwrap().unwrap();
    Caller { id, person }
}

/// A request below the base route, from 192.0.2.7.
pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    Request::builder().method(method).uri(format!("/api/v1{path}")).extension(ConnectInfo(peer))
}

pub(crate) async fn call(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 30).await.unwrap();
    Reply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.into()).unwrap() }
}

/// A body as HTML forms have it.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

pub(crate) fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
