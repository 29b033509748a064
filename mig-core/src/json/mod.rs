//! The one JSON reader and writer of MIG, compatible with Go's `encoding/json` byte for byte.
//!
//! Signatures cover JSON text that every party rebuilds from decoded values, so reading and writing must match the
//! original's language exactly. The types derive serde's traits; this module supplies the format:
//!
//! * reading: strict grammar, each bad UTF-8 byte one U+FFFD, limits on depth ([`MAX_JSON_DEPTH`](crate::limits::MAX_JSON_DEPTH))
//!   and on the number of values;
//! * fields: names without regard to case, `null` leaves the default, repeated fields are refused;
//! * writing: escapes, numbers and order as Go 1.10 to 1.21 write them.
//!
//! One deliberate difference from the original: a document that names a field of a structure twice is refused, because
//! two readers may disagree on what it says.

mod bounded;
mod error;
mod float;
mod legacy;
mod pretty;
mod reader;
mod scanner;
mod text;
mod unread;
mod value;
mod writer;

use serde::{Serialize, de::DeserializeOwned};

pub use error::{Error, Position};
pub use text::{lossy, quote};
pub use unread::unread;
pub use value::{Bytes, Map, Value};

pub(crate) use bounded::at_most;
pub(crate) use legacy::with_old_numbers;
pub(crate) use text::is_spelling_of;
pub(crate) use value::decode_base64;

use crate::limits::MAX_JSON_VALUES;
use reader::Reader;
use writer::Encoder;

/// Reads one JSON document by Go's rules, of at most [`MAX_JSON_VALUES`] values.
///
/// # Errors
/// If the text is not one JSON value with nothing but white space around, exceeds a limit, or does not fit the type.
/// The error names the place. How long the text may be is the caller's business.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    from_slice_within(text, MAX_JSON_VALUES)
}

/// Like [`from_slice`], with a limit of its own on the number of members and elements: a value takes up to 700 bytes
/// of memory, however short its text.
///
/// # Errors
/// As [`from_slice`].
pub fn from_slice_within<T: DeserializeOwned>(text: &[u8], max_values: usize) -> Result<T, Error> {
    let mut reader = Reader::new(text, max_values);
    let value = T::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| error.locate(text))
}

/// Like [`from_slice`], for text that is known to be UTF-8.
///
/// # Errors
/// As [`from_slice`].
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_slice(text.as_bytes())
}

/// Decodes a free value into a type by Go's rules: what reading its text would give.
///
/// # Errors
/// If the value does not fit the type. The error has a path and no position.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    from_slice_within(to_string(value)?.as_bytes(), usize::MAX).map_err(Error::without_position)
}

/// Writes a value as Go writes it, without white space.
///
/// # Errors
/// If the value can not be JSON (a number that is not finite, a year outside 0 to 9999, a key that is not text).
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let mut text = String::new();
    value.serialize(Encoder::new(&mut text))?;
    Ok(text)
}

/// Like [`to_string`], indented by two spaces, for people.
///
/// # Errors
/// As [`to_string`].
pub fn to_string_pretty<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    Ok(pretty::indent(&to_string(value)?))
}

/// Turns any document into a free value: what a reader of its text would hold.
///
/// # Errors
/// As [`to_string`].
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    from_slice_within(to_string(value)?.as_bytes(), usize::MAX).map_err(Error::without_position)
}

#[cfg(test)]
mod tests;
