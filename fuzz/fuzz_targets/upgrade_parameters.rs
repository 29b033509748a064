//! Any parameters of the upgrade module: prepared or refused.
#![no_main]

use mig_core::{
    json::{self, Value},
    module::Module,
};
use mig_modules::upgrade::UpgradeModule;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(parameters) = json::from_slice::<Value>(text) else { return };
    let module = UpgradeModule::BUILT_IN;
    _ = (module.prepare(&parameters).is_ok(), module.unknown_parameter(&parameters));
});
