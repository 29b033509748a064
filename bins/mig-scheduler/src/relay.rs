//! The broker that the configuration means.

use crate::StartError;
use mig_core::{
    config::{Certificates, RelayConfig},
    limits,
};
use mig_transport::amqp::{AmqpOptions, AmqpRelay, Role, TlsIdentity, TlsOptions};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{path::Path, time::Duration};

/// Largest file of certificates, in bytes.
const MAX_PEM_BYTES: usize = 1 << 20;
/// The original waits for as long as its configuration says, ten minutes; a broker that is silent for this long is not coming.
const LONGEST_CONNECT: Duration = Duration::from_secs(30);

/// How to reach a broker as a scheduler does.
///
/// # Errors
/// [`StartError::Certificate`] if a file can not be read, [`StartError::Relay`] if what is in it can not be used.
pub fn amqp_options(relay: &RelayConfig) -> Result<AmqpOptions, StartError> {
    let tls = tls(&relay.certificates)?;
    let mut options = AmqpOptions::with_tls(&url(relay), Role::Scheduler, &tls)?;
    options.connect_timeout = relay.timeout.clamp(Duration::from_secs(1), LONGEST_CONNECT);
    Ok(options)
}

/// Connects. A broker that is not there yet is waited for, while the program goes on; one that refuses us is an error.
pub(crate) async fn connect(options: AmqpOptions) -> Result<AmqpRelay, StartError> {
    match AmqpRelay::connect(options.clone()).await {
        Ok(relay) => Ok(relay),
        Err(error) if error.needs_an_operator() => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "no relay yet, trying again");
            Ok(AmqpRelay::start(options))
        }
    }
}

fn url(relay: &RelayConfig) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let RelayConfig { host, port, user, password, virtual_host, uses_tls, .. } = relay;
    let scheme = if *uses_tls { "amqps" } else { "amqp" };
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let (user, password, virtual_host) = (encoded(user), encoded(password), encoded(virtual_host));
    format!("{scheme}://{user}:{password}@{host}:{port}/{virtual_host}")
}

fn tls(files: &Certificates) -> Result<TlsOptions, StartError> {
    let pem = |key, path: &Option<_>| path.as_deref().map(|path| read(key, path)).transpose();
    let ca = pem("mq.cacert", &files.ca)?;
    let identity = match (pem("mq.tlscert", &files.certificate)?, pem("mq.tlskey", &files.key)?) {
        (Some(certificates), Some(key)) => Some(TlsIdentity { certificates, key }),
        _ => None,
    };
    Ok(TlsOptions { ca, identity })
}

fn read(key: &'static str, path: &Path) -> Result<String, StartError> {
    let failed = |source| StartError::Certificate { key, path: path.to_owned(), source };
    let bytes = limits::read_file(path, MAX_PEM_BYTES).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| failed(std::io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::config::{Config as _, SchedulerConfig};

    fn relay(text: &str) -> RelayConfig {
        SchedulerConfig::parse(&format!("[mq]\n{text}")).unwrap().config.relay.unwrap()
    }

    #[test]
    fn every_character_of_an_account_reaches_the_broker() {
        let relay = relay("host = h\nuser = a@b\npass = \"s3cr@t/:\"\nvhost = \"/v h\"\n");
        assert_eq!(url(&relay), "amqp://a%40b:s3cr%40t%2F%3A@h:5672/%2Fv%20h");
        assert!(!format!("{:?}", amqp_options(&relay).unwrap()).contains("s3cr"));
    }

    #[test]
    fn a_certificate_that_can_not_be_read_is_named_with_its_key() {
        let relay = relay("host = h\nuser = u\npass = p\nusetls = on\ncacert = /nowhere/ca.crt\n");
        let error = amqp_options(&relay).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot read mq.cacert of the configuration, /nowhere/ca.crt: "),
            "{error}"
        );
    }
}
