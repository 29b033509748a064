//! How a platform comes to know an agent: by an invitation that is good for one agent, and by a key that the agent keeps.
//!
//! The original knows agents by their queue location alone. Our agents that have no broker prove each request instead, with a
//! key of their own that never leaves their machine. It commands nobody: what agents run is signed by investigators.

mod invitation;
mod key;

pub use self::{
    invitation::{Invitation, InvitationDigest, InvitationError},
    key::{AgentKey, AgentKeyError, AgentPublicKey, PublicKeyError},
};
