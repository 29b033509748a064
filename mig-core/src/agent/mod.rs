//! What an agent decides and does. It assumes that everything it is sent is hostile.

mod session;
mod verify;
pub mod worker;

pub use session::{Budget, CancelHandle, RunSession};
pub use verify::{Policy, Refusal, VerifiedAction};
