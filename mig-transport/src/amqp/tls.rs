//! Our side of TLS: rustls on ring, and what it says about the broker's certificate in words.

use super::{
    error::{AmqpError, rustls_error},
    options::TlsOptions,
};
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{io, sync::Arc};

/// With authorities given, only these count.
pub(super) fn client(options: &TlsOptions) -> Result<Arc<ClientConfig>, AmqpError> {
    let roots = match &options.ca {
        Some(pem) => private_roots(pem)?,
        None => system_roots()?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS", error))?
        .with_root_certificates(roots);
    let config = match &options.identity {
        Some(identity) => {
            let chain = certificates("client certificate", &identity.certificates)?;
            let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())
                .map_err(|error| unusable("client key", error))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable("client certificate", error))?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn private_roots(pem: &str) -> Result<RootCertStore, AmqpError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("CA certificate", pem)? {
        roots.add(certificate).map_err(|error| unusable("CA certificate", error))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, AmqpError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => Err(unusable("CA certificate", "none is given and this system has none")),
        false => Ok(roots),
    }
}

fn certificates(what: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, AmqpError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable(what, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(what, error)),
    }
}

fn unusable(what: &'static str, reason: impl ToString) -> AmqpError {
    AmqpError::OwnCertificate { what, reason: reason.to_string() }
}

/// What a failed handshake means.
pub(super) fn explain(error: &io::Error, endpoint: String, host: &str) -> AmqpError {
    let reason = match rustls_error(error) {
        Some(rustls::Error::InvalidCertificate(error)) => return certificate(error, endpoint, host),
        Some(error) => error.to_string(),
        None => error.to_string(),
    };
    AmqpError::Tls { endpoint, reason }
}

fn certificate(error: &CertificateError, endpoint: String, host: &str) -> AmqpError {
    use CertificateError as E;
    let reason = match error {
        E::Expired | E::ExpiredContext { .. } => {
            "has expired: renew it on the broker, or correct this machine's clock".to_owned()
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "is not valid yet: correct this machine's clock".to_owned()
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            format!("is for another host than '{host}': use a name of the certificate in the relay's URL")
        }
        // The second when another authority has the name of ours.
        E::UnknownIssuer | E::BadSignature => {
            "is not of an authority that we trust: give the CA that issued it".to_owned()
        }
        other => format!("is refused: {other}"),
    };
    AmqpError::Certificate { endpoint, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_certificate_says_what_to_do() {
        let error = io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Expired));
        let text = explain(&error, "relay:5671".to_owned(), "relay").to_string();
        assert!(text.contains("relay relay:5671: its certificate has expired: renew it"), "{text}");
    }
}
