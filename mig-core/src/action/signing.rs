//! The bytes that investigators sign.

use super::Action;
use crate::json;

impl Action {
    /// The text that signatures cover: name, target, whole seconds of the window, and the operations in canonical JSON.
    ///
    /// The odd frame around the second time is part of the format: a format mistake of the first version, frozen by
    /// the signatures made over it. Compressed operations are signed compressed.
    ///
    /// # Errors
    /// If the parameters hold a number that is not finite, which no decoded document does.
    pub fn signing_string(&self) -> Result<String, json::Error> {
        Ok(format!(
            "name={};target={};validfrom={};expireafter=%!s(int64={});operations={};",
            self.name,
            self.target,
            self.valid_from.unix_seconds(),
            self.expire_after.unix_seconds(),
            json::to_string(&self.operations)?,
        ))
    }
}
