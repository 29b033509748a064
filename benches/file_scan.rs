//! The file module on a tree of 16 MiB.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mig_benches::tree;
use mig_core::{
    agent::{Budget, worker},
    json::{self, Value},
};
use mig_modules::file::FileModule;

fn scan(criterion: &mut Criterion) {
    let place = tempfile::tempdir().expect("a temporary folder");
    tree(place.path(), 16, 16, 64 << 10).expect("a tree");
    let mut group = criterion.benchmark_group("file_scan");
    group.throughput(Throughput::Bytes(16 << 20)).sample_size(20);
    let digest = "0".repeat(64);
    let many: Vec<String> = (0..500).map(|index| format!("\"word{index}[a-f]+zq\"")).collect();
    for (name, filter) in [
        ("names", r#""names":["nothing"]"#.to_owned()),
        ("content_literal", r#""contents":["zqxjkv_nothing"]"#.to_owned()),
        ("content_regex", r#""contents":["(foo|bar)[0-9]{9}zq"]"#.to_owned()),
        ("content_500_regexes", format!("\"contents\":[{}]", many.join(","))),
        ("sha256", format!("\"sha2\":[\"{digest}\"]")),
    ] {
        let parameters: Value = json::from_str(&format!(
            r#"{{"searches":{{"s":{{"paths":["{}"],{filter},"options":{{"matchall":false}}}}}}}}"#,
            place.path().display()
        ))
        .expect("JSON");
        let run = || worker::run_module(&FileModule, &parameters, Budget::default());
        let result = run();
        assert!(result.success && !result.found_anything, "{result:?}");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(run));
    }
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
