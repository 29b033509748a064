//! What modules share in reading results, also those of other versions.

use mig_core::json::{self, Value};
use serde::de::DeserializeOwned;

/// What stands for a text that extra privacy mode hides.
pub const MASK: &str = "masked";

/// Elements or statistics as a type. Results of other versions and of failed runs may lack anything: then it is empty.
pub fn decode<T: Default + DeserializeOwned>(value: &Value) -> T {
    match value {
        Value::Null => T::default(),
        value => json::from_value(value).unwrap_or_default(),
    }
}
