//! Numbers as Go lays them out.

use std::fmt::Write;

/// Writes a finite number with the shortest digits that read back to it: plain decimal, or with an exponent below 1e-6
/// and from 1e21 on. A number that is not finite is written as nothing; writers refuse it before.
pub fn write_float(number: f64, out: &mut String) {
    let size = number.abs();
    if !number.is_finite() {
        return;
    }
    let exponential = size != 0.0 && !(1e-6..1e21).contains(&size);
    // Writing to a string can not fail.
    let written = if !exponential {
        write!(out, "{number}")
    } else {
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => write!(out, "{digits}e+{exponent}"),
            _ => write!(out, "{text}"),
        }
    };
    debug_assert!(written.is_ok());
}

/// Reads a number that the grammar has accepted; `None` if it is too large for a 64-bit float.
pub(super) fn read_float(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}
