//! From the text of rules to rules that can run.

use mig_core::module::ParamsError;
use yara_x::{Compiler, Rules, errors::CompileError};

/// Longest text of rules, in bytes.
pub(super) const MAX_RULES_BYTES: usize = 16 << 20;

/// The name space of the original.
const NAME_SPACE: &str = "default";

/// Matches of all patterns of a scan that are kept, unless there are so many patterns that [`MIN_MATCHES`] is more.
const MAX_MATCHES: usize = 1_000_000;
/// Matches of one pattern that are kept at least: conditions may count them.
const MIN_MATCHES: usize = 1_000;

/// Compiles the text of rules. Files can not be included.
///
/// # Errors
/// The first fault, with its line and column.
pub(super) fn compile(text: &str) -> Result<Rules, ParamsError> {
    if text.is_empty() {
        return Err(ParamsError::new("yara rules are a required option"));
    }
    if text.len() > MAX_RULES_BYTES {
        return Err(ParamsError::new(format!(
            "yara rules of {} bytes are too long, {MAX_RULES_BYTES} are allowed",
            text.len()
        )));
    }
    let mut compiler = Compiler::new();
    compiler.enable_includes(false).new_namespace(NAME_SPACE);
    compiler.add_source(text).map_err(|error| fault(text, &error))?;
    let rules = compiler.build();
    match rules.iter().next() {
        Some(_) => Ok(rules),
        None => Err(ParamsError::new("yara rules: there is no rule in the text")),
    }
}

/// How many matches of one pattern a scan keeps, so that many patterns that match everywhere do not take all memory.
pub(super) fn matches_of_a_pattern(rules: &Rules) -> usize {
    let patterns: usize = rules.iter().map(|rule| rule.patterns().include_private(true).count()).sum();
    (MAX_MATCHES / patterns.max(1)).max(MIN_MATCHES)
}

/// The error in one line.
fn fault(text: &str, error: &CompileError) -> ParamsError {
    let mut labels = error.labels();
    let Some(label) = labels.next() else {
        return ParamsError::new(format!("yara rules: {}", error.title()));
    };
    let (line, column) = place(text, label.span().start());
    let detail = if label.text().is_empty() { String::new() } else { format!(": {}", label.text()) };
    ParamsError {
        reason: format!("yara rules: {}{detail}", error.title()),
        place: Some(format!("line {line}, column {column}")),
    }
}

/// Line and column of an offset, both from 1; columns count characters.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", compile(text).expect_err("rules with a fault"))
    }

    #[test]
    fn a_fault_has_a_place_and_one_line() {
        assert_eq!(error(""), "yara rules are a required option");
        let syntax = error("rule a {\n  strings:\n    $\u{e9} = \"x\"\n  condition:\n    $b\n}");
        assert!(syntax.starts_with("line 3, column 6: yara rules: syntax error: "), "{syntax}");
        let unknown = error("rule a {\n  condition:\n    /* \u{e9} */ b\n}");
        assert!(unknown.starts_with("line 3, column 13: yara rules: unknown identifier"), "{unknown}");
        assert!(error("rule a { condition: true } rule a { condition: true }").contains("duplicate rule"));
        assert_eq!(error("// rule a"), "yara rules: there is no rule in the text");
        assert!(error("rule").lines().count() == 1);
        assert!(error(&" ".repeat(MAX_RULES_BYTES + 1)).contains("too long"));
    }

    #[test]
    fn nothing_is_included() {
        let error = error("include \"/etc/passwd\"");
        assert!(!error.contains("root") && error.contains("include"), "{error}");
    }

    #[test]
    fn few_patterns_may_match_more_often_than_many() {
        let rules = compile("rule a { strings: $a = \"x\" $b = \"y\" condition: any of them }").unwrap();
        assert_eq!(matches_of_a_pattern(&rules), MAX_MATCHES / 2);
        let strings: String = (0..2_000).map(|number| format!("$a{number} = \"x{number}\" ")).collect();
        let rules = compile(&format!("rule a {{ strings: {strings} condition: any of them }}")).unwrap();
        assert_eq!(matches_of_a_pattern(&rules), MIN_MATCHES);
    }
}
