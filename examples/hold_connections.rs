//! Opens TCP connections on loopback and holds them until its input ends: something for `mig netstat` to look through.
//!
//! ```text
//! cargo run -p mig-examples --example hold_connections -- 1000
//! ```
//!
//! Each connection takes two descriptors; `ulimit -n` says how many a process may have.

use std::{
    env,
    error::Error,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
};

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = env::args().nth(1).ok_or("how many connections?")?.parse()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push((TcpStream::connect(address)?, listener.accept()?));
    }
    writeln!(io::stdout(), "{count} connections to {address}")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
