//! Whose certificates are believed.

use super::download::DownloadError;
use mig_core::limits;
use std::{path::Path, sync::Arc};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Largest file of certificates, in bytes.
const MAX_ROOTS_BYTES: usize = 4 << 20;

/// Certificates of the system and of a file are believed, and nothing else is.
pub(super) fn config(extra: Option<&Path>) -> Result<TlsConfig, DownloadError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots: Vec<Certificate<'static>> =
        found.certs.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    if let Some(path) = extra {
        roots.extend(read(path)?);
    }
    if roots.is_empty() {
        let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(DownloadError::NoRoots(reasons.join("; ")));
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = TlsConfig::builder().root_certs(RootCerts::from(roots));
    Ok(config.unversioned_rustls_crypto_provider(ring).build())
}

fn read(path: &Path) -> Result<Vec<Certificate<'static>>, DownloadError> {
    let failed = |reason: String| DownloadError::Roots { path: path.to_owned(), reason };
    let text = limits::read_file(path, MAX_ROOTS_BYTES).map_err(|error| failed(error.to_string()))?;
    let mut roots = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(root) = item.map_err(|error| failed(error.to_string()))? {
            roots.push(root);
        }
    }
    if roots.is_empty() { Err(failed("there is no certificate in it".to_owned())) } else { Ok(roots) }
}
