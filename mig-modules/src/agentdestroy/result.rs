//! Lines for people.

use mig_core::{command::ModuleResult, json::Value};

pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match &result.elements {
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => lines.push(text.clone()),
        Value::Null => {}
        _ => lines.push("[error] failed to retrieve status message from results".to_owned()),
    }
    if !found_only {
        lines.extend(result.errors.iter().flatten().map(|error| format!("[error] {error}")));
        let outcome = if result.success { "succeeded" } else { "failed" };
        lines.push(format!("agentdestroy module has {outcome}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_printed_as_the_original_does() {
        let mut result = ModuleResult { elements: "killed".into(), success: true, ..ModuleResult::default() };
        assert_eq!(print(&result, true), ["killed"]);
        result.errors = Some(vec!["e".to_owned()]);
        assert_eq!(print(&result, false), ["killed", "[error] e", "agentdestroy module has succeeded"]);
        result.elements = Value::from(1.0);
        assert_eq!(print(&result, true), ["[error] failed to retrieve status message from results"]);
        assert_eq!(print(&ModuleResult::default(), false), ["agentdestroy module has failed"]);
    }
}
