//! One attempt to connect: TCP, TLS, login; within one time limit.

use super::{AmqpError, AmqpOptions, tls};
use async_compat::Compat;
use async_rs::TokioRuntime;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, tcp::RustlsConnector, uri::AMQPUri};
use std::{
    io,
    net::{Shutdown, TcpStream as StdStream},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpStream, time::timeout};

type Stream = AsyncTcpStream<Compat<TcpStream>>;

/// Cuts a connection whose login was given up: the driver's thread would wait for the broker's answer for ever.
#[derive(Debug)]
struct Breaker(Option<StdStream>);

impl Drop for Breaker {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            // It may have ended by itself.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

pub(super) async fn dial(options: &AmqpOptions) -> Result<Connection, AmqpError> {
    let limit = options.connect_timeout;
    let silent = |_| AmqpError::Silent { endpoint: options.peer().endpoint, limit };
    timeout(limit, attempt(options)).await.map_err(silent)?
}

async fn attempt(options: &AmqpOptions) -> Result<Connection, AmqpError> {
    let (tcp, mut breaker) = reach(options).await?;
    let stream = secure(tcp, options).await?;
    let connection =
        log_in(stream, options).await.map_err(|error| AmqpError::connecting(&error, &options.peer()))?;
    breaker.0 = None;
    Ok(connection)
}

async fn reach(options: &AmqpOptions) -> Result<(TcpStream, Breaker), AmqpError> {
    let peer = options.peer();
    let unreachable = |error: io::Error| AmqpError::Unreachable {
        endpoint: peer.endpoint.clone(),
        reason: error.to_string(),
    };
    let authority = &options.uri.authority;
    let host = authority.host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let stream = stream.into_std().map_err(unreachable)?;
    let breaker = Breaker(Some(stream.try_clone().map_err(unreachable)?));
    Ok((TcpStream::from_std(stream).map_err(unreachable)?, breaker))
}

/// An `amqps` URL never gets a plain stream: its options always have a configuration of TLS.
async fn secure(tcp: TcpStream, options: &AmqpOptions) -> Result<Stream, AmqpError> {
    let stream = AsyncTcpStream::Plain(Compat::new(tcp));
    let Some(config) = &options.tls else { return Ok(stream) };
    let host = &options.uri.authority.host;
    let connector = RustlsConnector::from(Arc::clone(config));
    let stream = stream.into_rustls(&connector, host).await;
    stream.map_err(|error| tls::explain(&error, options.peer().endpoint, host))
}

async fn log_in(stream: Stream, options: &AmqpOptions) -> lapin::Result<Connection> {
    let properties =
        ConnectionProperties::default().with_connection_name(options.connection_name.as_str().into());
    // The driver asks once: it does not connect again, we do.
    let stream = Mutex::new(Some(stream));
    let hand_over = async move |_: AMQPUri, _: TokioRuntime| -> lapin::Result<Stream> {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
    };
    Connection::connector(options.uri.clone(), TokioRuntime::tokio_current(), hand_over, properties).await
}
