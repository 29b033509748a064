//! The memory module on 1 GiB of memory: this process looks at its own.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mig_core::{
    agent::{Budget, worker},
    json::{self, Value},
};
use mig_modules::memory::MemoryModule;
use std::{env, hint::black_box};

const BYTES: usize = 1 << 30;

fn scan(criterion: &mut Criterion) {
    let memory = text();
    let address = memory.as_ptr().addr();
    let program = env::current_exe().expect("this program");
    let name = program.file_name().and_then(|name| name.to_str()).expect("a name");
    let mut group = criterion.benchmark_group("memory_scan");
    group.throughput(Throughput::Bytes(BYTES as u64)).sample_size(10);
    let many: Vec<String> = (0..100).map(|number| format!("\"word{number}[a-f]+zq\"")).collect();
    for (kind, filter) in [
        ("names", String::new()),
        ("bytes", r#","bytes":["7a71786a6b765f6e6f7468696e67"]"#.to_owned()),
        ("literal", r#","contents":["zqxjkv_nothing"]"#.to_owned()),
        ("alternation", r#","contents":["alpha-zq|bravo-zq|charlie-zq|delta-zq|echo-zq"]"#.to_owned()),
        ("negated_class", r#","contents":["zqpassword=[^&]+&"]"#.to_owned()),
        ("100_regexes", format!(",\"contents\":[{}]", many.join(","))),
    ] {
        let parameters: Value = json::from_str(&format!(
            r#"{{"searches":{{"s":{{"names":["{name}$"]{filter},
                "options":{{"matchall":false,"includeself":true,"offset":{address},"maxlength":{BYTES}}}}}}}}}"#
        ))
        .expect("JSON");
        let run = || worker::run_module(&MemoryModule, &parameters, Budget::default());
        let result = run();
        let read = result.statistics.get("memoryread").and_then(|read| json::from_value::<f64>(read).ok());
        let is_read = read.is_some_and(|read| read >= BYTES as f64);
        assert!(result.success && (is_read || filter.is_empty()), "{result:?}");
        group.bench_function(BenchmarkId::from_parameter(kind), |bencher| bencher.iter(run));
    }
    group.finish();
    black_box(memory);
}

/// Lines of words, and some bytes that are no text.
fn text() -> Vec<u8> {
    let mut state = 1_u32;
    let mut memory = Vec::with_capacity(BYTES);
    while memory.len() < BYTES {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let letter = match state >> 24 {
            0..=40 => b' ',
            41..=44 => b'\n',
            45..=50 => 0xff,
            other => b'a' + (other % 26) as u8,
        };
        memory.push(letter);
    }
    memory
}

criterion_group!(benches, scan);
criterion_main!(benches);
