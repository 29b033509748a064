//! What an agent and a module's process say to each other: one JSON document per line.

use crate::{
    action::Operation,
    agent_info::Environment,
    json::{self, Value},
    limits,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read},
};

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// `parameters`, `stop`, `ping`, `log`, `register`, `config` or `alert`; others must not crash a reader.
    pub class: String,
    /// What the class carries.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
    /// Socket of a persistent module, in queries to it.
    #[serde(rename = "persistsock", skip_serializing_if = "String::is_empty")]
    pub persist_socket: String,
}

/// What `config` carries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigParameters {
    /// The module's own configuration.
    pub config: Value,
    /// Host name of the agent.
    pub hostname: String,
    /// What the agent found out about its machine.
    pub environment: Value,
    /// Labels of the agent.
    pub tags: Option<BTreeMap<String, String>>,
}

impl ConfigParameters {
    /// The configuration message of an agent.
    ///
    /// # Errors
    /// If the environment can not be JSON.
    pub fn new(
        config: Value,
        hostname: String,
        environment: &Environment,
        tags: BTreeMap<String, String>,
    ) -> Result<Self, json::Error> {
        Ok(Self { config, hostname, environment: json::to_value(environment)?, tags: Some(tags) })
    }
}

/// Why a message could not be made or read. The texts keep the original's form up to the arrow.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Compressed parameters do not expand.
    #[error("Failed to make modules.Message: {0}")]
    Make(#[from] crate::action::CompressionError),
    /// Nothing to read.
    #[error("ReadInputParameters() -> ReadInput() -> EOF")]
    Empty,
    /// The input fails, or a line is longer than [`limits::MAX_MESSAGE_BYTES`].
    #[error("ReadInputParameters() -> ReadInput() -> {0}")]
    Read(#[source] io::Error),
    /// Not a message.
    #[error("ReadInputParameters() -> ReadInput() -> {0}")]
    Syntax(#[source] json::Error),
    /// Another class than `parameters`.
    #[error("ReadInputParameters() -> unexpected input is not module parameters")]
    NotParameters,
}

impl Message {
    /// The class of messages that carry a module's parameters.
    pub const PARAMETERS: &'static str = "parameters";

    /// The class of the message that asks a module to end early.
    pub const STOP: &'static str = "stop";

    /// The message that asks a module to run an operation; compressed parameters are expanded.
    ///
    /// # Errors
    /// [`MessageError::Make`] if they do not expand.
    pub fn for_operation(operation: &Operation) -> Result<Self, MessageError> {
        Ok(Self {
            class: Self::PARAMETERS.to_owned(),
            parameters: operation.expanded_parameters()?,
            persist_socket: String::new(),
        })
    }

    /// Reads one line and its message; `None` at the end of input.
    ///
    /// # Errors
    /// [`MessageError`] if the line is too long or not a message.
    pub fn read(input: &mut impl BufRead) -> Result<Option<Self>, MessageError> {
        let mut line = Vec::new();
        let limit = u64::try_from(limits::MAX_MESSAGE_BYTES).unwrap_or(u64::MAX);
        input.by_ref().take(limit + 1).read_until(b'\n', &mut line).map_err(MessageError::Read)?;
        if line.len() > limits::MAX_MESSAGE_BYTES {
            let message = format!("line longer than {} bytes", limits::MAX_MESSAGE_BYTES);
            return Err(MessageError::Read(io::Error::new(io::ErrorKind::FileTooLarge, message)));
        }
        if line.is_empty() {
            return Ok(None);
        }
        // The line feed, and a carriage return before it, are white space to the parser.
        json::from_slice_within(&line, limits::MAX_ACTION_VALUES).map(Some).map_err(MessageError::Syntax)
    }

    /// Reads the message that starts a module.
    ///
    /// # Errors
    /// [`MessageError`] if there is none, or it is of another class.
    pub fn read_parameters(input: &mut impl BufRead) -> Result<Self, MessageError> {
        let message = Self::read(input)?.ok_or(MessageError::Empty)?;
        if message.class == Self::PARAMETERS { Ok(message) } else { Err(MessageError::NotParameters) }
    }
}
