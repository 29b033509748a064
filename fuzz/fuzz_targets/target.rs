//! Any target: the canonical text of what is read reads back as the same target.
#![no_main]

use mig_core::{agent_info::AgentInfo, target::Target, time::Time};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(target) = Target::parse(text) else { return };
    _ = target.evaluate(&AgentInfo::default(), Time::ZERO);
    assert_eq!(Target::parse(&target.to_string()), Ok(target));
});
