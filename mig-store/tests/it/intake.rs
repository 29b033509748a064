//! What a platform accepts: one test per rule, and nothing is kept of what breaks one.

use mig_core::{
    action::Action,
    id::ActionId,
    json,
    scheduler::{
        flow::ActionStatus,
        intake::{IntakeError, submit},
    },
    sign::{KeyAlgorithm, SecretKey, Signer},
    store::{ActionStore as _, Insertion, InvestigatorStatus, InvestigatorStore as _, NewInvestigator},
    testing::store_contract::new_action,
    time::Time,
};
use mig_store::sqlite::SqliteStore;
use std::time::{Duration, SystemTime};

struct Platform {
    store: SqliteStore,
    ana: SecretKey,
    now: SystemTime,
}

async fn platform() -> Platform {
    let (store, ana) = (SqliteStore::in_memory().await.unwrap(), key("ana"));
    let platform = Platform { store, ana, now: SystemTime::now() };
    platform.enlist(&platform.ana).await;
    platform
}

fn key(name: &str) -> SecretKey {
    SecretKey::generate(&format!("{name} <{name}@example.org>"), KeyAlgorithm::Ed25519, None).unwrap()
}

impl Platform {
    async fn enlist(&self, key: &SecretKey) -> mig_core::id::InvestigatorId {
        let new = NewInvestigator {
            name: "an investigator".to_owned(),
            fingerprint: key.fingerprint().clone(),
            public_key: key.public_armored().unwrap(),
        };
        self.store.insert_investigator(&new, self.now).await.unwrap()
    }

    fn unsigned(&self) -> Action {
        Action {
            id: ActionId::default(),
            valid_from: Time::from(self.now).whole_seconds(),
            expire_after: Time::from(self.now + Duration::from_secs(300)).whole_seconds(),
            signatures: None,
            ..new_action(1).action
        }
    }

    fn signed_by(&self, keys: &[&SecretKey], change: impl FnOnce(&mut Action)) -> Action {
        let mut action = self.unsigned();
        change(&mut action);
        let text = action.signing_string().unwrap();
        action.signatures = Some(keys.iter().map(|key| key.sign(text.as_bytes()).unwrap()).collect());
        action
    }

    async fn submit(&self, action: &Action) -> Result<Insertion, IntakeError> {
        submit(&self.store, action.clone(), None, self.now).await
    }

    async fn refusal(&self, action: &Action) -> String {
        let error = self.submit(action).await.unwrap_err();
        assert!(self.store.actions(None, 10).await.unwrap().is_empty(), "nothing is kept");
        error.to_string()
    }
}

#[tokio::test]
async fn a_signed_action_waits_for_a_scheduler_under_a_new_id() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana], |_| {});
    let id = platform.submit(&action).await.unwrap().id();
    assert!(!id.is_zero());
    let stored = platform.store.action(id).await.unwrap();
    assert_eq!(stored.status, ActionStatus::Pending);
    assert_eq!(stored.action.investigators[0].fingerprint, platform.ana.fingerprint().to_upper());
    assert_eq!(stored.action.signing_string().unwrap(), action.signing_string().unwrap());
}

#[tokio::test]
async fn an_action_keeps_the_id_it_has() {
    let platform = platform().await;
    let mut action = platform.signed_by(&[&platform.ana], |_| {});
    action.id = ActionId::new(42);
    assert_eq!(platform.submit(&action).await.unwrap(), Insertion::New(ActionId::new(42)));
}

#[tokio::test]
async fn ids_that_are_no_whole_numbers_are_refused() {
    let platform = platform().await;
    for id in ["1.5", "-1", "6115472790658567000"] {
        let action = platform.signed_by(&[&platform.ana], |action| action.id = json::from_str(id).unwrap());
        assert_eq!(
            platform.refusal(&action).await,
            format!("action id is {id}, a whole number from 0 to 2^53 is needed")
        );
    }
}

#[tokio::test]
async fn the_same_signed_text_is_taken_once() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana], |_| {});
    let first = platform.submit(&action).await.unwrap();
    assert_eq!(platform.submit(&action).await.unwrap(), Insertion::Known(first.id()));
    let again = platform.signed_by(&[&platform.ana], |action| action.id = ActionId::new(42));
    assert_eq!(platform.submit(&again).await.unwrap(), Insertion::Known(first.id()));
}

#[tokio::test]
async fn several_investigators_may_sign() {
    let (platform, ben) = (platform().await, key("ben"));
    platform.enlist(&ben).await;
    let action = platform.signed_by(&[&ben, &platform.ana], |_| {});
    let id = platform.submit(&action).await.unwrap().id();
    assert_eq!(platform.store.action(id).await.unwrap().action.investigators.len(), 2);
}

#[tokio::test]
async fn an_unsigned_action_is_refused() {
    let platform = platform().await;
    assert_eq!(platform.refusal(&platform.unsigned()).await, "action pgpsignatures is empty");
}

#[tokio::test]
async fn an_unknown_signer_is_refused_also_beside_a_known_one() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana, &key("eve")], |_| {});
    let error = platform.refusal(&action).await;
    assert_eq!(error, "signature 2 of the action is not a good one of an active investigator");
}

#[tokio::test]
async fn a_disabled_investigator_is_refused_at_once() {
    let platform = platform().await;
    let id = platform.enlist(&platform.ana).await;
    let disabled = InvestigatorStatus::Disabled;
    platform.store.set_investigator_status(id, disabled, platform.now).await.unwrap();
    let error = platform.refusal(&platform.signed_by(&[&platform.ana], |_| {})).await;
    assert_eq!(error, "signature 1 of the action is not a good one of an active investigator");
}

#[tokio::test]
async fn a_tampered_action_is_refused() {
    let platform = platform().await;
    let mut action = platform.signed_by(&[&platform.ana], |_| {});
    action.target = "TRUE".to_owned();
    let error = platform.refusal(&action).await;
    assert_eq!(error, "signature 1 of the action is not a good one of an active investigator");
}

#[tokio::test]
async fn the_same_signer_twice_is_refused() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana, &platform.ana], |_| {});
    let fingerprint = platform.ana.fingerprint();
    assert_eq!(
        platform.refusal(&action).await,
        format!("the action is signed twice with the key {fingerprint}")
    );
}

#[tokio::test]
async fn an_expired_action_is_refused() {
    let platform = platform().await;
    let past = Time::from(platform.now - Duration::from_secs(60)).whole_seconds();
    let action = platform.signed_by(&[&platform.ana], |action| {
        action.valid_from = past;
        action.expire_after = past;
    });
    assert!(platform.refusal(&action).await.starts_with("action expireafter is in the past"));
}

#[tokio::test]
async fn a_window_that_can_not_be_written_without_its_offset_is_refused() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana], |action| {
        action.expire_after = "9999-12-31T23:59:59-23:00".parse().unwrap();
    });
    let error = platform.refusal(&action).await;
    assert_eq!(
        error,
        "action expireafter is outside of the years 0 to 9999 in UTC: 9999-12-31T23:59:59-23:00"
    );
}

#[tokio::test]
async fn names_and_targets_that_can_be_split_in_two_ways_are_refused() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana], |action| action.name = "a;target=b".to_owned());
    assert!(platform.refusal(&action).await.contains("action name contains ';target='"));
    let action =
        platform.signed_by(&[&platform.ana], |action| action.target = "name='x;target=y'".to_owned());
    assert!(platform.refusal(&action).await.contains("action target contains ';target='"));
}

#[tokio::test]
async fn a_target_outside_the_language_is_refused() {
    let platform = platform().await;
    let action = platform.signed_by(&[&platform.ana], |action| {
        action.target = "status='online'; DROP TABLE agents".to_owned();
    });
    let error = platform.submit(&action).await.unwrap_err();
    assert!(matches!(error, IntakeError::Target(_)), "{error}");
}

#[tokio::test]
async fn the_unusable_key_of_one_investigator_does_not_keep_the_others_from_work() {
    let platform = platform().await;
    let broken = NewInvestigator {
        name: "broken".to_owned(),
        fingerprint: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        public_key: "not a key".to_owned(),
    };
    platform.store.insert_investigator(&broken, platform.now).await.unwrap();
    assert!(platform.submit(&platform.signed_by(&[&platform.ana], |_| {})).await.is_ok());
}
