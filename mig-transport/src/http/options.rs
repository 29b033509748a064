//! What an agent needs to reach its server.

use super::{error::HttpError, wire::is_queue_location};
use crate::tls::{self, TlsOptions};
use mig_core::enrolment::AgentKey;
use reqwest::Url;
use std::{fmt, time::Duration};

/// How to reach a server. Change the fields after [`HttpOptions::new`].
#[non_exhaustive]
#[derive(Clone)]
pub struct HttpOptions {
    /// A proxy, such as `http://proxy.example.net:3128` or `socks5://…`; `None` means what the environment says
    /// (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    pub proxy: Option<String>,
    /// How long connecting may take (default 10 s).
    pub connect_timeout: Duration,
    /// How long a server may be silent beyond the time that it was asked to wait (default 60 s).
    pub patience: Duration,
    /// How long a server is asked to wait for a command (default 50 s, which is the most it does).
    pub wait: Duration,
    /// Longest pause before the first attempt to ask again (default 1 s); doubled each time, shortened by chance.
    pub first_pause: Duration,
    /// Longest pause between attempts (default 60 s). We never give up.
    pub longest_pause: Duration,
    pub(super) url: Url,
    pub(super) queue_location: String,
    pub(super) key: AgentKey,
    pub(super) tls: TlsOptions,
}

impl HttpOptions {
    /// Options for the server at `http://` or `https://host[:port][/path]`, for the agent of this queue location and key.
    ///
    /// # Errors
    /// [`HttpError::Url`], [`HttpError::QueueLocation`].
    pub fn new(url: &str, queue_location: &str, key: AgentKey) -> Result<Self, HttpError> {
        if !is_queue_location(queue_location) {
            return Err(HttpError::QueueLocation { queue_location: queue_location.to_owned() });
        }
        Ok(Self {
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            patience: Duration::from_secs(60),
            wait: super::wire::LONGEST_WAIT,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            url: base(url)?,
            queue_location: queue_location.to_owned(),
            key,
            tls: TlsOptions::default(),
        })
    }

    /// These options with authorities or a client certificate of our own.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }

    pub(super) fn client(&self) -> Result<reqwest::Client, HttpError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls::client(&self.tls)?).clone())
            .user_agent(concat!("mig-agent/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .tcp_keepalive(Duration::from_secs(30));
        if let Some(proxy) = &self.proxy {
            let proxy =
                reqwest::Proxy::all(proxy).map_err(|error| HttpError::Proxy { reason: plain(error) })?;
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| HttpError::Client { reason: plain(error) })
    }
}

impl fmt::Debug for HttpOptions {
    /// Without secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpOptions")
            .field("server", &self.url.as_str())
            .field("queue_location", &self.queue_location)
            .finish_non_exhaustive()
    }
}

/// The URL that paths are joined to: it ends with a slash.
fn base(text: &str) -> Result<Url, HttpError> {
    let refused = |reason: &str| HttpError::Url { url: text.to_owned(), reason: reason.to_owned() };
    let mut url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refused("it does not begin with http:// or https:// and a host"));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(HttpError::Url {
            url: format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()),
            reason: "user, password, query and fragment have no meaning here".to_owned(),
        });
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// What went wrong, down to the cause, without the URL, which every error of the library repeats.
pub(super) fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> Result<HttpOptions, HttpError> {
        HttpOptions::new(url, "linux.one", AgentKey::generate().unwrap())
    }

    #[test]
    fn paths_are_joined_below_the_url() {
        for (url, joined) in [
            ("https://mig.example.net", "https://mig.example.net/agent/v1/results"),
            ("http://[::1]:1664/", "http://[::1]:1664/agent/v1/results"),
            ("https://mig.example.net/mig", "https://mig.example.net/mig/agent/v1/results"),
        ] {
            let joined_by_us = options(url).unwrap().url.join(super::super::wire::RESULTS).unwrap();
            assert_eq!(joined_by_us.as_str(), joined);
        }
    }

    #[test]
    fn a_bad_url_says_why_and_tells_no_password() {
        for url in ["", "mig.example.net", "ftp://mig", "http://u:secret@mig", "http://mig?x=1"] {
            let error = options(url).unwrap_err().to_string();
            assert!(error.contains("http") && !error.contains("secret"), "{error}");
        }
        assert!(HttpOptions::new("http://mig", "linux", AgentKey::generate().unwrap()).is_err());
    }
}
