//! What modules that talk to others over a network share: names, and waiting that a stop interrupts.

mod names;
mod wait;

pub use self::{
    names::{LookupError, MAX_ADDRESSES, is_host_name, resolve},
    wait::{TICK, WaitError, in_background, receive},
};
