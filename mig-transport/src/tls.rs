//! Our side of TLS: rustls on ring, and what it says about the certificates of others in words.

use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{fmt, sync::Arc};

/// Our side of TLS. Everything is PEM text.
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// The only authorities that may vouch for the other side; `None` means those of the system.
    pub ca: Option<String>,
    /// Our certificate, with intermediate ones, and its key.
    pub identity: Option<TlsIdentity>,
}

/// A client certificate.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The chain, our own certificate first.
    pub certificates: String,
    /// The private key.
    pub key: String,
}

impl fmt::Debug for TlsOptions {
    /// Without what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions").field("own_ca", &self.ca.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsIdentity {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsIdentity(***)")
    }
}

/// A certificate or key of ours can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} can not be used: {reason}; give it as PEM text")]
pub struct OwnCertificateError {
    /// Which one.
    pub what: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// With authorities given, only these count.
pub(crate) fn client(options: &TlsOptions) -> Result<Arc<ClientConfig>, OwnCertificateError> {
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

fn private_roots(pem: &str) -> Result<RootCertStore, OwnCertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("CA certificate", pem)? {
        roots.add(certificate).map_err(|error| unusable("CA certificate", error))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, OwnCertificateError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        true => Err(unusable("CA certificate", "none is given and this system has none")),
        false => Ok(roots),
    }
}

fn certificates(what: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, OwnCertificateError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable(what, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(what, error)),
    }
}

fn unusable(what: &'static str, reason: impl ToString) -> OwnCertificateError {
    OwnCertificateError { what, reason: reason.to_string() }
}

/// What is wrong with the certificate of the other side, and what to do about it; goes on from "its certificate".
pub(crate) fn certificate_fault(error: &CertificateError, host: &str) -> String {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => {
            "has expired: renew it there, or correct this machine's clock".to_owned()
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "is not valid yet: correct this machine's clock".to_owned()
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            format!("is for another host than '{host}': use a name of the certificate in the URL")
        }
        // The second when another authority has the name of ours.
        E::UnknownIssuer | E::BadSignature => {
            "is not of an authority that we trust: give the CA that issued it".to_owned()
        }
        other => format!("is refused: {other}"),
    }
}
