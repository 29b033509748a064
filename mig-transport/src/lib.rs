//! How MIG messages travel: adapters of [`mig_core::transport::Transport`].
//!
//! * [`memory`]: the relay inside one process; what a platform needs whose scheduler and agent share a process.
//! * [`amqp`] (feature `amqp`): RabbitMQ, as the original uses it.
//! * [`http`] (features `http`, `http-gateway`): agents that ask a server, without a broker.
#![forbid(unsafe_code)]

#[cfg(feature = "amqp")]
pub mod amqp;
#[cfg(any(feature = "amqp", feature = "http"))]
mod backoff;
#[cfg(any(feature = "http", feature = "http-gateway"))]
pub mod http;
pub mod memory;
#[cfg(any(feature = "amqp", feature = "http"))]
pub mod tls;
