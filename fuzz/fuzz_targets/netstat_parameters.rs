//! Any parameters of the netstat module: prepared or refused.
#![no_main]

use mig_core::{
    json::{self, Value},
    module::Module,
};
use mig_modules::netstat::NetstatModule;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(parameters) = json::from_slice::<Value>(text) else { return };
    _ = (NetstatModule.prepare(&parameters).is_ok(), NetstatModule.unknown_parameter(&parameters));
});
