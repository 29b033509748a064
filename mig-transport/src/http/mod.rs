//! Agents without a broker: they ask a server for their commands and bring it their answers, over HTTP.
//!
//! * [`HttpRelay`] is the agent's half, a [`Transport`](mig_core::transport::Transport) (feature `http`).
//! * [`Gateway`] is the server's half (feature `http-gateway`): it stands in front of any other transport and carries messages
//!   between that and agents, so schedulers see no difference.
//!
//! Requests below the server's URL (bodies are the messages themselves):
//!
//! | request | what | answers |
//! |---|---|---|
//! | `POST agent/v1/enrolment`, body `{"invitation","queueloc","key"}` | makes the key that of the queue location | 204, 403 not invited, 409 another key |
//! | `GET agent/v1/commands?holding=7,9&wait=50` | waits for the next command that is not among those held | 200 with `mig-delivery`, 204 none yet, 409 the agent asks elsewhere too |
//! | `DELETE agent/v1/commands/7` | the effect of the command is durable | 204, 404 it will come again |
//! | `POST agent/v1/results`, `POST agent/v1/heartbeats` | hands a message over | 204 |
//!
//! All but the first carry a proof: `authorization: MIG-Agent 1;<queue location>;<unix seconds>;<nonce>;<SHA-256 of the body>;<signature>`,
//! an Ed25519 signature by the agent's key over method, path with query, and these values. So an agent is known behind any
//! proxy that ends TLS, and a proof is good for one request. A clock that is wrong is corrected by the server's `date`.

mod proof;
mod wire;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http-gateway")]
mod gateway;
#[cfg(feature = "http")]
mod options;

#[cfg(feature = "http")]
pub use self::{client::HttpRelay, error::HttpError, options::HttpOptions};
#[cfg(feature = "http-gateway")]
pub use gateway::Gateway;
