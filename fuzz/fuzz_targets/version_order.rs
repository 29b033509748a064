//! Any two texts by the rules of all kinds of packages: an error, or an order that turns round with its sides.
#![no_main]

use mig_modules::version::{Constraint, Scheme, evr};

const SCHEMES: [Scheme; 8] = [
    Scheme::Dpkg,
    Scheme::Rpm,
    Scheme::Apk,
    Scheme::Pacman,
    Scheme::Semantic,
    Scheme::Go,
    Scheme::Python,
    Scheme::Gem,
];

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (left, right) = text.split_once('\n').unwrap_or((text, ""));
    for scheme in SCHEMES {
        let order = scheme.compare(left, right).ok();
        assert_eq!(scheme.compare(right, left).ok(), order.map(std::cmp::Ordering::reverse), "{scheme:?}");
        if let Ok(constraint) = Constraint::parse(right) {
            _ = constraint.holds(scheme, left);
        }
    }
    _ = evr::compare(left, right);
});
