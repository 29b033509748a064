//! Transport `amqp` on a real RabbitMQ, which the tests start and end themselves.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was skipped, and what happened under faults")]

mod authority;
mod broker;
mod contract;
mod dependencies;
mod faults;
mod proxy;
mod refusals;
mod tls;
mod wire;
