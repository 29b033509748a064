//! The relay that the configuration means.

use anyhow::{Context, Result, bail};
use mig_core::{config::AgentConfig, limits};
use mig_transport::amqp::{AmqpOptions, AmqpRelay, Role, TlsIdentity, TlsOptions};
use std::path::Path;

/// Largest file of certificates, in bytes.
const MAX_PEM_BYTES: usize = 1 << 20;

/// How to reach it. Files are read here, so that what is wrong with them is told at the start.
pub(super) fn options(config: &AgentConfig) -> Result<AmqpOptions> {
    let Some(url) = &config.relay else {
        bail!("the configuration names no relay: agent.relay has to be amqp://user:password@host:5672/vhost");
    };
    let mut options = AmqpOptions::with_tls(url, Role::Agent, &tls(config)?)?;
    let parallel = u16::try_from(config.parallel_operations).unwrap_or(u16::MAX);
    // One more than is worked on, so that nobody waits for the network.
    options.prefetch = std::num::NonZeroU16::MIN.saturating_add(parallel);
    Ok(options)
}

/// Connects. What can get better by itself is waited for, and for an immortal agent everything can.
pub(super) async fn connect(options: AmqpOptions, is_immortal: bool) -> Result<AmqpRelay> {
    match AmqpRelay::connect(options.clone()).await {
        Ok(relay) => Ok(relay),
        Err(error) if error.needs_an_operator() && !is_immortal => Err(error.into()),
        Err(error) if error.needs_an_operator() => {
            tracing::error!(%error, "the relay refuses this agent, trying again");
            Ok(AmqpRelay::start(options))
        }
        Err(error) => {
            tracing::warn!(%error, "no relay yet, trying again");
            Ok(AmqpRelay::start(options))
        }
    }
}

fn tls(config: &AgentConfig) -> Result<TlsOptions> {
    let files = &config.certificates;
    let pem = |key, path: Option<&Path>| path.map(|path| read(key, path)).transpose();
    let ca = pem("certs.ca", files.ca.as_deref())?;
    let identity =
        match (pem("certs.cert", files.certificate.as_deref())?, pem("certs.key", files.key.as_deref())?) {
            (Some(certificates), Some(key)) => Some(TlsIdentity { certificates, key }),
            (None, None) => None,
            _ => bail!("a client certificate needs both certs.cert and certs.key"),
        };
    Ok(TlsOptions { ca, identity })
}

pub(super) fn read(key: &str, path: &Path) -> Result<String> {
    let place = || format!("cannot read {key} of the configuration, {}", path.display());
    let bytes = limits::read_file(path, MAX_PEM_BYTES).with_context(place)?;
    String::from_utf8(bytes).with_context(place)
}
