//! A network that can be cut and stalled, between us and the broker.

use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    stalled: bool,
    /// Connections that were made before a cut end.
    cuts: u32,
}

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) port: u16,
    weather: Arc<watch::Sender<Weather>>,
}

impl Network {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let weather = Arc::new(watch::Sender::new(Weather::default()));
        let seen = Arc::clone(&weather);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await else {
                    continue;
                };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(carry(from_client, to_server, seen.subscribe()));
                tokio::spawn(carry(from_server, to_client, seen.subscribe()));
            }
        });
        Self { port: own_port, weather }
    }

    /// Ends all connections; new ones are carried again.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.cuts += 1);
    }

    /// Nothing passes any more, and nobody is told.
    pub(crate) fn stall(&self) {
        self.weather.send_modify(|weather| weather.stalled = true);
    }

    pub(crate) fn go_on(&self) {
        self.weather.send_modify(|weather| weather.stalled = false);
    }
}

async fn carry(from: OwnedReadHalf, to: OwnedWriteHalf, weather: watch::Receiver<Weather>) {
    let (mut cuts, now) = (weather.clone(), weather.borrow().cuts);
    tokio::select! {
        _ = cuts.wait_for(|weather| weather.cuts > now) => {}
        () = copy(from, to, weather) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if weather.wait_for(|weather| !weather.stalled).await.is_err()
            || count == 0
            || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
}
