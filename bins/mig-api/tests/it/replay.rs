//! What clients of the original asked of the original API, asked of ours on a store with the same history; answers are compared field by
//! field. Ids of agents are translated, times are only compared where they are signed.

mod captures;
mod compare;
mod differences;
mod history;

use self::{
    captures::{Exchange, api_exchanges, flow, token},
    compare::differences,
    differences::{ANSWERED_OTHERWISE, EXPECTED, Expected},
    history::{History, load, load_investigators},
};
use crate::support::{Reply, call};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use mig_api::{Api, Settings, router};
use mig_core::{clock::Clock, store::Store, time::Time};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::SystemTime,
};

/// Stands where a captured request was made.
#[derive(Debug)]
struct CapturedClock(Mutex<SystemTime>);

impl Clock for CapturedClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

struct Replay {
    store: Arc<dyn Store>,
    router: Router,
    clock: Arc<CapturedClock>,
    history: History,
}

impl Replay {
    /// On a platform with the investigators of the captures, and perhaps everything else.
    async fn new(is_full: bool) -> Self {
        let store = mig_store::open("sqlite::memory:").await.unwrap();
        let history = if is_full { load(&*store).await } else { load_investigators(&*store).await };
        let clock = Arc::new(CapturedClock(Mutex::new(SystemTime::UNIX_EPOCH)));
        let settings = Settings { public_url: "http://127.0.0.1:12664".to_owned(), ..Settings::default() };
        let api = Api::with_clock(Arc::clone(&store), settings, Arc::clone(&clock) as Arc<dyn Clock>);
        Self { store, router: router(api), clock, history }
    }

    async fn ask(&self, exchange: &Exchange) -> Reply {
        *self.clock.0.lock().unwrap() = exchange.time.parse::<Time>().unwrap().into();
        let peer: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        let path = self.history.translate(&exchange.path);
        let mut request =
            Request::builder().method(exchange.method.as_str()).uri(path).extension(ConnectInfo(peer));
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        call(&self.router, request.body(Body::from(exchange.body.clone())).unwrap()).await
    }

    /// Asks, compares, and complains about what is not expected to differ.
    async fn check(&self, exchange: &Exchange, complaints: &mut Vec<String>) -> Reply {
        let reply = self.ask(exchange).await;
        let name = exchange.name.as_str();
        let otherwise = ANSWERED_OTHERWISE.iter().find(|(case, _, _)| *case == name);
        let status = otherwise.map_or(exchange.status, |(_, status, _)| *status);
        if reply.status.as_u16() != status {
            complaints.push(format!("{name}: status {} and not {status}: {}", reply.status, reply.message()));
        }
        if otherwise.is_none() {
            let expected = self.history.translate(&exchange.answer);
            for difference in differences(&expected, &reply.text) {
                let is_expected = |expected: &&Expected| expected.covers(name, &difference);
                if !EXPECTED.iter().any(|expected| is_expected(&expected)) {
                    complaints.push(format!("{name}: {difference}"));
                }
            }
        }
        reply
    }
}

fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} differences:\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test]
async fn requests_to_the_originals_api_are_answered_alike() {
    let replay = Replay::new(true).await;
    let mut complaints = Vec::new();
    let exchanges = api_exchanges();
    assert_eq!(exchanges.len(), 45, "all captures are replayed");
    for exchange in exchanges {
        replay.check(&exchange, &mut complaints).await;
    }
    report(&complaints);
}

#[tokio::test]
async fn an_investigation_of_the_originals_client_goes_as_it_did() {
    let mut replay = Replay::new(false).await;
    let mut complaints = Vec::new();
    // The agent asks for its address at a doubled slash, is sent on, and sends a heartbeat.
    let address = flow("01");
    let reply = replay.check(&address, &mut complaints).await;
    assert_eq!(reply.headers["location"], "/api/v1/ip");
    replay.check(&flow("02"), &mut complaints).await;
    let agent = replay.store.agents(None, 9).await.unwrap().pop().unwrap();
    replay.history.agents.insert("28064280936792".to_owned(), agent.id.to_string());
    // The client counts its agents, and launches.
    replay.check(&flow("03"), &mut complaints).await;
    let action = replay.store.actions(None, 9).await.unwrap();
    assert!(action.is_empty());
    let launch = flow("04");
    let reply = replay.ask(&launch).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    let action = replay.store.actions(None, 9).await.unwrap().pop().unwrap().action.id;
    replay.history.agents.insert("28064280936795".to_owned(), action.to_string());
    for again in [launch, flow("05"), flow("07"), flow("08")] {
        replay.check(&again, &mut complaints).await;
    }
    report(&complaints);
}

#[tokio::test]
async fn the_originals_client_and_console_read_what_they_did() {
    let replay = Replay::new(true).await;
    let mut complaints = Vec::new();
    // The dashboard of flow 09 is that of another platform, with 2,000 agents: `api/dashboard` is compared instead.
    for number in ["06", "16", "17", "18"] {
        replay.check(&flow(number), &mut complaints).await;
    }
    report(&complaints);
}

#[test]
fn the_captured_token_is_there() {
    assert!(token().starts_with("1;2026-11-24T02:09:57Z;"));
}
