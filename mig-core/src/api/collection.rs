//! Answers of the API: Collection+JSON 1.0, with the fields and omission rules of the original.

use crate::json::Value;
use serde::{Deserialize, Serialize};

/// An answer. `V` is what values are: documents for who writes them, anything for who reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource<V = Value> {
    /// The answer itself.
    pub collection: Collection<V>,
}

/// The inside of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "V: Deserialize<'de>"))]
pub struct Collection<V = Value> {
    /// `1.0`.
    pub version: String,
    /// The URL that was asked for.
    pub href: String,
    /// Where else to look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item<V>>,
    /// What else can be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<Query>,
    /// What can be sent; always written.
    pub template: Template,
    /// What went wrong; always written, `{}` if nothing did.
    pub error: ErrorBody,
}

impl<V> Collection<V> {
    /// An empty answer to a request for a URL.
    #[must_use]
    pub fn new(href: impl Into<String>) -> Self {
        Self {
            version: "1.0".to_owned(),
            href: href.into(),
            links: Vec::new(),
            items: Vec::new(),
            queries: Vec::new(),
            template: Template::default(),
            error: ErrorBody::default(),
        }
    }
}

impl<V> Default for Collection<V> {
    fn default() -> Self {
        Self::new("")
    }
}

/// One thing that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "V: Deserialize<'de>"))]
pub struct Item<V = Value> {
    /// Its URL.
    pub href: String,
    /// Named values.
    pub data: Vec<Datum<V>>,
    /// Where else to look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

impl<V> Default for Item<V> {
    fn default() -> Self {
        Self { href: String::new(), data: Vec::new(), links: Vec::new() }
    }
}

impl<V> Item<V> {
    /// An item with one value.
    #[must_use]
    pub fn new(href: impl Into<String>, name: impl Into<String>, value: V) -> Self {
        Self { href: href.into(), data: vec![Datum::new(name, value)], links: Vec::new() }
    }
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "V: Deserialize<'de>"))]
pub struct Datum<V = Value> {
    /// Such as `action` or `search parameters`.
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// The value; a list that is `null` is written as such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<V>,
}

impl<V> Default for Datum<V> {
    fn default() -> Self {
        Self { name: String::new(), prompt: String::new(), value: None }
    }
}

impl<V> Datum<V> {
    /// A named value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: V) -> Self {
        Self { name: name.into(), prompt: String::new(), value: Some(value) }
    }
}

/// Where else to look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// What it is to this one.
    pub rel: String,
    /// Its URL.
    pub href: String,
    /// For programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How to show it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub render: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
}

/// What else can be asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// What it is for.
    pub rel: String,
    /// Its URL.
    pub href: String,
    /// For programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// Its parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Datum>,
}

/// What can be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// Its fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Datum>,
}

/// What went wrong; empty if nothing did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    /// A kind, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The number of the request in the server's log.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn answers_have_the_bytes_of_the_original() {
        let mut collection = Collection::new("http://127.0.0.1:12664/api/v1/heartbeat");
        collection.items.push(Item::new("/api/v1/heartbeat", "heartbeat", Value::from("gatorz say hi")));
        let text = r#"{"collection":{"version":"1.0","href":"http://127.0.0.1:12664/api/v1/heartbeat","items":[{"href":"/api/v1/heartbeat","data":[{"name":"heartbeat","value":"gatorz say hi"}]}],"template":{},"error":{}}}"#;
        let resource = Resource { collection };
        assert_eq!(json::to_string(&resource).unwrap(), text);
        assert_eq!(json::from_str::<Resource>(text).unwrap(), resource);
    }

    #[test]
    fn errors_have_code_and_message() {
        let mut collection: Collection =
            Collection::new("http://127.0.0.1:12664/api/v1/action?actionid=12345");
        collection.error = ErrorBody {
            code: "28064280936932".to_owned(),
            message: "Action ID '12345' not found".to_owned(),
            ..ErrorBody::default()
        };
        let text = r#"{"collection":{"version":"1.0","href":"http://127.0.0.1:12664/api/v1/action?actionid=12345","template":{},"error":{"code":"28064280936932","message":"Action ID '12345' not found"}}}"#;
        assert_eq!(json::to_string(&Resource { collection }).unwrap(), text);
    }

    #[test]
    fn a_list_that_is_null_is_written_and_no_value_is_not() {
        let data = [Datum::new("idle agents by version", Value::Null), Datum::<Value>::default()];
        let text = r#"[{"name":"idle agents by version","value":null},{"name":""}]"#;
        assert_eq!(json::to_string(&data).unwrap(), text);
    }
}
