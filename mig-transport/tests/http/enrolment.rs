//! How agents get in, and who does not.

use crate::server::{Server, options};
use mig_core::{
    enrolment::{AgentKey, Invitation},
    store::EnrolmentStore as _,
    transport::{Address, Transport as _},
};
use mig_transport::http::{HttpError, HttpRelay};

fn agent() -> Address {
    Address::Agent("linux.one".to_owned())
}

#[tokio::test]
async fn an_invited_agent_is_let_in_until_it_is_dismissed() {
    let server = Server::start().await;
    let relay = HttpRelay::new(server.options("linux.one")).unwrap();
    let error = relay.subscribe(&agent()).await.unwrap_err();
    assert!(format!("{:?}", error).contains("NotEnrolled"), "{error:?}");

    let invitation = server.agents.invite();
    relay.enrol(&invitation).await.unwrap();
    drop(relay.subscribe(&agent()).await.unwrap());

    assert!(server.agents.dismiss_agent("linux.one").await.unwrap());
    assert!(relay.subscribe(&agent()).await.is_err());
}

#[tokio::test]
async fn nobody_gets_in_without_an_invitation() {
    let server = Server::start().await;
    let relay = HttpRelay::new(server.options("linux.one")).unwrap();
    let error = relay.enrol(&Invitation::generate().unwrap()).await.unwrap_err();
    assert!(matches!(error, HttpError::NotInvited { .. }), "{error}");
    assert!(error.to_string().ends_with("ask for a new one"), "{error}");
}

#[tokio::test]
async fn an_invitation_does_not_give_the_name_of_another_agent() {
    let server = Server::start().await;
    server.agent("linux.one");
    let relay = HttpRelay::new(server.options("linux.one")).unwrap();
    let error = relay.enrol(&server.agents.invite()).await.unwrap_err();
    assert!(matches!(error, HttpError::AnotherAgent { .. }), "{error}");
}

#[tokio::test]
async fn an_agent_subscribes_to_its_own_commands_only() {
    let server = Server::start().await;
    let relay = server.agent("linux.one");
    for address in [Address::Agent("linux.two".to_owned()), Address::Results, Address::Heartbeats] {
        assert!(relay.subscribe(&address).await.is_err(), "{address:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_says_what_to_check() {
    let relay =
        HttpRelay::new(options("http://127.0.0.1:9/", "linux.one", AgentKey::generate().unwrap())).unwrap();
    let error = relay.enrol(&Invitation::generate().unwrap()).await.unwrap_err();
    assert!(error.is_transient());
    let text = error.to_string();
    assert!(text.starts_with("server http://127.0.0.1:9/ can not be reached: "), "{text}");
    assert!(text.contains("check the URL"), "{text}");
}
