//! What objects yield.

use std::sync::Arc;

/// Memory for all values of a run, in bytes.
const MAX_VALUES_BYTES: usize = 64 << 20;

/// What a value takes beside the bytes of its content: itself, and the counters and the allocation of its content.
const VALUE_BYTES: usize = 64;

/// A value, and where it is from. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// A path, the name of a package, or what the policy calls it: the only part that leaves the machine.
    pub(super) identifier: Arc<str>,
    /// Bytes, for lines of files need not be UTF-8.
    pub(super) content: Arc<[u8]>,
}

impl Value {
    pub(super) fn new(identifier: impl Into<Arc<str>>, content: &[u8]) -> Self {
        Self { identifier: identifier.into(), content: content.into() }
    }
}

/// Why there are no values of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct ObjectError(pub(super) Arc<str>);

impl ObjectError {
    pub(super) fn new(reason: impl ToString) -> Self {
        Self(reason.to_string().into())
    }
}

/// What is left of the memory for values.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MAX_VALUES_BYTES)
    }
}

impl Room {
    /// Takes the room of values with as many bytes of content.
    pub(super) fn take(&mut self, values: usize, content_bytes: usize) -> Result<(), ObjectError> {
        let bytes = values.saturating_mul(VALUE_BYTES).saturating_add(content_bytes);
        let left = self.0.checked_sub(bytes);
        self.0 = left
            .ok_or_else(|| ObjectError::new(format!("all values take more than {MAX_VALUES_BYTES} bytes")))?;
        Ok(())
    }
}
