//! The Go-compatible JSON reader and writer.
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A free JSON value as the original holds it: every number is a 64-bit float, keys are sorted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// Text, always valid UTF-8.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// An object, keys in the order of their UTF-8 bytes.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// True for `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// What is wrong with a document, and where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// Reads one JSON document by Go's rules.
///
/// # Errors
/// If the text is not one JSON value, or does not fit the type.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(text).map_err(|error| Error(error.to_string()))
}

/// Decodes a free value into a type by Go's rules.
///
/// # Errors
/// If the value does not fit the type.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    from_slice(to_string(value)?.as_bytes())
}

/// Writes a value as Go writes it.
///
/// # Errors
/// If the value can not be JSON (a number that is not finite, a year outside 0 to 9999).
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error(error.to_string()))
}

/// Like [`to_string`], indented by two spaces, for people.
///
/// # Errors
/// As [`to_string`].
pub fn to_string_pretty<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map_err(|error| Error(error.to_string()))
}

/// Turns any document into a free value: what a reader of the written text would hold.
///
/// # Errors
/// As [`to_string`].
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    from_slice(to_string(value)?.as_bytes())
}
