//! Floating-point numbers as Go writes them.

/// Appends the shortest digits that read back as `number`, in Go's layout: exponents only below 1e-6 and from 1e21 on.
/// `number` must be finite.
pub(super) fn write_float(out: &mut String, number: f64) {
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        write_scientific(out, number);
    } else {
        out.push_str(&number.to_string());
    }
}

/// `1.5e-7`, `1e+21`: the exponent always has a sign, and no leading zero.
fn write_scientific(out: &mut String, number: f64) {
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => {
            out.extend([digits, "e+", exponent]);
        }
        _ => out.push_str(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::write_float;

    #[test]
    fn layout_changes_at_the_borders_only() {
        let written = |number| {
            let mut out = String::new();
            write_float(&mut out, number);
            out
        };
        assert_eq!(written(0.0), "0");
        assert_eq!(written(-0.0), "-0");
        assert_eq!(written(0.000_001), "0.000001");
        assert_eq!(written(0.000_000_999_999), "9.99999e-7");
        assert_eq!(written(5e-324), "5e-324");
        assert_eq!(written(1e20), "100000000000000000000");
        assert_eq!(written(999_999_999_999_999_900_000.0), "999999999999999900000");
        assert_eq!(written(1e21), "1e+21");
        assert_eq!(written(-1.5e300), "-1.5e+300");
        assert_eq!(written(18_446_744_073_709_551_615.0), "18446744073709552000");
    }
}
