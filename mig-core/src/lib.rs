//! The core of MIG: what travels, who may ask, and how a question lives.
//!
//! * [`json`]: the one Go-compatible JSON reader and writer; every document the original reads or writes passes it.
//! * [`action`], [`command`], [`agent_info`], [`investigator`]: the documents of the platform.
//! * [`agent`]: what an agent checks, runs and remembers.
//! * [`api`]: what the API and its clients say to each other.
//! * [`config`]: the configuration files of the programs.
//! * [`enrolment`]: how a platform comes to know an agent that has no broker.
//! * [`module`]: the traits between an agent and what it can investigate.
//! * [`target`]: the language that says which agents are asked.
//! * [`transport`] (feature `engine`): what carries messages.
//! * [`store`] (feature `engine`): what a platform remembers.
//! * [`scheduler`] (feature `engine`): from an accepted action to one stored answer per agent.
//!
//! Without the feature `engine` this crate has no asynchronous runtime.
#![forbid(unsafe_code)]

pub mod acl;
pub mod action;
pub mod agent;
pub mod agent_info;
pub mod api;
pub mod clock;
pub mod command;
pub mod config;
pub mod duration;
pub mod enrolment;
pub mod flags;
pub mod heartbeat;
pub mod id;
pub mod investigator;
pub mod json;
pub mod limits;
pub mod loader;
pub mod logging;
pub mod manifest;
pub mod message;
pub mod module;
pub mod permissions;
pub mod safe;
#[cfg(feature = "engine")]
pub mod scheduler;
pub mod sign;
pub mod statistics;
#[cfg(feature = "engine")]
pub mod store;
pub mod target;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod token;
#[cfg(feature = "engine")]
pub mod transport;

/// Any error, boxed: the source of errors whose kind a caller can not act upon.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
