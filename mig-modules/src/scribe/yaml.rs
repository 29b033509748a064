//! Policies written in YAML, as the JSON that they stand for.
//!
//! All fields of a policy are texts but a few switches, so a scalar is the text as it stands there: `value: 1.10` is "1.10".

use mig_core::json::{Map, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use std::collections::HashMap;

/// Deepest nesting.
const MAX_DEPTH: usize = 32;

/// Most members and elements, those that aliases repeat included.
const MAX_VALUES: usize = 1 << 20;

/// The fields that are no texts.
const SWITCHES: [&str; 3] = ["onlynewest", "expectedresult", "expecterror"];

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// It is no YAML.
    #[error("yaml: {0}")]
    Syntax(#[from] ScanError),
    /// It is nested too deep.
    #[error("yaml: nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// It is too large, perhaps by aliases of aliases.
    #[error("yaml: more than {MAX_VALUES} values")]
    TooLarge,
    /// A key that is no text.
    #[error("yaml: a key is no text")]
    Key,
    /// A key that stands there twice.
    #[error("yaml: key \"{0}\" is repeated")]
    RepeatedKey(String),
    /// Something else than true or false.
    #[error("yaml: {field}: \"{value}\" is neither true nor false")]
    Switch {
        /// The field.
        field: String,
        /// What stands there.
        value: String,
    },
    /// An alias for what stands nowhere before.
    #[error("yaml: an alias for nothing")]
    Alias,
    /// Several documents in one text.
    #[error("yaml: more than one document")]
    SecondDocument,
}

/// Reads the one document of a text; nothing is `null`.
pub(super) fn read(text: &str) -> Result<Value, YamlError> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        builder.take(event?.0)?;
    }
    Ok(builder.root.unwrap_or_default())
}

#[derive(Default)]
struct Builder {
    root: Option<Value>,
    /// Lists and objects that are not complete, the innermost last.
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    values: usize,
}

struct Open {
    /// 0 if it has none.
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Value>),
    Map(Map, Option<String>),
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = self.scalar(&text, style)?;
                self.put(value, anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(Items::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.begin(Items::Map(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or(YamlError::Alias)?;
                self.count(size(&value))?;
                self.put(value, 0)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle) -> Result<Value, YamlError> {
        let field = match self.open.last() {
            Some(Open { items: Items::Map(_, Some(key)), .. }) => key.as_str(),
            // A key.
            Some(Open { items: Items::Map(_, None), .. }) => return Ok(text.into()),
            _ => "",
        };
        let is_plain = style == ScalarStyle::Plain;
        match text {
            "" | "~" | "null" | "Null" | "NULL" if is_plain => Ok(Value::Null),
            text if !SWITCHES.contains(&field) => Ok(text.into()),
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(true.into()),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(false.into()),
            value => Err(YamlError::Switch { field: field.to_owned(), value: value.to_owned() }),
        }
    }

    fn begin(&mut self, items: Items, anchor: usize) -> Result<(), YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(YamlError::TooDeep);
        }
        self.open.push(Open { anchor, items });
        Ok(())
    }

    fn end(&mut self) -> Result<(), YamlError> {
        match self.open.pop() {
            Some(Open { anchor, items: Items::List(items) }) => self.put(Value::List(items), anchor),
            Some(Open { anchor, items: Items::Map(map, _) }) => self.put(Value::Map(map), anchor),
            None => Ok(()),
        }
    }

    /// Adds a complete value to what is open.
    fn put(&mut self, value: Value, anchor: usize) -> Result<(), YamlError> {
        self.count(1)?;
        if anchor > 0 {
            self.count(size(&value))?;
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None if self.root.is_some() => return Err(YamlError::SecondDocument),
            None => self.root = Some(value),
            Some(Items::List(items)) => items.push(value),
            Some(Items::Map(map, key)) => match (key.take(), value) {
                (Some(key), value) => {
                    map.insert(key, value);
                }
                (None, Value::String(name)) if map.contains_key(&name) => {
                    return Err(YamlError::RepeatedKey(name));
                }
                (None, Value::String(name)) => *key = Some(name),
                (None, _) => return Err(YamlError::Key),
            },
        }
        Ok(())
    }

    fn count(&mut self, values: usize) -> Result<(), YamlError> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES { Err(YamlError::TooLarge) } else { Ok(()) }
    }
}

/// The number of values in a value, itself included.
fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(size).sum::<usize>() + 1,
        Value::Map(fields) => fields.values().map(size).sum::<usize>() + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;
    use proptest::prelude::*;

    fn json_of(text: &str) -> String {
        json::to_string(&read(text).unwrap()).unwrap()
    }

    #[test]
    fn scalars_are_texts_as_they_stand_there() {
        assert_eq!(
            json_of("a: 1.10\nb: [yes, 0x10, \"~\", ~]\nc: |\n  x\n  y\nd:\n"),
            r#"{"a":"1.10","b":["yes","0x10","~",null],"c":"x\ny\n","d":null}"#
        );
        assert_eq!(
            json_of("onlynewest: yes\nexpecterror: false"),
            r#"{"expecterror":false,"onlynewest":true}"#
        );
        assert_eq!(json_of("# nothing"), "null");
    }

    #[test]
    fn anchors_are_repeated_where_their_aliases_stand() {
        assert_eq!(json_of("a: &x {k: v}\nb: [*x, *x]"), r#"{"a":{"k":"v"},"b":[{"k":"v"},{"k":"v"}]}"#);
    }

    #[test]
    fn aliases_of_aliases_are_stopped() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let lower = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{lower}]\n"));
        }
        assert_eq!(read(&text), Err(YamlError::TooLarge));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        assert_eq!(read("a: 1\na: 2"), Err(YamlError::RepeatedKey("a".into())));
        assert_eq!(read("? [a]\n: b"), Err(YamlError::Key));
        assert_eq!(read("--- a\n--- b"), Err(YamlError::SecondDocument));
        assert_eq!(read(&"[".repeat(100)), Err(YamlError::TooDeep));
        let switch = YamlError::Switch { field: "onlynewest".into(), value: "maybe".into() };
        assert_eq!(read("onlynewest: maybe"), Err(switch));
        assert!(matches!(read("a: [1"), Err(YamlError::Syntax(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_is_read_or_refused(text in "([a-b&*?:\\-|>~!%\"'\\[\\]{},# \n]|\\PC){0,40}") {
            _ = read(&text);
        }
    }
}
