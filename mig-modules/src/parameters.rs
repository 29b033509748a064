//! What modules share in reading their parameters.

use mig_core::{
    json::{self, Value},
    module::ParamsError,
};
use serde::{Serialize, de::DeserializeOwned};

/// Parameters as a type; missing ones are the defaults.
///
/// # Errors
/// If a field has the wrong type, in the words of the original.
pub fn read<T: DeserializeOwned + Default>(params: &Value) -> Result<T, ParamsError> {
    match params {
        Value::Null => Ok(T::default()),
        params => json::from_value(params)
            .map_err(|error| ParamsError::new(format!("ReadInputParameters() -> {error}"))),
    }
}

/// The place of the first field that the type does not know. What does not decode at all is refused elsewhere.
#[must_use]
pub fn unknown<T: DeserializeOwned + Serialize>(params: &Value) -> Option<String> {
    let known: T = json::from_value(params).ok()?;
    json::unread(params, &json::to_value(&known).ok()?)
}
