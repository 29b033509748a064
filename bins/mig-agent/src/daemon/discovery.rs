//! What the agent finds out about its machine, at the start and now and then.

use super::relay;
use anyhow::{Context, Result, bail};
use mig_core::{
    agent::Agent,
    agent_info::Environment,
    config::{AgentConfig, Proxy},
    json,
    module::Registry,
    safe,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::{task::spawn_blocking, time::sleep};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// How long one way to the API may take.
const LIMIT: Duration = Duration::from_secs(5);
/// An address is short.
const MAX_ANSWER_BYTES: u64 = 256;

/// The environment now. The public address that was known before stays when nobody tells one.
pub(super) async fn look(config: &AgentConfig, registry: &Registry, before: &str) -> Environment {
    let (config, registry, known) = (config.clone(), registry.clone(), before.to_owned());
    let looked = spawn_blocking(move || {
        let public_ip = public_address(&config).unwrap_or(known);
        Environment { public_ip, ..Environment::of_this_machine(&registry) }
    });
    // It does not panic; if it did, an environment without anything would still be true.
    looked.await.unwrap_or_default()
}

/// Looks again in every period, and tells the agent.
pub(super) async fn keep_looking(
    agent: &Agent,
    config: &AgentConfig,
    registry: &Registry,
) -> std::convert::Infallible {
    if config.refresh_interval.is_zero() {
        return std::future::pending().await;
    }
    loop {
        sleep(config.refresh_interval).await;
        let known = agent.info().environment.public_ip.clone();
        let environment = look(config, registry, &known).await;
        // Whatever is wrong with the machine, it does not lose its system.
        if !environment.os.is_empty() {
            agent.refresh(environment);
        }
    }
}

/// The address that the API sees, if it is to be asked and answers.
fn public_address(config: &AgentConfig) -> Option<String> {
    let api = config.api.as_deref().filter(|_| config.discovers_public_address)?;
    let asked = ask(&format!("{api}ip"), config);
    asked
        .inspect_err(|error| {
            tracing::warn!(reason = safe::chain(error.as_ref()), "public address not found out")
        })
        .ok()
}

/// Through each proxy of the configuration, then as the environment says, or directly.
fn ask(url: &str, config: &AgentConfig) -> Result<String> {
    let tls = tls(url, config)?;
    let configured = config.proxies.iter().map(|proxy| ureq::Proxy::new(&address(proxy)).map(Some));
    let ways = configured.chain([Ok(ureq::Proxy::try_from_env())]);
    let mut failure = None;
    for way in ways {
        let asked = way.context("the proxy").and_then(|proxy| ask_once(url, proxy, tls.clone()));
        match asked {
            Ok(address) => return Ok(address.to_string()),
            Err(error) => failure = Some(error),
        }
    }
    // There is one way at least.
    Err(failure.unwrap_or_else(|| anyhow::anyhow!("no way to {url}")))
}

fn ask_once(url: &str, proxy: Option<ureq::Proxy>, tls: Option<TlsConfig>) -> Result<IpAddr> {
    let mut builder = ureq::Agent::config_builder().timeout_global(Some(LIMIT)).proxy(proxy);
    if let Some(tls) = tls {
        builder = builder.tls_config(tls);
    }
    let mut response = ureq::Agent::new_with_config(builder.build())
        .get(url)
        .call()
        .with_context(|| format!("asking {url}"))?;
    let bytes = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
    let text = json::lossy(&bytes.with_context(|| format!("reading the answer of {url}"))?);
    text.trim().parse().with_context(|| format!("{url} answers no address: '{}'", safe::line(text.trim())))
}

fn address(proxy: &Proxy) -> String {
    let Proxy { host, port } = proxy;
    if host.contains(':') { format!("http://[{host}]:{port}") } else { format!("http://{host}:{port}") }
}

/// For an API over HTTPS: the authorities of the system, and the one of the configuration.
fn tls(url: &str, config: &AgentConfig) -> Result<Option<TlsConfig>> {
    if !url.starts_with("https://") {
        return Ok(None);
    }
    let found = rustls_native_certs::load_native_certs().certs;
    let mut roots: Vec<_> = found.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    if let Some(path) = &config.certificates.ca {
        for item in parse_pem(relay::read("certs.ca", path)?.as_bytes()) {
            if let PemItem::Certificate(root) = item.context("certs.ca")? {
                roots.push(root);
            }
        }
    }
    if roots.is_empty() {
        bail!("this system trusts no authority: set certs.ca");
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = TlsConfig::builder().root_certs(RootCerts::from(roots));
    Ok(Some(config.unversioned_rustls_crypto_provider(ring).build()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    /// An API that gives one answer.
    fn api(answer: &'static str) -> AgentConfig {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 1000];
            let read = stream.read(&mut head).unwrap();
            assert!(head[..read].starts_with(b"GET /api/v1/ip "));
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).unwrap();
        });
        AgentConfig { api: Some(format!("http://127.0.0.1:{port}/api/v1/")), ..AgentConfig::default() }
    }

    #[test]
    fn the_public_address_is_what_the_api_sees() {
        assert_eq!(public_address(&api("203.0.113.7\n")).as_deref(), Some("203.0.113.7"));
        assert_eq!(public_address(&api("2001:db8::1")).as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn an_answer_that_is_no_address_is_none() {
        assert_eq!(public_address(&api("<html>sign in</html>")), None);
        let silent = AgentConfig { discovers_public_address: false, ..api("203.0.113.7") };
        assert_eq!(public_address(&silent), None);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn an_api_that_is_away_changes_nothing_that_is_known() {
        let away = AgentConfig { api: Some("http://127.0.0.1:1/".to_owned()), ..AgentConfig::default() };
        let environment = look(&away, &Registry::default(), "203.0.113.7").await;
        assert_eq!(environment.public_ip, "203.0.113.7");
        assert!(!environment.os.is_empty());
    }
}
