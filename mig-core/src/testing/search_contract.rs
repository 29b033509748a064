//! What every store must do for those who search and those who call: run
//! [`search_contract_tests!`](crate::search_contract_tests) on an implementation.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::store_contract::{after, agent, answer, bring_online, launch, new_action, start};
use crate::{
    action::Threat,
    agent_info::AgentInfo,
    api::{Kind, Search},
    id::{ActionId, AgentId, CommandId, InvestigatorId},
    permissions::Permissions,
    scheduler::flow::AnswerStatus,
    sign::Fingerprint,
    store::{
        Account, ApiKeyHash, InvestigatorStatus, NewAccount, SearchKey, SearchPage, Store, StoredAction,
        StoredCommand,
    },
    target::Target,
    time::Time,
};
use std::time::Duration;

/// Makes one test per rule, like [`store_contract_tests!`](crate::store_contract_tests).
#[macro_export]
macro_rules! search_contract_tests {
    ($open:path) => {
        $crate::search_contract_tests! { $open:
            actions_are_found_by_what_they_are
            actions_are_found_by_whom_they_asked_and_who_signed
            commands_are_found_by_what_they_are
            commands_are_found_by_what_they_found
            agents_are_found_by_what_they_are
            agents_are_found_by_what_they_were_asked
            investigators_are_found_by_what_they_are_and_signed
            windows_include_their_ends
            patterns_mean_the_same_everywhere
            hostile_text_is_text
            pages_follow_each_other_without_gap_or_repetition
            actions_are_read_by_id
            agents_of_a_target_are_paged_by_id
            a_preview_counts_who_would_be_asked
            agents_are_counted_by_state_version_and_machine
            an_account_is_read_as_it_stands_now
            a_key_makes_one_account
            accounts_without_a_key_do_not_collide
            an_api_key_is_found_by_its_beginning
            an_api_key_goes_with_its_owner
            the_last_administrator_keeps_the_right
            an_investigator_is_read_with_key_and_rights
        }
    };
    ($open:path: $($rule:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let store: Option<::std::sync::Arc<dyn $crate::store::Store>> = $open().await.into();
            if let Some(store) = store {
                $crate::testing::search_contract::$rule(&*store).await;
            }
        }
    )+};
}

const PAGE: SearchPage = SearchPage { after: None, offset: 0, limit: 100 };

fn search(kind: Kind) -> Search {
    Search { kind, ..Search::default() }
}

fn text(pattern: &str) -> Option<String> {
    Some(pattern.to_owned())
}

fn fingerprint(digit: char) -> Fingerprint {
    digit.to_string().repeat(40).parse().unwrap()
}

fn rights(mask: u64) -> Permissions {
    Permissions::from_mask(mask)
}

async fn account(store: &dyn Store, name: &str, digit: char, mask: u64) -> InvestigatorId {
    let key = Some((fingerprint(digit), format!("armored key {digit}")));
    let new = NewAccount { name: name.to_owned(), key, permissions: rights(mask) };
    store.create_account(&new, start()).await.unwrap().unwrap()
}

async fn actions(store: &dyn Store, search: &Search) -> Vec<u64> {
    let id = |stored: &StoredAction| stored.action.id.get();
    store.find_actions(search, &PAGE).await.unwrap().iter().map(id).collect()
}

async fn commands(store: &dyn Store, search: &Search) -> Vec<u64> {
    let id = |command: &StoredCommand| command.id.get();
    store.find_commands(search, &PAGE).await.unwrap().iter().map(id).collect()
}

async fn agents(store: &dyn Store, search: &Search) -> Vec<String> {
    let name = |agent: AgentInfo| agent.name;
    store.find_agents(search, &PAGE).await.unwrap().into_iter().map(name).collect()
}

async fn investigators(store: &dyn Store, search: &Search) -> Vec<String> {
    store.find_investigators(search, &PAGE).await.unwrap().into_iter().map(|found| found.name).collect()
}

/// Action 1 (family `malware`, signed by ann) on one and two; action 2 (by bob), an hour later, on nobody.
async fn story(store: &dyn Store) {
    let (ann, bob) = (account(store, "Ann", 'a', 63).await, account(store, "Bob", 'b', 63).await);
    let mut first = new_action(1);
    first.signers = vec![ann];
    first.action.threat = Threat { family: "malware".to_owned(), ..Threat::default() };
    store.insert_action(&first, None).await.unwrap();
    launch(store, 1, "a", &["one", "two"]).await;
    let mut second = new_action(2);
    second.signers = vec![bob];
    let hour = Duration::from_secs(3600);
    second.action.valid_from = second.action.valid_from.plus(hour);
    second.action.expire_after = second.action.expire_after.plus(hour);
    store.insert_action(&second, None).await.unwrap();
    store.record_answers(&[answer(101, AnswerStatus::Success, true)], after(5)).await.unwrap();
}

/// Each filter alone.
pub async fn actions_are_found_by_what_they_are(store: &dyn Store) {
    story(store).await;
    let all = search(Kind::Action);
    assert_eq!(actions(store, &all).await, [2, 1], "latest begin first");
    let one = Search { action: Some(ActionId::new(1)), ..all.clone() };
    assert_eq!(actions(store, &one).await, [1]);
    for (search, expected) in [
        (Search { action_name: text("ACTION 2"), ..all.clone() }, vec![2]),
        (Search { action_name: text("action _"), ..all.clone() }, vec![2, 1]),
        (Search { status: text("pending"), ..all.clone() }, vec![2]),
        (Search { status: text("PENDING"), ..all.clone() }, vec![2]),
        (Search { status: text("pend%"), ..all.clone() }, vec![2]),
        (Search { threat_family: text("Mal%"), ..all.clone() }, vec![1]),
        (Search { threat_family: text("worm"), ..all.clone() }, vec![]),
        (Search { status: text("pending"), action: Some(ActionId::new(1)), ..all.clone() }, vec![]),
    ] {
        assert_eq!(actions(store, &search).await, expected, "{search:?}");
    }
    let found = store.find_actions(&one, &PAGE).await.unwrap().pop().unwrap();
    assert_eq!(found, store.action(ActionId::new(1)).await.unwrap());
    assert_eq!((found.action.counters.sent, found.action.investigators.len()), (2, 1));
}

/// What belongs to an action finds it.
pub async fn actions_are_found_by_whom_they_asked_and_who_signed(store: &dyn Store) {
    story(store).await;
    let all = search(Kind::Action);
    for (search, expected) in [
        (Search { agent_name: text("on%"), ..all.clone() }, vec![1]),
        (Search { agent_version: text("1"), ..all.clone() }, vec![1]),
        (Search { agent_name: text("three"), ..all.clone() }, vec![]),
        (Search { command: Some(CommandId::new(102)), ..all.clone() }, vec![1]),
        (Search { command: Some(CommandId::new(9)), ..all.clone() }, vec![]),
        (Search { investigator_name: text("bob"), ..all.clone() }, vec![2]),
        (Search { investigator_name: text("%"), ..all.clone() }, vec![2, 1]),
        (Search { investigator: Some(InvestigatorId::new(u64::MAX)), ..all.clone() }, vec![]),
    ] {
        assert_eq!(actions(store, &search).await, expected, "{search:?}");
    }
}

/// Each filter alone.
pub async fn commands_are_found_by_what_they_are(store: &dyn Store) {
    story(store).await;
    let all = search(Kind::Command);
    let one = bring_online(store, &["one"]).await[0];
    for (search, expected) in [
        (all.clone(), vec![102, 101]),
        (Search { command: Some(CommandId::new(101)), ..all.clone() }, vec![101]),
        (Search { action: Some(ActionId::new(1)), ..all.clone() }, vec![102, 101]),
        (Search { action: Some(ActionId::new(2)), ..all.clone() }, vec![]),
        (Search { action_name: text("%1"), ..all.clone() }, vec![102, 101]),
        (Search { threat_family: text("malware"), ..all.clone() }, vec![102, 101]),
        (Search { threat_family: text("worm"), ..all.clone() }, vec![]),
        (Search { agent: Some(one), ..all.clone() }, vec![101]),
        (Search { agent_name: text("tw_"), ..all.clone() }, vec![102]),
        (Search { investigator_name: text("ann"), ..all.clone() }, vec![102, 101]),
        (Search { investigator_name: text("bob"), ..all.clone() }, vec![]),
        (Search { status: text("sent"), ..all.clone() }, vec![102]),
        (Search { status: text("success"), ..all.clone() }, vec![101]),
    ] {
        assert_eq!(commands(store, &search).await, expected, "{search:?}");
    }
    let found = store.find_commands(&all, &PAGE).await.unwrap();
    assert_eq!(found[1], store.command(CommandId::new(101)).await.unwrap(), "with results and agent");
}

/// Only what succeeded can have found something, or nothing.
pub async fn commands_are_found_by_what_they_found(store: &dyn Store) {
    launch(store, 1, "a", &["one", "two", "three", "four"]).await;
    let answers = [
        answer(101, AnswerStatus::Success, true),
        answer(102, AnswerStatus::Success, false),
        answer(103, AnswerStatus::Failed, false),
    ];
    store.record_answers(&answers, after(5)).await.unwrap();
    for (found, expected) in [(true, [101]), (false, [102])] {
        let search = Search { found: Some(found), ..search(Kind::Command) };
        assert_eq!(commands(store, &search).await, expected);
    }
}

/// Each filter alone.
pub async fn agents_are_found_by_what_they_are(store: &dyn Store) {
    let mut other = agent("Two", 2);
    (other.version, other.loader_name) = ("2".to_owned(), "loader".to_owned());
    store.record_heartbeats(&[agent("one", 1)], start()).await.unwrap();
    store.record_heartbeats(&[other], after(60)).await.unwrap();
    let all = search(Kind::Agent);
    let id = store.agents(None, 10).await.unwrap()[0].id;
    for (search, expected) in [
        (all.clone(), vec!["Two", "one"]),
        (Search { agent: Some(id), ..all.clone() }, vec!["one"]),
        (Search { agent_name: text("two"), ..all.clone() }, vec!["Two"]),
        (Search { agent_version: text("2"), ..all.clone() }, vec!["Two"]),
        (Search { loader_name: text("load%"), ..all.clone() }, vec!["Two"]),
        (Search { status: text("online"), ..all.clone() }, vec!["Two", "one"]),
        (Search { status: text("offline"), ..all.clone() }, vec![]),
        (Search { after: Some(Time::from(after(1))), ..all.clone() }, vec!["Two"]),
        (Search { before: Some(Time::from(after(1))), ..all.clone() }, vec!["one"]),
    ] {
        assert_eq!(agents(store, &search).await, expected, "{search:?}");
    }
    assert_eq!(store.agent(id).await.unwrap().unwrap().name, "one");
    assert_eq!(store.agent(AgentId::new(9999)).await.unwrap(), None);
    assert_eq!(store.agent(AgentId::default()).await.unwrap(), None);
}

/// What an agent was asked finds it.
pub async fn agents_are_found_by_what_they_were_asked(store: &dyn Store) {
    story(store).await;
    bring_online(store, &["idler"]).await;
    let all = search(Kind::Agent);
    for (search, expected) in [
        (Search { action: Some(ActionId::new(1)), ..all.clone() }, vec!["two", "one"]),
        (Search { action: Some(ActionId::new(2)), ..all.clone() }, vec![]),
        (Search { action_name: text("action%"), ..all.clone() }, vec!["two", "one"]),
        (Search { threat_family: text("malware"), ..all.clone() }, vec!["two", "one"]),
        (Search { command: Some(CommandId::new(101)), ..all.clone() }, vec!["one"]),
        (Search { investigator_name: text("ann"), ..all.clone() }, vec!["two", "one"]),
        (Search { investigator_name: text("bob"), ..all.clone() }, vec![]),
    ] {
        assert_eq!(agents(store, &search).await, expected, "{search:?}");
    }
}

/// Each filter alone.
pub async fn investigators_are_found_by_what_they_are_and_signed(store: &dyn Store) {
    story(store).await;
    account(store, "Cleo", 'c', 63).await;
    let all = search(Kind::Investigator);
    let cleo = store.account_of_key(&fingerprint('c')).await.unwrap().unwrap().id;
    store.set_investigator_status(cleo, InvestigatorStatus::Disabled, after(9)).await.unwrap();
    for (search, expected) in [
        (all.clone(), vec!["Ann", "Bob", "Cleo"]),
        (Search { investigator: Some(cleo), ..all.clone() }, vec!["Cleo"]),
        (Search { investigator_name: text("%O%"), ..all.clone() }, vec!["Bob", "Cleo"]),
        (Search { status: text("disabled"), ..all.clone() }, vec!["Cleo"]),
        (Search { after: Some(Time::from(after(1))), ..all.clone() }, vec!["Cleo"]),
        (Search { before: Some(Time::from(after(1))), ..all.clone() }, vec!["Ann", "Bob"]),
        (Search { action: Some(ActionId::new(2)), ..all.clone() }, vec!["Bob"]),
        (Search { action_name: text("action%"), ..all.clone() }, vec!["Ann", "Bob"]),
        (Search { threat_family: text("malware"), ..all.clone() }, vec!["Ann"]),
        (Search { command: Some(CommandId::new(101)), ..all.clone() }, vec!["Ann"]),
        (Search { agent_name: text("one"), ..all.clone() }, vec!["Ann"]),
    ] {
        assert_eq!(investigators(store, &search).await, expected, "{search:?}");
    }
    let found = store.find_investigators(&all, &PAGE).await.unwrap();
    assert_eq!(found[0].permissions, rights(63));
}

/// Both ends of a window count, to the microsecond.
pub async fn windows_include_their_ends(store: &dyn Store) {
    story(store).await;
    let (from, to) = (Time::from(start()), Time::from(after(300)));
    let micro = Duration::from_micros(1);
    for (after, before, expected) in [
        (Some(from), Some(to), vec![1]),
        (Some(from.plus(micro)), Some(to), vec![]),
        (Some(from), Some(to.minus(micro)), vec![]),
        (None, Some(to), vec![1]),
        (Some(from.plus(micro)), None, vec![2]),
    ] {
        let search = Search { after, before, ..search(Kind::Action) };
        assert_eq!(actions(store, &search).await, expected, "{search:?}");
    }
    let at = |time: Time| Search { after: Some(time), before: Some(time), ..search(Kind::Command) };
    assert_eq!(commands(store, &at(from)).await, [102, 101]);
    assert_eq!(commands(store, &at(from.plus(micro))).await, [] as [u64; 0]);
}

/// A database's language and settings change nothing.
pub async fn patterns_mean_the_same_everywhere(store: &dyn Store) {
    store.record_heartbeats(&[agent("a_b%É\\x", 1)], start()).await.unwrap();
    for (pattern, matches) in [
        ("a_b%", true),
        ("A\\_B\\%%", true),
        ("a\\xb%", false),
        ("%É%", true),
        ("%é%", false),
        ("%\\\\X", true),
        ("a_b", false),
        ("%%%", true),
        ("", false),
    ] {
        let search = Search { agent_name: text(pattern), ..search(Kind::Agent) };
        assert_eq!(agents(store, &search).await.len(), usize::from(matches), "{pattern}");
    }
}

/// Nothing that is searched for is ever part of a statement.
pub async fn hostile_text_is_text(store: &dyn Store) {
    story(store).await;
    for hostile in ["'", "' OR '1'='1", "1; DROP TABLE actions; --", "$1", "?1", "\"", "%' OR 1=1 --"] {
        for kind in [Kind::Action, Kind::Agent, Kind::Command, Kind::Investigator] {
            let search = Search {
                kind,
                action_name: text(hostile),
                agent_name: text(hostile),
                agent_version: text(hostile),
                investigator_name: text(hostile),
                loader_name: text(hostile),
                status: text(hostile),
                threat_family: text(hostile),
                ..Search::default()
            };
            assert!(actions(store, &search).await.is_empty());
            assert!(commands(store, &search).await.is_empty());
            assert!(agents(store, &search).await.is_empty());
            assert!(investigators(store, &search).await.is_empty());
        }
    }
    assert_eq!(actions(store, &search(Kind::Action)).await, [2, 1]);
}

/// By key or by offset, also where times are equal.
pub async fn pages_follow_each_other_without_gap_or_repetition(store: &dyn Store) {
    let names: Vec<String> = (0..5).map(|number| format!("agent{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    launch(store, 6, "a", &names).await;
    for id in 1..=5 {
        store.insert_action(&new_action(id), None).await.unwrap();
    }
    let (mut seen, mut page) = (Vec::new(), SearchPage { limit: 2, ..PAGE });
    loop {
        let found = store.find_commands(&search(Kind::Command), &page).await.unwrap();
        let Some(last) = found.last() else { break };
        page.after = Some(SearchKey { time: last.start_time, id: last.id.get() });
        seen.extend(found.iter().map(|command| command.id.get()));
    }
    assert_eq!(seen, [605, 604, 603, 602, 601]);
    let (mut seen, mut page) = (Vec::new(), SearchPage { limit: 2, ..PAGE });
    loop {
        let found = store.find_actions(&search(Kind::Action), &page).await.unwrap();
        let Some(last) = found.last() else { break };
        page.after = Some(SearchKey { time: last.action.valid_from, id: last.action.id.get() });
        seen.extend(found.iter().map(|stored| stored.action.id.get()));
    }
    assert_eq!(seen, [6, 5, 4, 3, 2, 1]);
    let second = SearchPage { limit: 2, offset: 2, after: None };
    let found = store.find_agents(&search(Kind::Agent), &second).await.unwrap();
    assert_eq!(found.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>(), ["agent2", "agent1"]);
    let last = found.last().map(|agent| SearchKey { time: agent.heartbeat_time, id: agent.id.get() });
    let rest = store.find_agents(&search(Kind::Agent), &SearchPage { after: last, ..PAGE }).await.unwrap();
    assert_eq!(rest.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>(), ["agent0"]);
}

/// Many at once.
pub async fn actions_are_read_by_id(store: &dyn Store) {
    story(store).await;
    let ids = [1, 2, 3, u64::MAX >> 12].map(ActionId::new);
    let mut found = store.actions_by_id(&ids).await.unwrap();
    found.sort_by_key(|stored| stored.action.id);
    assert_eq!(found[0], store.action(ActionId::new(1)).await.unwrap());
    assert_eq!(found.len(), 2);
    assert!(store.actions_by_id(&[]).await.unwrap().is_empty());
}

/// In whatever state they are.
pub async fn agents_of_a_target_are_paged_by_id(store: &dyn Store) {
    let ids = bring_online(store, &["web1", "db", "web2", "web3"]).await;
    store.age_agents(after(100), start()).await.unwrap();
    let target = Target::parse("name LIKE 'web%'").unwrap();
    let first = store.agents_of_target(&target, after(1), None, 2).await.unwrap();
    assert_eq!(first.iter().map(|agent| agent.id).collect::<Vec<_>>(), [ids[0], ids[2]]);
    let rest = store.agents_of_target(&target, after(1), Some(ids[2]), 2).await.unwrap();
    assert_eq!(rest.iter().map(|agent| agent.id).collect::<Vec<_>>(), [ids[3]]);
    assert!(store.agents_of_target(&target, after(1), Some(ids[3]), 2).await.unwrap().is_empty());
}

/// As a scheduler would: who can be reached, each machine once.
pub async fn a_preview_counts_who_would_be_asked(store: &dyn Store) {
    story(store).await;
    store.record_heartbeats(&[agent("one", 77)], after(9)).await.unwrap();
    let preview = store.preview_target(&Target::all(), after(10), 1).await.unwrap();
    assert_eq!((preview.count, preview.agents.len()), (2, 1));
    let found = Target::found_in(ActionId::new(1), true, Target::all());
    let preview = store.preview_target(&found, after(10), 5).await.unwrap();
    assert_eq!((preview.count, preview.agents[0].name.as_str()), (1, "one"));
    let nobody = Target::parse("name = 'nobody'").unwrap();
    assert_eq!(store.preview_target(&nobody, after(10), 5).await.unwrap().count, 0);
}

/// Machines are counted once, however many agents they run.
pub async fn agents_are_counted_by_state_version_and_machine(store: &dyn Store) {
    let day = 24 * 3600;
    let old = AgentInfo { start_time: Time::from(start()), ..agent("gone", 1) };
    store.record_heartbeats(&[old], start()).await.unwrap();
    store.age_agents(after(1), start()).await.unwrap();
    store.age_agents(after(1), after(1)).await.unwrap();
    let now = after(3 * day);
    let new = |name: &str, pid: i64| AgentInfo { start_time: Time::from(now), ..agent(name, pid) };
    store.record_heartbeats(&[new("idle", 1)], now - Duration::from_secs(600)).await.unwrap();
    store.age_agents(now - Duration::from_secs(300), start()).await.unwrap();
    let mut second = new("one", 2);
    second.version = "2".to_owned();
    store.record_heartbeats(&[new("one", 1), second], now).await.unwrap();
    let counted = store.agents_statistics(now).await.unwrap();
    assert_eq!((counted.online_agents, counted.online_endpoints), (2.0, 1.0));
    assert_eq!((counted.idle_agents, counted.idle_endpoints), (1.0, 1.0));
    assert_eq!((counted.multi_agents_endpoints, counted.flapping_endpoints), (1.0, 1.0));
    assert_eq!((counted.disappeared_endpoints, counted.new_endpoints), (1.0, 2.0));
    let versions = counted.online_agents_by_version.unwrap();
    let versions: Vec<_> = versions.iter().map(|count| (count.version.as_str(), count.count)).collect();
    assert_eq!(versions, [("1", 1.0), ("2", 1.0)]);
    assert_eq!(counted.timestamp, Time::from(now));
    let empty = store.agents_statistics(after(30 * day)).await.unwrap();
    assert_eq!(empty.disappeared_endpoints, 0.0, "a week is over");
}

/// Who lost access or rights has lost them at once.
pub async fn an_account_is_read_as_it_stands_now(store: &dyn Store) {
    let id = account(store, "Ann", 'a', 63).await;
    let known = store.account_of_key(&fingerprint('a')).await.unwrap().unwrap();
    let expected =
        Account { id, name: "Ann".to_owned(), status: InvestigatorStatus::Active, permissions: rights(63) };
    assert_eq!(known, expected);
    store.set_investigator_status(id, InvestigatorStatus::Disabled, after(1)).await.unwrap();
    assert!(store.set_permissions(id, rights(1), after(1)).await.unwrap());
    let known = store.account(id).await.unwrap();
    assert_eq!((known.status, known.permissions), (InvestigatorStatus::Disabled, rights(1)));
    assert_eq!(store.investigator(id).await.unwrap().last_modified, Time::from(after(1)));
    assert_eq!(store.account_of_key(&fingerprint('b')).await.unwrap(), None);
    let nobody = InvestigatorId::new(99);
    assert!(store.account(nobody).await.unwrap_err().is_not_found());
    assert!(store.set_permissions(nobody, rights(1), after(1)).await.unwrap_err().is_not_found());
    assert!(store.set_api_key(nobody, None, after(1)).await.unwrap_err().is_not_found());
}

/// The same key again changes nothing.
pub async fn a_key_makes_one_account(store: &dyn Store) {
    account(store, "Ann", 'a', 63).await;
    let key = Some((fingerprint('a'), "another text".to_owned()));
    let again = NewAccount { name: "Eve".to_owned(), key, permissions: rights(u64::MAX) };
    assert_eq!(store.create_account(&again, after(1)).await.unwrap(), None);
    assert_eq!(store.account_of_key(&fingerprint('a')).await.unwrap().unwrap().name, "Ann");
    let key = store.public_key(&fingerprint('a')).await.unwrap();
    assert_eq!(key.as_deref(), Some("armored key a"));
    assert_eq!(store.public_key(&fingerprint('b')).await.unwrap(), None);
}

/// Who only reads needs no OpenPGP key.
pub async fn accounts_without_a_key_do_not_collide(store: &dyn Store) {
    let new = |name: &str| NewAccount { name: name.to_owned(), key: None, permissions: rights(63) };
    let first = store.create_account(&new("reader"), start()).await.unwrap().unwrap();
    let second = store.create_account(&new("reader"), start()).await.unwrap().unwrap();
    assert_ne!(first, second);
    assert!(store.active_keys().await.unwrap().is_empty());
    let found = store.investigator(first).await.unwrap();
    assert!(found.fingerprint.is_empty() && found.public_key.is_empty());
}

fn api_key(prefix: &str) -> ApiKeyHash {
    ApiKeyHash { prefix: prefix.to_owned(), hash: [7; 32], salt: [8; 16] }
}

/// One row is read, however many there are.
pub async fn an_api_key_is_found_by_its_beginning(store: &dyn Store) {
    let (ann, bob) = (account(store, "Ann", 'a', 63).await, account(store, "Bob", 'b', 63).await);
    store.set_api_key(ann, Some(&api_key("AAAAaaaa")), after(1)).await.unwrap();
    store.set_api_key(bob, Some(&api_key("BBBBbbbb")), after(1)).await.unwrap();
    let found = store.key_holders("AAAAaaaa").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].account.id, &found[0].hash[..], &found[0].salt[..]),
        (ann, &[7; 32][..], &[8; 16][..])
    );
    assert!(store.key_holders("aaaaAAAA").await.unwrap().is_empty());
    assert!(store.key_holders("' OR 1=1").await.unwrap().is_empty());
}

/// A key that is taken away, or whose owner is disabled, is nobody's.
pub async fn an_api_key_goes_with_its_owner(store: &dyn Store) {
    let ann = account(store, "Ann", 'a', 63).await;
    store.set_api_key(ann, Some(&api_key("AAAAaaaa")), after(1)).await.unwrap();
    store.set_investigator_status(ann, InvestigatorStatus::Disabled, after(2)).await.unwrap();
    assert!(store.key_holders("AAAAaaaa").await.unwrap().is_empty());
    store.set_investigator_status(ann, InvestigatorStatus::Active, after(3)).await.unwrap();
    assert_eq!(store.investigator(ann).await.unwrap().api_key, "set");
    assert_eq!(store.key_holders("AAAAaaaa").await.unwrap().len(), 1);
    store.set_api_key(ann, None, after(4)).await.unwrap();
    assert!(store.key_holders("AAAAaaaa").await.unwrap().is_empty());
    assert_eq!(store.investigator(ann).await.unwrap().api_key, "");
}

/// Somebody can always change investigators, if somebody could.
pub async fn the_last_administrator_keeps_the_right(store: &dyn Store) {
    let everything = u64::MAX;
    let (ann, bob) = (account(store, "Ann", 'a', everything).await, account(store, "Bob", 'b', 63).await);
    assert!(!store.set_permissions(ann, rights(63), after(1)).await.unwrap());
    assert_eq!(store.account(ann).await.unwrap().permissions, rights(everything));
    assert!(store.set_permissions(bob, rights(everything), after(1)).await.unwrap());
    store.set_investigator_status(bob, InvestigatorStatus::Disabled, after(2)).await.unwrap();
    assert!(!store.set_permissions(ann, rights(63), after(3)).await.unwrap(), "one who is disabled is none");
    store.set_investigator_status(bob, InvestigatorStatus::Active, after(4)).await.unwrap();
    assert!(store.set_permissions(ann, rights(63), after(5)).await.unwrap());
}

/// But without hashes.
pub async fn an_investigator_is_read_with_key_and_rights(store: &dyn Store) {
    let ann = account(store, "Ann", 'a', 63).await;
    let found = store.investigator(ann).await.unwrap();
    assert_eq!(found.public_key.0, b"armored key a");
    assert_eq!((found.permissions, found.status.as_str()), (rights(63), "active"));
    assert_eq!(found.fingerprint, "A".repeat(40));
}
