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
/// Longest target, in bytes.
pub const MAX_TARGET_BYTES: usize = 64 << 10;
/// Deepest nesting of conditions in a target.
pub const MAX_TARGET_DEPTH: usize = 16;
/// Most words and operators in a target; literals, commas and brackets do not count.
pub const MAX_TARGET_OPERATORS: usize = 1000;
/// Most regular expressions in a target.
pub const MAX_TARGET_PATTERNS: usize = 16;
/// Largest compiled regular expression of a target, in bytes.
pub const MAX_TARGET_PATTERN_BYTES: usize = 256 << 10;
