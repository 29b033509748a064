//! What every store must do: run [`store_contract_tests!`](crate::store_contract_tests) on an implementation.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::{
    action::{Action, Operation},
    agent_info::AgentInfo,
    command::ModuleResult,
    enrolment::{AgentKey, AgentPublicKey},
    id::{ActionId, AgentId, CommandId, InvestigatorId},
    json::Value,
    scheduler::flow::{ActionStatus, AnswerStatus, CommandStatus, Reception},
    store::{
        Answer, CommandFilter, CommandQuery, Enrolment, Handover, Insertion, InvestigatorStatus, Lease,
        NewAction, NewCommand, NewInvestigator, OwnerId, Store, StoreError,
    },
    target::Target,
    time::Time,
};
use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

/// Makes one test per rule of the contract. `$open` is an async function that gives a new, empty store as `Arc<dyn Store>`, or
/// as `Option` of that: `None` where this machine can not have one (the function says so).
///
/// The calling crate needs `tokio` with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_contract_tests {
    ($open:path) => {
        $crate::store_contract_tests! { $open:
            an_action_is_read_back_as_it_was_signed
            the_same_signed_bytes_are_kept_once
            an_id_names_one_action
            what_does_not_exist_is_not_found
            a_claim_hands_each_action_to_one_caller
            an_action_waits_for_its_window
            an_action_inserted_with_a_lease_is_left_to_its_owner
            a_lapsed_lease_frees_an_action
            a_released_lease_frees_an_action
            an_owner_that_lost_its_claim_can_not_launch
            an_owner_claims_its_own_unfinished_action_again
            a_refused_action_is_invalid_and_says_why
            an_action_goes_in_flight_when_all_commands_are_handed_over
            an_agent_is_asked_once_per_action
            commands_of_a_dead_owner_are_handed_over_again
            commands_in_a_durable_relay_stay_there
            a_postponed_command_is_handed_over_later_by_anybody
            a_claim_hands_each_command_to_one_caller
            an_answer_is_accepted_once
            an_answer_to_an_unknown_command_changes_nothing
            a_late_answer_is_kept_and_flagged
            the_last_answer_completes_the_action
            commands_expire_without_their_agents
            an_action_that_was_never_launched_expires
            a_cancelled_action_takes_its_commands_with_it
            what_has_ended_can_not_be_cancelled
            counters_add_up_to_the_number_of_targets
            actions_are_paged_latest_first
            commands_are_paged_and_filtered
            ended_commands_are_seen_once
            sent_commands_tell_what_an_answer_must_match
            a_heartbeat_brings_an_agent_online
            a_changed_environment_makes_a_new_row
            of_an_endpoint_only_the_latest_process_is_reachable
            silent_agents_become_idle_then_offline
            agents_that_found_something_are_known_by_their_address
            a_target_names_reachable_agents_page_by_page
            a_target_may_ask_what_was_found_before
            old_actions_are_deleted_in_small_steps
            what_is_not_over_or_not_old_is_kept
            agents_are_kept_as_long_as_their_commands
            an_investigator_is_added_once_and_loses_access_at_once
            an_invitation_is_good_for_one_agent
            an_enrolment_may_be_repeated_by_who_did_not_hear_of_it
            an_expired_invitation_is_none
            a_queue_location_has_one_key_until_it_is_dismissed
            waiters_learn_of_changes
        }
    };
    ($open:path: $($rule:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let store: Option<::std::sync::Arc<dyn $crate::store::Store>> = $open().await.into();
            if let Some(store) = store {
                $crate::testing::store_contract::$rule(&*store).await;
            }
        }
    )+};
}

/// The time at which the stories of this suite begin.
#[must_use]
pub fn start() -> SystemTime {
    after(0)
}

/// Some seconds after [`start`].
#[must_use]
pub fn after(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

/// How long actions of this suite are valid, in seconds after [`start`].
pub const VALID_SECONDS: u64 = 300;

/// A lease of 30 seconds.
#[must_use]
pub fn lease(owner: &str, now: SystemTime) -> Lease {
    Lease::new(OwnerId(owner.to_owned()), now, Duration::from_secs(30))
}

/// An action with two operations, valid for [`VALID_SECONDS`], signed by nobody.
#[must_use]
pub fn new_action(id: u64) -> NewAction {
    let operation = |module: &str| Operation {
        module: module.to_owned(),
        parameters: Value::Map([("path".to_owned(), Value::String("<&>\u{2028}é".to_owned()))].into()),
        ..Operation::default()
    };
    let action = Action {
        id: ActionId::new(id),
        name: format!("action {id}"),
        target: "status='online'".to_owned(),
        valid_from: Time::from(start()),
        expire_after: Time::from(after(VALID_SECONDS)),
        operations: Some(vec![operation("file"), operation("ping")]),
        signatures: Some(vec![format!("signature of {id}")]),
        syntax_version: 2,
        ..Action::default()
    };
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&id.to_be_bytes());
    NewAction { action, digest, signers: Vec::new() }
}

/// An agent process as it introduces itself.
#[must_use]
pub fn agent(name: &str, pid: i64) -> AgentInfo {
    AgentInfo {
        name: name.to_owned(),
        queue_location: format!("linux.{name}"),
        mode: "daemon".to_owned(),
        version: "1".to_owned(),
        pid,
        refresh_time: Time::from(start()),
        tags: [("site".to_owned(), "lab".to_owned())].into(),
        ..AgentInfo::default()
    }
}

/// An answer to the two operations of [`new_action`].
#[must_use]
pub fn answer(command: u64, status: AnswerStatus, found: bool) -> Answer {
    let result = |found| ModuleResult { found_anything: found, success: true, ..ModuleResult::default() };
    Answer { command: CommandId::new(command), status, results: vec![result(found), result(false)] }
}

/// Brings these agents online and returns their ids.
pub async fn bring_online(store: &dyn Store, names: &[&str]) -> Vec<AgentId> {
    let infos: Vec<_> = names.iter().map(|name| agent(name, 1)).collect();
    store.record_heartbeats(&infos, start()).await.unwrap();
    let known = store.agents(None, 1000).await.unwrap();
    let id_of = |name: &&str| known.iter().find(|agent| agent.name == **name).unwrap().id;
    names.iter().map(id_of).collect()
}

/// Inserts action `id` and launches it as `owner` on these agents, with command ids `100 * id + 1` and so on.
pub async fn launch(store: &dyn Store, id: u64, owner: &str, names: &[&str]) {
    let agents = bring_online(store, names).await;
    let lease = lease(owner, start());
    store.insert_action(&new_action(id), Some(&lease)).await.unwrap();
    assert_eq!(store.claim_actions(&lease, start(), 10).await.unwrap().len(), 1);
    let commands = commands_for(id, &agents);
    assert!(store.launch_action(ActionId::new(id), &lease.owner, &commands, start()).await.unwrap());
}

fn commands_for(action: u64, agents: &[AgentId]) -> Vec<NewCommand> {
    let ids = (100 * action + 1..).map(CommandId::new);
    ids.zip(agents).map(|(id, agent)| NewCommand { id, agent: *agent }).collect()
}

async fn hand_over(store: &dyn Store, owner: &str, how: Handover, commands: &[u64]) {
    let ids: Vec<_> = commands.iter().copied().map(CommandId::new).collect();
    store.hand_over(&ids, &OwnerId(owner.to_owned()), how, start()).await.unwrap();
}

async fn status_of(store: &dyn Store, action: u64) -> ActionStatus {
    let stored = store.action(ActionId::new(action)).await.unwrap();
    assert_eq!(stored.action.status, stored.status.as_str(), "word and state agree");
    stored.status
}

async fn claimed_actions(store: &dyn Store, owner: &str, now: SystemTime) -> Vec<u64> {
    let claimed = store.claim_actions(&lease(owner, now), now, 10).await.unwrap();
    claimed.iter().map(|stored| stored.action.id.get()).collect()
}

async fn claimed_commands(store: &dyn Store, owner: &str, now: SystemTime) -> Vec<u64> {
    let claimed = store.claim_commands(&lease(owner, now), now, 10).await.unwrap();
    claimed.iter().map(|command| command.id.get()).collect()
}

async fn signer(store: &dyn Store) -> InvestigatorId {
    let new = NewInvestigator {
        name: "ana".to_owned(),
        fingerprint: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        public_key: "armored key".to_owned(),
    };
    store.insert_investigator(&new, start()).await.unwrap()
}

/// What was signed comes back exactly; the rest is what the store knows.
pub async fn an_action_is_read_back_as_it_was_signed(store: &dyn Store) {
    let mut new = new_action(7);
    new.signers = vec![signer(store).await];
    store.insert_action(&new, None).await.unwrap();
    let stored = store.action(ActionId::new(7)).await.unwrap();
    assert_eq!(stored.status, ActionStatus::Pending);
    assert_eq!(stored.action.operations, new.action.operations);
    assert_eq!(stored.action.signatures, new.action.signatures);
    assert_eq!(stored.action.valid_from, new.action.valid_from);
    assert_eq!(stored.action.expire_after, new.action.expire_after);
    assert_eq!((stored.action.name, stored.action.target), (new.action.name, new.action.target));
    assert_eq!(stored.action.investigators[0].name, "ana");
}

/// Submitting is idempotent by the signed bytes.
pub async fn the_same_signed_bytes_are_kept_once(store: &dyn Store) {
    let mut new = new_action(7);
    assert_eq!(store.insert_action(&new, None).await.unwrap(), Insertion::New(ActionId::new(7)));
    new.action.id = ActionId::new(8);
    assert_eq!(store.insert_action(&new, None).await.unwrap(), Insertion::Known(ActionId::new(7)));
    assert_eq!(store.actions(None, 10).await.unwrap().len(), 1);
}

/// An id that another action has is refused.
pub async fn an_id_names_one_action(store: &dyn Store) {
    store.insert_action(&new_action(7), None).await.unwrap();
    let mut other = new_action(8);
    other.action.id = ActionId::new(7);
    let error = store.insert_action(&other, None).await.unwrap_err();
    assert!(matches!(error, StoreError::ActionIdTaken(id) if id == ActionId::new(7)), "{error}");
}

/// Missing things have errors of their own.
pub async fn what_does_not_exist_is_not_found(store: &dyn Store) {
    assert!(store.action(ActionId::new(1)).await.unwrap_err().is_not_found());
    assert!(store.command(CommandId::new(1)).await.unwrap_err().is_not_found());
    assert!(store.investigator(InvestigatorId::new(1)).await.unwrap_err().is_not_found());
    assert!(store.cancel_action(ActionId::new(1), start()).await.unwrap_err().is_not_found());
    let disabled = InvestigatorStatus::Disabled;
    let error = store.set_investigator_status(InvestigatorId::new(1), disabled, start()).await.unwrap_err();
    assert!(error.is_not_found());
}

/// Callers that claim at the same time share the actions.
pub async fn a_claim_hands_each_action_to_one_caller(store: &dyn Store) {
    for id in 1..=20 {
        store.insert_action(&new_action(id), None).await.unwrap();
    }
    let [a, b, c] = ["a", "b", "c"].map(|owner| lease(owner, start()));
    let (first, second, third) = tokio::join!(
        store.claim_actions(&a, start(), 10),
        store.claim_actions(&b, start(), 10),
        store.claim_actions(&c, start(), 10),
    );
    let claims = [first.unwrap(), second.unwrap(), third.unwrap()];
    assert!(claims.iter().flatten().all(|stored| stored.status == ActionStatus::Scheduled));
    let ids: BTreeSet<_> = claims.iter().flatten().map(|stored| stored.action.id).collect();
    assert_eq!(ids.len(), claims.iter().map(Vec::len).sum::<usize>());
    assert_eq!(ids.len(), 20);
}

/// Nobody launches an action too early, or after its end.
pub async fn an_action_waits_for_its_window(store: &dyn Store) {
    store.insert_action(&new_action(1), None).await.unwrap();
    assert!(claimed_actions(store, "a", start() - Duration::from_secs(1)).await.is_empty());
    assert!(claimed_actions(store, "a", after(VALID_SECONDS + 1)).await.is_empty());
    assert_eq!(claimed_actions(store, "a", after(VALID_SECONDS)).await, [1]);
}

/// The process that submits an action runs it, while it lives.
pub async fn an_action_inserted_with_a_lease_is_left_to_its_owner(store: &dyn Store) {
    store.insert_action(&new_action(1), Some(&lease("a", start()))).await.unwrap();
    assert!(claimed_actions(store, "b", after(1)).await.is_empty());
    assert_eq!(claimed_actions(store, "a", after(1)).await, [1]);
}

/// An owner without a sign of life loses its claims; a renewed lease keeps them.
pub async fn a_lapsed_lease_frees_an_action(store: &dyn Store) {
    store.insert_action(&new_action(1), None).await.unwrap();
    assert_eq!(claimed_actions(store, "a", start()).await, [1]);
    store.renew_lease(&lease("a", after(20))).await.unwrap();
    assert!(claimed_actions(store, "b", after(45)).await.is_empty());
    assert_eq!(claimed_actions(store, "b", after(51)).await, [1]);
}

/// What a dead owner held can be claimed at once.
pub async fn a_released_lease_frees_an_action(store: &dyn Store) {
    store.insert_action(&new_action(1), Some(&lease("a", start()))).await.unwrap();
    store.release_leases(&OwnerId("a".to_owned())).await.unwrap();
    assert_eq!(claimed_actions(store, "b", start()).await, [1]);
}

/// A scheduler that slept too long does no harm.
pub async fn an_owner_that_lost_its_claim_can_not_launch(store: &dyn Store) {
    let agents = bring_online(store, &["one"]).await;
    store.insert_action(&new_action(1), None).await.unwrap();
    claimed_actions(store, "a", start()).await;
    claimed_actions(store, "b", after(31)).await;
    let (slow, new) = (OwnerId("a".to_owned()), OwnerId("b".to_owned()));
    let commands = commands_for(1, &agents);
    assert!(!store.launch_action(ActionId::new(1), &slow, &commands, after(32)).await.unwrap());
    assert!(!store.refuse_action(ActionId::new(1), &slow, "no targets", after(32)).await.unwrap());
    assert!(store.launch_action(ActionId::new(1), &new, &commands, after(32)).await.unwrap());
    assert!(!store.launch_action(ActionId::new(1), &new, &commands, after(32)).await.unwrap(), "once");
}

/// A scheduler that failed in the middle gets the action again.
pub async fn an_owner_claims_its_own_unfinished_action_again(store: &dyn Store) {
    store.insert_action(&new_action(1), None).await.unwrap();
    assert_eq!(claimed_actions(store, "a", start()).await, [1]);
    assert_eq!(claimed_actions(store, "a", after(1)).await, [1]);
    assert!(claimed_actions(store, "b", after(2)).await.is_empty());
}

/// The author can read why.
pub async fn a_refused_action_is_invalid_and_says_why(store: &dyn Store) {
    store.insert_action(&new_action(1), None).await.unwrap();
    claimed_actions(store, "a", start()).await;
    let owner = OwnerId("a".to_owned());
    assert!(store.refuse_action(ActionId::new(1), &owner, "no agent matches", start()).await.unwrap());
    let stored = store.action(ActionId::new(1)).await.unwrap();
    assert_eq!((stored.status, stored.reason.as_str()), (ActionStatus::Invalid, "no agent matches"));
    assert_eq!(stored.action.finish_time, Time::from(start()));
    assert!(claimed_actions(store, "a", after(60)).await.is_empty());
}

/// *Preparing* lasts until the relay has everything.
pub async fn an_action_goes_in_flight_when_all_commands_are_handed_over(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    hand_over(store, "a", Handover::Volatile, &[101]).await;
    assert_eq!(status_of(store, 1).await, ActionStatus::Preparing);
    hand_over(store, "a", Handover::Volatile, &[102]).await;
    assert_eq!(status_of(store, 1).await, ActionStatus::InFlight);
}

/// A launch that would ask an agent twice fails as a whole.
pub async fn an_agent_is_asked_once_per_action(store: &dyn Store) {
    let agents = bring_online(store, &["one"]).await;
    store.insert_action(&new_action(1), None).await.unwrap();
    claimed_actions(store, "a", start()).await;
    let twice = commands_for(1, &[agents[0], agents[0]]);
    let owner = OwnerId("a".to_owned());
    assert!(store.launch_action(ActionId::new(1), &owner, &twice, start()).await.is_err());
    assert_eq!(status_of(store, 1).await, ActionStatus::Scheduled);
    assert_eq!(store.counters(ActionId::new(1)).await.unwrap().sent, 0);
}

/// An in-process relay dies with its owner, and forgets.
pub async fn commands_of_a_dead_owner_are_handed_over_again(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three"]).await;
    hand_over(store, "a", Handover::Volatile, &[101]).await;
    store.record_answers(&[answer(103, AnswerStatus::Success, true)], start()).await.unwrap();
    assert!(claimed_commands(store, "b", after(1)).await.is_empty());
    assert_eq!(claimed_commands(store, "a", after(1)).await, [102], "its own, not handed over yet");
    assert_eq!(claimed_commands(store, "b", after(60)).await, [101, 102]);
    hand_over(store, "a", Handover::Durable, &[101]).await;
    assert_eq!(claimed_commands(store, "b", after(61)).await, [101, 102], "the old owner has no say");
}

/// A broker keeps messages by itself.
pub async fn commands_in_a_durable_relay_stay_there(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    hand_over(store, "a", Handover::Durable, &[101]).await;
    store.release_leases(&OwnerId("a".to_owned())).await.unwrap();
    assert_eq!(claimed_commands(store, "b", after(1)).await, [102]);
}

/// An agent whose queue does not exist yet gets its command when it is there.
pub async fn a_postponed_command_is_handed_over_later_by_anybody(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    let owner = OwnerId("a".to_owned());
    store.postpone_commands(&[CommandId::new(101)], &owner, after(5)).await.unwrap();
    assert!(claimed_commands(store, "a", after(4)).await.is_empty());
    assert_eq!(claimed_commands(store, "b", after(5)).await, [101]);
    assert!(claimed_commands(store, "a", after(6)).await.is_empty());
}

/// Callers that claim at the same time share the commands.
pub async fn a_claim_hands_each_command_to_one_caller(store: &dyn Store) {
    launch(store, 1, "dead", &["one", "two", "three", "four"]).await;
    let now = after(60);
    let [a, b] = ["a", "b"].map(|owner| lease(owner, now));
    let (first, second) = tokio::join!(store.claim_commands(&a, now, 2), store.claim_commands(&b, now, 10));
    let ids: Vec<_> = first.unwrap().iter().chain(&second.unwrap()).map(|command| command.id.get()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

/// The relay delivers at least once; the store keeps one.
pub async fn an_answer_is_accepted_once(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    let first = answer(101, AnswerStatus::Success, true);
    let second = answer(101, AnswerStatus::Failed, false);
    assert_eq!(
        store.record_answers(std::slice::from_ref(&first), after(1)).await.unwrap(),
        [Reception::Accepted]
    );
    let again = store.record_answers(&[second.clone(), first.clone()], after(2)).await.unwrap();
    assert_eq!(again, [Reception::Repeated, Reception::Repeated]);
    let both = [answer(102, AnswerStatus::Timeout, false), answer(102, AnswerStatus::Success, true)];
    let receptions = store.record_answers(&both, after(3)).await.unwrap();
    assert_eq!(receptions, [Reception::Accepted, Reception::Repeated], "also within one batch");
    let kept = store.command(CommandId::new(101)).await.unwrap();
    assert_eq!((kept.status, kept.late), (CommandStatus::Success, None));
    assert_eq!((kept.results, kept.finish_time), (first.results, Time::from(after(1))));
}

/// A batch with an unknown command is refused as a whole.
pub async fn an_answer_to_an_unknown_command_changes_nothing(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    let batch = [answer(101, AnswerStatus::Success, true), answer(999, AnswerStatus::Success, true)];
    let error = store.record_answers(&batch, start()).await.unwrap_err();
    assert!(matches!(error, StoreError::CommandNotFound(id) if id == CommandId::new(999)), "{error}");
    assert_eq!(store.command(CommandId::new(101)).await.unwrap().status, CommandStatus::Sent);
}

/// Expired stays expired; what the agent found is not lost.
pub async fn a_late_answer_is_kept_and_flagged(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    let end = after(VALID_SECONDS + 1);
    assert_eq!(store.expire_commands(end, end, 10).await.unwrap(), 2);
    let late = answer(101, AnswerStatus::Success, true);
    let receptions = store.record_answers(&[late.clone(), late.clone()], end).await.unwrap();
    assert_eq!(receptions, [Reception::Late, Reception::Repeated]);
    let kept = store.command(CommandId::new(101)).await.unwrap();
    assert_eq!((kept.status, kept.late), (CommandStatus::Expired, Some(AnswerStatus::Success)));
    assert_eq!(kept.results, late.results);
    assert_eq!(status_of(store, 1).await, ActionStatus::Completed);
    assert_eq!(store.command(CommandId::new(102)).await.unwrap().late, None);
}

/// Answers may overtake the record of the hand-over.
pub async fn the_last_answer_completes_the_action(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    store.record_answers(&[answer(101, AnswerStatus::Failed, false)], after(1)).await.unwrap();
    assert_eq!(status_of(store, 1).await, ActionStatus::Preparing);
    store.record_answers(&[answer(102, AnswerStatus::Success, false)], after(2)).await.unwrap();
    let stored = store.action(ActionId::new(1)).await.unwrap();
    assert_eq!(stored.status, ActionStatus::Completed);
    assert_eq!(stored.action.finish_time, Time::from(after(2)));
    hand_over(store, "a", Handover::Volatile, &[101, 102]).await;
    assert_eq!(status_of(store, 1).await, ActionStatus::Completed);
}

/// An agent that vanished does not keep an action open.
pub async fn commands_expire_without_their_agents(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    hand_over(store, "a", Handover::Durable, &[101, 102]).await;
    store.record_answers(&[answer(101, AnswerStatus::Success, false)], after(1)).await.unwrap();
    store.age_agents(after(VALID_SECONDS), start()).await.unwrap();
    let end = after(VALID_SECONDS);
    assert_eq!(store.expire_commands(end, end, 10).await.unwrap(), 0, "the end is inclusive");
    let end = after(VALID_SECONDS + 1);
    assert_eq!(store.expire_commands(end, end, 10).await.unwrap(), 1);
    assert_eq!(status_of(store, 1).await, ActionStatus::Completed);
    assert_eq!(store.expire_commands(end, end, 10).await.unwrap(), 0);
}

/// Launched actions end with their commands instead.
pub async fn an_action_that_was_never_launched_expires(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    store.insert_action(&new_action(2), None).await.unwrap();
    assert_eq!(store.expire_actions(after(VALID_SECONDS)).await.unwrap(), 0);
    assert_eq!(store.expire_actions(after(VALID_SECONDS + 1)).await.unwrap(), 1);
    assert_eq!(status_of(store, 1).await, ActionStatus::Preparing);
    assert_eq!(status_of(store, 2).await, ActionStatus::Expired);
}

/// Answered commands keep their answers.
pub async fn a_cancelled_action_takes_its_commands_with_it(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two"]).await;
    store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(1)).await.unwrap();
    assert_eq!(store.cancel_action(ActionId::new(1), after(2)).await.unwrap(), ActionStatus::Cancelled);
    assert_eq!(store.command(CommandId::new(101)).await.unwrap().status, CommandStatus::Success);
    assert_eq!(store.command(CommandId::new(102)).await.unwrap().status, CommandStatus::Cancelled);
    assert!(claimed_commands(store, "b", after(60)).await.is_empty());
    let late = store.record_answers(&[answer(102, AnswerStatus::Success, true)], after(3)).await.unwrap();
    assert_eq!(late, [Reception::Late]);
    assert_eq!(status_of(store, 1).await, ActionStatus::Cancelled);
}

/// Cancelling twice, or too late, changes nothing and says so.
pub async fn what_has_ended_can_not_be_cancelled(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(1)).await.unwrap();
    assert_eq!(store.cancel_action(ActionId::new(1), after(2)).await.unwrap(), ActionStatus::Completed);
    store.insert_action(&new_action(2), None).await.unwrap();
    assert_eq!(store.cancel_action(ActionId::new(2), after(2)).await.unwrap(), ActionStatus::Cancelled);
    assert_eq!(store.cancel_action(ActionId::new(2), after(3)).await.unwrap(), ActionStatus::Cancelled);
    assert!(claimed_actions(store, "a", after(4)).await.is_empty());
}

/// Every command is counted in exactly one state.
pub async fn counters_add_up_to_the_number_of_targets(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three", "four"]).await;
    let answers = [answer(101, AnswerStatus::Success, true), answer(102, AnswerStatus::Timeout, false)];
    store.record_answers(&answers, start()).await.unwrap();
    let counters = store.action(ActionId::new(1)).await.unwrap().action.counters;
    assert_eq!((counters.sent, counters.in_flight, counters.done), (4, 2, 2));
    assert_eq!((counters.success, counters.timeout), (1, 1));
    let end = after(VALID_SECONDS + 1);
    store.expire_commands(end, end, 1).await.unwrap();
    assert_eq!(status_of(store, 1).await, ActionStatus::Preparing);
    store.cancel_action(ActionId::new(1), end).await.unwrap();
    let counters = store.counters(ActionId::new(1)).await.unwrap();
    assert_eq!((counters.sent, counters.in_flight, counters.done), (4, 0, 4));
    assert_eq!((counters.expired, counters.cancelled), (1, 1));
}

/// Ids are random: the order is that of insertion.
pub async fn actions_are_paged_latest_first(store: &dyn Store) {
    for id in [5, 3, 9, 1] {
        store.insert_action(&new_action(id), None).await.unwrap();
    }
    let ids = |page: Vec<crate::store::StoredAction>| -> Vec<u64> {
        page.iter().map(|stored| stored.action.id.get()).collect()
    };
    let first = ids(store.actions(None, 3).await.unwrap());
    assert_eq!(first, [1, 9, 3]);
    assert_eq!(ids(store.actions(Some(ActionId::new(3)), 3).await.unwrap()), [5]);
    assert!(store.actions(Some(ActionId::new(5)), 3).await.unwrap().is_empty());
}

/// Pages by id, with filters.
pub async fn commands_are_paged_and_filtered(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three", "four"]).await;
    let answers = [
        answer(101, AnswerStatus::Success, true),
        answer(102, AnswerStatus::Success, false),
        answer(103, AnswerStatus::Failed, true),
    ];
    store.record_answers(&answers, start()).await.unwrap();
    let query = |filter, after: Option<u64>, limit| CommandQuery {
        action: ActionId::new(1),
        filter,
        after: after.map(CommandId::new),
        limit,
    };
    let page = async |query: CommandQuery| -> Vec<u64> {
        let commands = store.commands(&query).await.unwrap();
        commands.iter().map(|command| command.id.get()).collect()
    };
    assert_eq!(page(query(CommandFilter::All, None, 3)).await, [101, 102, 103]);
    assert_eq!(page(query(CommandFilter::All, Some(103), 3)).await, [104]);
    assert_eq!(page(query(CommandFilter::Found, None, 3)).await, [101]);
    assert_eq!(page(query(CommandFilter::NotFound, None, 3)).await, [102]);
    assert_eq!(page(query(CommandFilter::Status(CommandStatus::Sent), None, 3)).await, [104]);
    let first = store.commands(&query(CommandFilter::Found, None, 1)).await.unwrap().remove(0);
    assert_eq!((first.results.len(), first.agent.name.as_str()), (2, "one"));
}

/// Who follows an action asks for what is new.
pub async fn ended_commands_are_seen_once(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three", "four"]).await;
    store.record_answers(&[answer(103, AnswerStatus::Success, true)], after(1)).await.unwrap();
    let mut seen = Vec::new();
    let mut mark = None;
    let end = after(VALID_SECONDS + 1);
    for step in 0..6 {
        for command in store.ended_commands(ActionId::new(1), mark, 1).await.unwrap() {
            mark = command.ended;
            seen.push(command.id.get());
        }
        if step == 1 {
            store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(2)).await.unwrap();
            store.expire_commands(end, end, 10).await.unwrap();
        }
    }
    assert_eq!(seen, [103, 101, 102, 104]);
}

/// The scheduler compares answers with what was sent.
pub async fn sent_commands_tell_what_an_answer_must_match(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    let sent = store.sent_commands(&[CommandId::new(101), CommandId::new(999)]).await.unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].id, sent[0].action, sent[0].operations), (CommandId::new(101), ActionId::new(1), 2));
    assert_eq!(sent[0].queue_location, "linux.one");
}

/// One row per process; the time is the store's, not the agent's.
pub async fn a_heartbeat_brings_an_agent_online(store: &dyn Store) {
    store.record_heartbeats(&[agent("one", 1)], after(1)).await.unwrap();
    store.record_heartbeats(&[agent("one", 1)], after(2)).await.unwrap();
    let agents = store.agents(None, 10).await.unwrap();
    assert_eq!(agents.len(), 1);
    assert_eq!((agents[0].status.as_str(), agents[0].heartbeat_time), ("online", Time::from(after(2))));
    assert_eq!(agents[0].tags, agent("one", 1).tags);
    assert_eq!(store.agents(Some(agents[0].id), 10).await.unwrap(), []);
}

/// History keeps what the agent was when it was asked.
pub async fn a_changed_environment_makes_a_new_row(store: &dyn Store) {
    store.record_heartbeats(&[agent("one", 1)], after(1)).await.unwrap();
    let mut changed = agent("one", 1);
    changed.environment.ident = "another system".to_owned();
    changed.refresh_time = Time::from(after(16));
    store.record_heartbeats(&[changed], after(17)).await.unwrap();
    let agents = store.agents(None, 10).await.unwrap();
    let statuses: Vec<_> = agents.iter().map(|agent| agent.status.as_str()).collect();
    assert_eq!(statuses, ["offline", "online"]);
    assert_eq!(agents[1].environment.ident, "another system");
}

/// A machine is asked once, whatever runs on it.
pub async fn of_an_endpoint_only_the_latest_process_is_reachable(store: &dyn Store) {
    store.record_heartbeats(&[agent("one", 1), agent("two", 1)], after(1)).await.unwrap();
    store.record_heartbeats(&[agent("one", 2)], after(2)).await.unwrap();
    let reachable = store.reachable_agents(None, 10).await.unwrap();
    let mut processes: Vec<_> = reachable.iter().map(|agent| (agent.name.as_str(), agent.pid)).collect();
    processes.sort_unstable();
    assert_eq!(processes, [("one", 2), ("two", 1)]);
    let first = store.reachable_agents(None, 1).await.unwrap();
    assert_eq!(store.reachable_agents(Some(first[0].id), 10).await.unwrap().len(), 1);
}

/// Idle agents can still be asked; offline ones come back as new rows.
pub async fn silent_agents_become_idle_then_offline(store: &dyn Store) {
    store.record_heartbeats(&[agent("one", 1)], start()).await.unwrap();
    store.age_agents(start(), start()).await.unwrap();
    assert_eq!(store.agents(None, 10).await.unwrap()[0].status, "online");
    store.age_agents(after(1), start()).await.unwrap();
    assert_eq!(store.reachable_agents(None, 10).await.unwrap()[0].status, "idle");
    store.age_agents(after(1), after(1)).await.unwrap();
    assert_eq!(store.agents(None, 10).await.unwrap()[0].status, "offline");
    assert!(store.reachable_agents(None, 10).await.unwrap().is_empty());
    store.record_heartbeats(&[agent("one", 1)], after(2)).await.unwrap();
    assert_eq!(store.agents(None, 10).await.unwrap().len(), 2);
}

/// The target language can ask for "agents that found something in action N".
pub async fn agents_that_found_something_are_known_by_their_address(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three"]).await;
    let answers = [answer(101, AnswerStatus::Success, true), answer(102, AnswerStatus::Success, false)];
    store.record_answers(&answers, start()).await.unwrap();
    let found = store.agents_that_found(ActionId::new(1), true).await.unwrap();
    assert_eq!(found, ["linux.one".to_owned()].into());
    let not_found = store.agents_that_found(ActionId::new(1), false).await.unwrap();
    assert_eq!(not_found, ["linux.one".to_owned(), "linux.two".to_owned()].into());
}

/// The same page by page as at once; of a machine the latest process only, of silent ones none.
pub async fn a_target_names_reachable_agents_page_by_page(store: &dyn Store) {
    let beats: Vec<_> = (0..7).map(|number| agent(&format!("web{number}"), 1)).collect();
    store.record_heartbeats(&beats, after(1)).await.unwrap();
    store.record_heartbeats(&[agent("web3", 2), agent("db", 1)], after(2)).await.unwrap();
    let target = Target::parse("name LIKE 'web%' AND tags->>'site' = 'lab' AND name <> 'web5'").unwrap();
    let all = store.targeted_agents(&target, after(3), None, 100).await.unwrap();
    let known = store.reachable_agents(None, 100).await.unwrap();
    let expected: Vec<_> =
        known.iter().filter(|agent| agent.name.contains("web") && agent.name != "web5").collect();
    assert_eq!(all.len(), 6);
    for (targeted, known) in all.iter().zip(expected) {
        assert_eq!((targeted.id, &targeted.queue_location), (known.id, &known.queue_location));
    }
    let (mut paged, mut last) = (Vec::new(), None);
    loop {
        let page = store.targeted_agents(&target, after(3), last, 2).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        paged.extend(page);
    }
    assert_eq!(paged, all);
    store.age_agents(after(9), start()).await.unwrap();
    store.age_agents(after(9), after(9)).await.unwrap();
    assert!(store.targeted_agents(&Target::all(), after(9), None, 100).await.unwrap().is_empty());
}

/// By the address of who answered, also if another process listens there now.
pub async fn a_target_may_ask_what_was_found_before(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three"]).await;
    let answers = [answer(101, AnswerStatus::Success, true), answer(102, AnswerStatus::Success, false)];
    store.record_answers(&answers, start()).await.unwrap();
    store.record_heartbeats(&[agent("one", 2)], after(1)).await.unwrap();
    let target = Target::found_in(ActionId::new(1), true, Target::all());
    let found = store.targeted_agents(&target, after(2), None, 100).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].queue_location, "linux.one");
}

/// Never more than the limit at once, and in the end nothing is left.
pub async fn old_actions_are_deleted_in_small_steps(store: &dyn Store) {
    let mut first = new_action(2);
    first.signers = vec![signer(store).await];
    store.insert_action(&first, None).await.unwrap();
    store.cancel_action(ActionId::new(2), after(1)).await.unwrap();
    launch(store, 1, "a", &["one", "two", "three"]).await;
    let answers = [101, 102, 103].map(|id| answer(id, AnswerStatus::Success, true));
    store.record_answers(&answers, after(2)).await.unwrap();
    let old = after(VALID_SECONDS + 1);
    let mut steps = Vec::new();
    loop {
        let deleted = store.forget_actions(old, 2).await.unwrap();
        steps.push(deleted);
        if deleted < 2 {
            break;
        }
    }
    assert!(steps.iter().all(|step| *step <= 2), "{steps:?}");
    assert_eq!(steps.iter().sum::<u64>(), 5, "two actions and three commands: {steps:?}");
    assert!(store.actions(None, 10).await.unwrap().is_empty());
    assert!(store.command(CommandId::new(101)).await.unwrap_err().is_not_found());
    assert!(store.sent_commands(&[CommandId::new(101)]).await.unwrap().is_empty());
    assert_eq!(store.forget_actions(old, 2).await.unwrap(), 0);
}

/// The window must have closed too: what is sent again meanwhile is still known.
pub async fn what_is_not_over_or_not_old_is_kept(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    store.insert_action(&new_action(2), None).await.unwrap();
    store.insert_action(&new_action(3), None).await.unwrap();
    store.cancel_action(ActionId::new(3), after(1)).await.unwrap();
    assert_eq!(store.forget_actions(after(VALID_SECONDS), 10).await.unwrap(), 0, "its window is still open");
    assert_eq!(store.forget_actions(after(VALID_SECONDS + 1), 10).await.unwrap(), 1);
    assert!(store.action(ActionId::new(3)).await.unwrap_err().is_not_found());
    let late = after(VALID_SECONDS + 60);
    store.record_answers(&[answer(101, AnswerStatus::Success, true)], late).await.unwrap();
    assert_eq!(store.forget_actions(late, 10).await.unwrap(), 0, "it ended just now");
    assert_eq!(store.command(CommandId::new(101)).await.unwrap().results.len(), 2);
    assert_eq!(status_of(store, 2).await, ActionStatus::Pending);
}

/// Who is online stays, and who was asked stays as long as the question.
pub async fn agents_are_kept_as_long_as_their_commands(store: &dyn Store) {
    launch(store, 1, "a", &["one"]).await;
    store.record_heartbeats(&[agent("two", 1), agent("three", 1), agent("four", 1)], start()).await.unwrap();
    store.age_agents(after(1), start()).await.unwrap();
    store.age_agents(after(1), after(1)).await.unwrap();
    store.record_heartbeats(&[agent("five", 1)], start()).await.unwrap();
    assert_eq!(store.forget_agents(start(), 10).await.unwrap(), 0, "none is older");
    assert_eq!(store.forget_agents(after(1), 2).await.unwrap(), 2);
    assert_eq!(store.forget_agents(after(1), 2).await.unwrap(), 1);
    let names = async || -> Vec<String> {
        store.agents(None, 10).await.unwrap().into_iter().map(|agent| agent.name).collect()
    };
    assert_eq!(names().await, ["one", "five"]);
    store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(2)).await.unwrap();
    assert_eq!(store.forget_actions(after(VALID_SECONDS + 1), 10).await.unwrap(), 2);
    assert_eq!(store.forget_agents(after(1), 10).await.unwrap(), 1);
    assert_eq!(names().await, ["five"]);
}

/// The store is asked for active keys at every submission.
pub async fn an_investigator_is_added_once_and_loses_access_at_once(store: &dyn Store) {
    let id = signer(store).await;
    assert_eq!(signer(store).await, id);
    let keys = store.active_keys().await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].investigator, keys[0].public_key.as_str()), (id, "armored key"));
    store.set_investigator_status(id, InvestigatorStatus::Disabled, after(1)).await.unwrap();
    assert!(store.active_keys().await.unwrap().is_empty());
    let known = store.investigator(id).await.unwrap();
    assert_eq!((known.status.as_str(), known.last_modified), ("disabled", Time::from(after(1))));
    assert_eq!(known.fingerprint, "0123456789ABCDEF0123456789ABCDEF01234567");
}

fn key() -> AgentPublicKey {
    AgentKey::generate().unwrap().public()
}

/// Whoever comes second is not let in.
pub async fn an_invitation_is_good_for_one_agent(store: &dyn Store) {
    let [one, two] = [key(), key()];
    store.add_invitation(&[7; 32], after(60), start()).await.unwrap();
    assert_eq!(store.enrol(&[8; 32], "linux.one", &one, start()).await.unwrap(), Enrolment::NotInvited);
    assert_eq!(store.enrolled_key("linux.one").await.unwrap(), None);
    assert_eq!(store.enrol(&[7; 32], "linux.one", &one, start()).await.unwrap(), Enrolment::Done);
    assert_eq!(store.enrol(&[7; 32], "linux.two", &two, start()).await.unwrap(), Enrolment::NotInvited);
    assert_eq!(store.enrolled_key("linux.one").await.unwrap(), Some(one));
    assert_eq!(store.enrolled_key("linux.two").await.unwrap(), None);
}

/// The answer may be lost on its way; another agent may not use that.
pub async fn an_enrolment_may_be_repeated_by_who_did_not_hear_of_it(store: &dyn Store) {
    let [one, two] = [key(), key()];
    store.add_invitation(&[7; 32], after(60), start()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.enrol(&[7; 32], "linux.one", &one, start()).await.unwrap(), Enrolment::Done);
    }
    assert_eq!(store.enrol(&[7; 32], "linux.one", &two, start()).await.unwrap(), Enrolment::NotInvited);
    assert_eq!(store.enrolled_key("linux.one").await.unwrap(), Some(one));
}

/// An invitation that lies about is harmless after its time.
pub async fn an_expired_invitation_is_none(store: &dyn Store) {
    store.add_invitation(&[7; 32], after(60), start()).await.unwrap();
    assert_eq!(store.enrol(&[7; 32], "linux.one", &key(), after(60)).await.unwrap(), Enrolment::NotInvited);
    store.add_invitation(&[9; 32], after(120), after(60)).await.unwrap();
    assert_eq!(store.enrol(&[7; 32], "linux.one", &key(), start()).await.unwrap(), Enrolment::NotInvited);
    assert_eq!(store.enrol(&[9; 32], "linux.one", &key(), after(61)).await.unwrap(), Enrolment::Done);
}

/// A machine can not be taken over by an invitation for another.
pub async fn a_queue_location_has_one_key_until_it_is_dismissed(store: &dyn Store) {
    let [one, two] = [key(), key()];
    for digest in [[1; 32], [2; 32]] {
        store.add_invitation(&digest, after(60), start()).await.unwrap();
    }
    assert_eq!(store.enrol(&[1; 32], "linux.one", &one, start()).await.unwrap(), Enrolment::Done);
    assert_eq!(store.enrol(&[2; 32], "linux.one", &two, start()).await.unwrap(), Enrolment::Taken);
    assert_eq!(store.enrolled_key("linux.one").await.unwrap(), Some(one));
    assert!(store.dismiss_agent("linux.one").await.unwrap());
    assert!(!store.dismiss_agent("linux.one").await.unwrap());
    assert_eq!(store.enrolled_key("linux.one").await.unwrap(), None);
    assert_eq!(store.enrol(&[1; 32], "linux.one", &one, start()).await.unwrap(), Enrolment::NotInvited);
    assert_eq!(store.enrol(&[2; 32], "linux.one", &two, start()).await.unwrap(), Enrolment::Done);
}

/// Followers sleep until there is something to see.
pub async fn waiters_learn_of_changes(store: &dyn Store) {
    let seen = store.revision();
    let quiet = tokio::time::timeout(Duration::from_millis(50), store.changed(seen)).await;
    assert!(quiet.is_err(), "nothing has changed");
    let new = new_action(1);
    let (revision, inserted) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(5), store.changed(seen)),
        store.insert_action(&new, None)
    );
    inserted.unwrap();
    assert!(revision.unwrap().unwrap() > seen);
    let already = tokio::time::timeout(Duration::from_secs(5), store.changed(seen)).await;
    assert!(already.unwrap().unwrap() > seen, "what came before the wait counts");
}
