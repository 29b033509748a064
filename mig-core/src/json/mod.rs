//! The one JSON reader and writer of MIG, compatible with Go's `encoding/json` byte for byte.
//!
//! Signatures cover JSON text that every party rebuilds from decoded values, so reading and writing must match the
//! original's language exactly. The types derive serde's traits; this module supplies the format:
//!
//! * reading: strict grammar, each bad UTF-8 byte one U+FFFD, depth limit ([`MAX_JSON_DEPTH`](crate::limits::MAX_JSON_DEPTH));
//! * fields: names without regard to case, `null` leaves the default, repeated fields are refused;
//! * writing: escapes, numbers and order as Go 1.10 to 1.21 write them.
//!
//! One deliberate difference from the original: a document that names a field of a structure twice is refused, because
//! two readers may disagree on what it says.

mod decode;
mod encode;
mod error;
mod number;
mod parse;
mod text;
mod unread;
mod value;

use serde::{Serialize, de::DeserializeOwned};

pub use error::Error;
pub use number::write_float;
pub use text::lossy;
pub use unread::unread;
pub use value::{Bytes, Map, Value};

pub(crate) use value::decode_base64;

/// Reads one JSON document by Go's rules.
///
/// # Errors
/// If the text is not one JSON value with nothing but white space around, nests too deeply, or does not fit the type.
/// The error names the place.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let node = parse::parse(text)?;
    T::deserialize(decode::Decoder::new(&node))
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
/// If the value does not fit the type.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    let node = parse::Node::from(value);
    T::deserialize(decode::Decoder::new(&node))
}

/// Writes a value as Go writes it, without white space.
///
/// # Errors
/// If the value can not be JSON (a number that is not finite, a year outside 0 to 9999, a key that is not text).
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let mut text = String::new();
    value.serialize(encode::Encoder::new(&mut text))?;
    Ok(text)
}

/// Like [`to_string`], indented by two spaces, for people.
///
/// # Errors
/// As [`to_string`].
pub fn to_string_pretty<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    Ok(text::indent(&to_string(value)?))
}

/// Turns any document into a free value: what a reader of its text would hold.
///
/// # Errors
/// As [`to_string`].
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    from_str(&to_string(value)?)
}

#[cfg(test)]
mod tests;
