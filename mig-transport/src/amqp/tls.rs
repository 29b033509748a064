//! What a failed handshake with a broker means.

use super::error::{AmqpError, rustls_error};
use crate::tls::certificate_fault;
use std::io;

/// What a failed handshake means.
pub(super) fn explain(error: &io::Error, endpoint: String, host: &str) -> AmqpError {
    let reason = match rustls_error(error) {
        Some(rustls::Error::InvalidCertificate(error)) => {
            return AmqpError::Certificate { endpoint, reason: certificate_fault(error, host) };
        }
        Some(error) => error.to_string(),
        None => error.to_string(),
    };
    AmqpError::Tls { endpoint, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::CertificateError;

    #[test]
    fn an_expired_certificate_says_what_to_do() {
        let error = io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Expired));
        let text = explain(&error, "relay:5671".to_owned(), "relay").to_string();
        assert!(text.contains("relay relay:5671: its certificate has expired: renew it"), "{text}");
    }
}
