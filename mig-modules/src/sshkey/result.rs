//! What the module answers, for people.

use super::wire::{Element, Elements};
use crate::results::MASK;
use mig_core::{
    command::ModuleResult,
    json::{self, Value},
};

/// Lines for people.
pub(super) fn print(result: &ModuleResult, found_only: bool) -> Vec<String> {
    let mut lines: Vec<String> = keys(result).iter().map(line).collect();
    if !found_only {
        lines.extend(result.errors.iter().flatten().cloned());
    }
    lines
}

fn line(key: &Element) -> String {
    let Element { path, kind, encrypted, .. } = key;
    let encrypted = if kind == "private" { format!(" encrypted={encrypted}") } else { String::new() };
    let known = |fingerprint: &str| if fingerprint.is_empty() { "unknown" } else { fingerprint }.to_owned();
    format!("{path} [{kind}]{encrypted} md5fp={} sha256fp={}", known(&key.md5), known(&key.sha256))
}

/// What [`rows`] are made of.
pub(super) const COLUMNS: [&str; 5] = ["type", "encrypted", "md5", "sha256", "file"];

/// One row for each key.
pub(super) fn rows(result: &ModuleResult) -> Vec<[String; 5]> {
    let row = |key: Element| [key.kind, key.encrypted.to_string(), key.md5, key.sha256, key.path];
    keys(result).into_iter().map(row).collect()
}

/// Hides where keys are: their paths, and errors, which name files.
pub(super) fn mask(result: &ModuleResult) -> ModuleResult {
    let mut masked = result.clone();
    if masked.elements != Value::Null {
        let mut elements: Elements = json::from_value(&masked.elements).unwrap_or_default();
        elements.keys.iter_mut().flatten().for_each(|key| key.path = MASK.to_owned());
        masked.elements = json::to_value(&elements).unwrap_or_default();
    }
    masked.errors.iter_mut().flatten().for_each(|error| *error = MASK.to_owned());
    masked
}

/// Results of other versions and of failed runs may lack anything: then there are none.
fn keys(result: &ModuleResult) -> Vec<Element> {
    match &result.elements {
        Value::Null => Vec::new(),
        elements => json::from_value::<Elements>(elements).unwrap_or_default().keys.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(elements: &str) -> ModuleResult {
        ModuleResult {
            found_anything: true,
            elements: json::from_slice(elements.as_bytes()).unwrap(),
            errors: Some(vec!["open /secret: permission denied".to_owned()]),
            ..ModuleResult::default()
        }
    }

    #[test]
    fn missing_data_are_printed_as_unknown_or_nothing() {
        assert!(print(&ModuleResult::default(), false).is_empty());
        assert!(print(&result(r#"{"keys":null}"#), true).is_empty());
        assert!(print(&result(r#"["another","shape"]"#), true).is_empty());
        let found = result(r#"{"keys":[{"path":"/k","type":"private","encrypted":true}]}"#);
        assert_eq!(print(&found, true), ["/k [private] encrypted=true md5fp=unknown sha256fp=unknown"]);
        assert_eq!(print(&found, false).len(), 2);
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        let found = result(r#"{"keys":[{"path":"/k","type":"public","fingerprint_md5":"00"}]}"#);
        assert_eq!(rows(&found), [["public", "false", "00", "", "/k"]]);
    }

    #[test]
    fn a_mask_hides_paths_and_errors_and_keeps_fingerprints() {
        let masked = mask(&result(r#"{"keys":[{"path":"/secret","fingerprint_md5":"00:11"}]}"#));
        let text = json::to_string(&masked).unwrap();
        assert!(!text.contains("secret") && text.contains("00:11"), "{text}");
        assert_eq!(mask(&ModuleResult::default()), ModuleResult::default());
    }
}
