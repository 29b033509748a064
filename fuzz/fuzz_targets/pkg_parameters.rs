//! Any parameters of the pkg module, with constraints and advisories: prepared or refused, and what is kept of an advisory
//! reads back as the same advisory.
#![no_main]

use mig_core::{
    json::{self, Value},
    module::Module,
};
use mig_modules::pkg::{PkgModule, osv::Advisory};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(parameters) = json::from_slice::<Value>(text) else { return };
    _ = (PkgModule.prepare(&parameters).is_ok(), PkgModule.unknown_parameter(&parameters));
    for record in parameters.get("osv").and_then(Value::as_list).unwrap_or_default() {
        let Ok(advisory) = Advisory::from_value(record) else { continue };
        let again = json::to_value(&advisory).expect("an advisory can be written");
        assert_eq!(Advisory::from_value(&again).ok(), Some(advisory));
    }
});
