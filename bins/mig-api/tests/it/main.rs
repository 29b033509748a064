//! The API as its callers see it: requests against the router, and over a real socket.

mod access;
mod actions;
mod follow;
mod investigators;
mod public;
mod replay;
mod searches;
mod socket;
mod support;
