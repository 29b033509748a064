//! Several stores on one database, as schedulers on several machines.

use super::cluster::cluster;
use mig_core::{
    id::{ActionId, CommandId},
    scheduler::flow::{ActionStatus, AnswerStatus, CommandStatus, Reception},
    store::{
        ActionStore as _, AgentStore as _, CommandFilter, CommandQuery, CommandStore as _, Handover,
        NewCommand, OwnerId, Store as _,
    },
    testing::store_contract::{VALID_SECONDS, after, agent, answer, bring_online, lease, new_action, start},
};
use mig_store::postgres::PostgresStore;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Opens one database several times.
async fn stores<const N: usize>() -> Option<[Arc<PostgresStore>; N]> {
    let cluster = cluster()?;
    let url = cluster.url(&cluster.new_database().await);
    let mut stores = Vec::new();
    for _ in 0..N {
        stores.push(Arc::new(PostgresStore::open(&url).await.unwrap()));
    }
    stores.try_into().ok()
}

#[tokio::test]
async fn stores_on_one_database_share_claims_and_news() {
    let Some([first, second]) = stores().await else { return };
    let seen = second.revision();
    first.insert_action(&new_action(1), Some(&lease("first", start()))).await.unwrap();
    let news = tokio::time::timeout(Duration::from_secs(10), second.changed(seen)).await;
    assert!(news.unwrap().unwrap() > seen);
    assert!(second.claim_actions(&lease("second", start()), start(), 1).await.unwrap().is_empty());
    assert_eq!(first.claim_actions(&lease("first", start()), start(), 1).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_process_that_many_hear_of_at_once_gets_one_row() {
    let Some(stores) = stores::<4>().await else { return };
    let beats: Vec<_> = (0..50).map(|pid| agent(&format!("agent {}", pid % 10), pid)).collect();
    let recording = stores.iter().cloned().map(|store| {
        let beats = beats.clone();
        tokio::spawn(async move { store.record_heartbeats(&beats, start()).await.unwrap() })
    });
    for recorded in recording.collect::<Vec<_>>() {
        recorded.await.unwrap();
    }
    assert_eq!(stores[0].agents(None, 1000).await.unwrap().len(), 50);
}

const ACTIONS: u64 = 30;
const AGENTS: usize = 20;

/// Launches what it can claim, hands over what it can claim, and tells what it had in hand.
async fn schedule(store: Arc<PostgresStore>, name: String) -> (Vec<ActionId>, Vec<CommandId>) {
    let (lease, owner) = (lease(&name, start()), OwnerId(name.clone()));
    let agents: Vec<_> = store.agents(None, 1000).await.unwrap().into_iter().map(|agent| agent.id).collect();
    let (mut actions, mut commands) = (Vec::new(), Vec::new());
    let mut idle = 0;
    while idle < 3 {
        let claimed = store.claim_actions(&lease, start(), 3).await.unwrap();
        for stored in &claimed {
            let ids = (1000 * stored.action.id.get() + 1..).map(CommandId::new);
            let new: Vec<_> = ids.zip(&agents).map(|(id, agent)| NewCommand { id, agent: *agent }).collect();
            assert!(store.launch_action(stored.action.id, &owner, &new, start()).await.unwrap());
            actions.push(stored.action.id);
        }
        let taken = store.claim_commands(&lease, start(), 50).await.unwrap();
        let ids: Vec<_> = taken.iter().map(|command| command.id).collect();
        store.hand_over(&ids, &owner, Handover::Durable, start()).await.unwrap();
        idle = if claimed.is_empty() && ids.is_empty() { idle + 1 } else { 0 };
        commands.extend(ids);
    }
    (actions, commands)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedulers_share_the_work_without_overlap() {
    let Some(stores) = stores::<4>().await else { return };
    let names: Vec<_> = (0..AGENTS).map(|agent| format!("agent {agent}")).collect();
    bring_online(&*stores[0], &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for id in 1..=ACTIONS {
        stores[0].insert_action(&new_action(id), None).await.unwrap();
    }
    let schedulers: Vec<_> = (0..)
        .zip(&stores)
        .map(|(number, store)| tokio::spawn(schedule(Arc::clone(store), format!("scheduler {number}"))))
        .collect();
    let (mut actions, mut commands) = (Vec::new(), Vec::new());
    for scheduler in schedulers {
        let (launched, handed_over) = scheduler.await.unwrap();
        actions.extend(launched);
        commands.extend(handed_over);
    }
    assert_eq!(actions.iter().collect::<BTreeSet<_>>().len(), actions.len(), "no action twice");
    assert_eq!(commands.iter().collect::<BTreeSet<_>>().len(), commands.len(), "no command twice");
    assert_eq!(actions.len() as u64, ACTIONS);
    assert_eq!(commands.len() as u64, ACTIONS * AGENTS as u64);
}

/// Everybody answers everything in an order of his own while others cancel and let expire: nobody waits in a circle, and
/// each command ends once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_cancellations_and_expiry_at_once_lose_nothing() {
    let Some(stores) = stores::<4>().await else { return };
    let names: Vec<_> = (0..AGENTS).map(|agent| format!("agent {agent}")).collect();
    bring_online(&*stores[0], &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for id in 1..=ACTIONS {
        stores[0].insert_action(&new_action(id), None).await.unwrap();
    }
    let (_, commands) = schedule(Arc::clone(&stores[0]), "only".to_owned()).await;
    let answering = (0..).zip(&stores).map(|(number, store)| {
        let (store, mut commands) = (Arc::clone(store), commands.clone());
        commands.sort_by_key(|id| id.get().wrapping_mul(0x9e37_79b9 + 2 * number));
        tokio::spawn(async move {
            let mut accepted = 0;
            for batch in commands.chunks(37) {
                let answers: Vec<_> =
                    batch.iter().map(|id| answer(id.get(), AnswerStatus::Success, true)).collect();
                let receptions = store.record_answers(&answers, start()).await.unwrap();
                accepted += receptions.iter().filter(|reception| **reception != Reception::Repeated).count();
            }
            accepted
        })
    });
    let answering: Vec<_> = answering.collect();
    let canceller = Arc::clone(&stores[1]);
    let cancelling = tokio::spawn(async move {
        for id in 1..=ACTIONS / 3 {
            canceller.cancel_action(ActionId::new(id), start()).await.unwrap();
        }
    });
    let end = after(VALID_SECONDS + 1);
    while stores[2].expire_commands(end, end, 25).await.unwrap() > 0 {}
    cancelling.await.unwrap();
    let mut kept = 0;
    for answered in answering {
        kept += answered.await.unwrap();
    }
    assert_eq!(kept, commands.len(), "each command has one answer, in time or late");
    let mut rows = 0;
    for id in (1..=ACTIONS).map(ActionId::new) {
        let stored = stores[3].action(id).await.unwrap();
        assert!(matches!(stored.status, ActionStatus::Completed | ActionStatus::Cancelled), "{stored:?}");
        let query = CommandQuery { action: id, filter: CommandFilter::All, after: None, limit: 1000 };
        let commands = stores[3].commands(&query).await.unwrap();
        assert!(commands.iter().all(|command| command.results.len() == 2));
        assert!(commands.iter().all(|command| command.status != CommandStatus::Sent));
        assert_eq!(stored.action.counters.done, stored.action.counters.sent);
        rows += commands.len();
    }
    assert_eq!(rows, commands.len());
}
