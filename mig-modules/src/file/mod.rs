//! Files by name, size, mode, time, content and hash.
pub mod wire;
