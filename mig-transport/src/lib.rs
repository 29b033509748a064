//! How MIG messages travel: adapters of [`mig_core::transport::Transport`].
//!
//! * [`memory`]: the relay inside one process; what a platform needs whose scheduler and agent share a process.
//! * [`amqp`] (feature `amqp`): RabbitMQ, as the original uses it.
#![forbid(unsafe_code)]

#[cfg(feature = "amqp")]
pub mod amqp;
pub mod memory;
