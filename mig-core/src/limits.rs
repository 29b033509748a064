//! Every limit on what others send us, in one place.

/// Largest action document that is parsed, in bytes.
pub const MAX_ACTION_BYTES: usize = 32 << 20;
/// Largest command document (an action and its results) that is parsed, in bytes.
pub const MAX_COMMAND_BYTES: usize = 128 << 20;
/// Deepest nesting of a JSON document.
pub const MAX_JSON_DEPTH: usize = 128;
/// Largest size of compressed parameters after expansion, in bytes.
pub const MAX_PARAMETERS_BYTES: usize = 32 << 20;
/// Most operations of one action.
pub const MAX_OPERATIONS: usize = 1024;
/// Most signatures of one action.
pub const MAX_SIGNATURES: usize = 64;
