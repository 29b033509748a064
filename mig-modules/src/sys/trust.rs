//! Whom a file or directory can be changed by.

use rustix::process::geteuid;

/// The bits that let a group or everybody write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why others than the superuser and ourselves may change what has this owner and mode; `what` names it.
pub(crate) fn distrust(what: &str, owner: u32, mode: u32) -> Option<String> {
    if owner != 0 && owner != geteuid().as_raw() {
        Some(format!("{what} belongs to user {owner}"))
    } else if mode & WRITABLE_BY_OTHERS != 0 {
        Some(format!("{what} can be written by others"))
    } else {
        None
    }
}
