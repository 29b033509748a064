//! Variables of a policy.

use crate::scribe::wire::Variable;

/// The variable that holds the directory of the file whose chain is followed.
const CHAIN_ROOT: &str = "chain_root";

/// Longest text after its variables were replaced, in bytes: variables may name each other, and grow.
const MAX_EXPANDED_BYTES: usize = 64 << 10;

/// A text grows too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("variable \"{0}\" makes a text longer than {MAX_EXPANDED_BYTES} bytes")]
pub(super) struct ExpandError<'v>(&'v str);

/// Replaces each `${key}`, variable by variable, so that a value may hold later ones. `chain_root`, if there is one, counts in place
/// of the policy's own, else as the last.
pub(super) fn expand<'v>(
    text: &str,
    variables: &'v [Variable],
    chain_root: Option<&'v str>,
) -> Result<String, ExpandError<'v>> {
    let mut text = text.to_owned();
    let mut chain_root = chain_root;
    for Variable { key, value } in variables {
        if !text.contains("${") {
            return Ok(text);
        }
        let is_chain_root = key == CHAIN_ROOT;
        let value = if is_chain_root { chain_root.take().unwrap_or(value) } else { value };
        text = replace(&text, key, value)?;
    }
    chain_root.map_or(Ok(text.clone()), |directory| replace(&text, CHAIN_ROOT, directory))
}

fn replace<'v>(text: &str, key: &'v str, value: &str) -> Result<String, ExpandError<'v>> {
    let name = format!("${{{key}}}");
    let growth = text.matches(&name).count().saturating_mul(value.len());
    if text.len().saturating_add(growth) > MAX_EXPANDED_BYTES {
        return Err(ExpandError(key));
    }
    Ok(text.replace(&name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<Variable> {
        pairs.iter().map(|(key, value)| Variable { key: (*key).into(), value: (*value).into() }).collect()
    }

    #[test]
    fn values_may_hold_later_variables_only() {
        let variables = variables(&[("a", "${b}/x"), ("b", "/b/${a}")]);
        assert_eq!(expand("${a}", &variables, None).unwrap(), "/b/${a}/x");
        assert_eq!(expand("$a ${c}", &variables, None).unwrap(), "$a ${c}");
    }

    #[test]
    fn keys_are_no_expressions() {
        let variables = variables(&[("a.c", "1"), ("(", "2")]);
        assert_eq!(expand("${abc}${a.c}${(}", &variables, None).unwrap(), "${abc}12");
    }

    #[test]
    fn the_root_of_a_chain_replaces_a_variable_of_its_name() {
        let own = variables(&[("chain_root", "/own"), ("later", "${chain_root}")]);
        assert_eq!(expand("${chain_root}x", &own, Some("/d/")).unwrap(), "/d/x");
        assert_eq!(expand("${chain_root}x", &own, None).unwrap(), "/ownx");
        let other = variables(&[("v", "${chain_root}f")]);
        assert_eq!(expand("${v}", &other, Some("/d/")).unwrap(), "/d/f");
    }

    #[test]
    fn variables_that_double_each_other_are_stopped() {
        let pairs: Vec<(String, String)> =
            (0..64).map(|number| (format!("v{number}"), format!("${{v{0}}}${{v{0}}}", number + 1))).collect();
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let variables = variables(&pairs);
        let error = expand("${v0}", &variables, None).unwrap_err().to_string();
        assert!(error.contains("longer than 65536 bytes"), "{error}");
    }
}
