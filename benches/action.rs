//! What an agent does with an action before it runs.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mig_benches::signed_action;
use mig_core::{
    acl::Acl, action::Action, agent::Policy, agent_info::AgentInfo, json, sign::KeyAlgorithm, time::Time,
};
use std::hint::black_box;

fn verify(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("action/verify_ed25519");
    for keys in [1, 50, 1000] {
        let (action, keyring) = signed_action(KeyAlgorithm::Ed25519, keys).expect("a signed action");
        let policy = Policy { only_verify_keys: true, ..Policy::new(keyring, Acl::default()) };
        let me = AgentInfo::default();
        assert!(policy.verify(action.clone(), &me, Time::now()).is_ok());
        group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
            bencher.iter(|| policy.verify(black_box(action.clone()), &me, Time::now()).is_ok());
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("action/verify_rsa2048");
    for keys in [1, 50] {
        let (action, keyring) =
            signed_action(KeyAlgorithm::Rsa { bits: 2048 }, keys).expect("a signed action");
        let policy = Policy { only_verify_keys: true, ..Policy::new(keyring, Acl::default()) };
        let me = AgentInfo::default();
        group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
            bencher.iter(|| policy.verify(black_box(action.clone()), &me, Time::now()).is_ok());
        });
    }
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let (action, _) = signed_action(KeyAlgorithm::Ed25519, 1).expect("a signed action");
    let text = json::to_string(&action).expect("JSON");
    assert_eq!(json::from_str::<Action>(&text).expect("an action"), action);
    criterion.bench_function("action/decode", |bencher| {
        bencher.iter(|| json::from_str::<Action>(black_box(&text)).is_ok());
    });
}

criterion_group!(benches, verify, decode);
criterion_main!(benches);
