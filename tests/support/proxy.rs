//! A connection that breaks: bytes are passed on in both directions until so many have gone to the server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A listening proxy; it ends with the process.
pub struct Proxy {
    pub port: u16,
    /// Bytes that the clients sent so far, over all connections.
    pub passed: Arc<AtomicU64>,
}

/// What happens once so many bytes have gone to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Cut,
    Stall,
}

impl Proxy {
    /// Passes `limit` bytes in all to the server on `port`, then cuts everything and lets nobody in.
    pub fn cutting(port: u16, limit: u64) -> Self {
        Self::start(port, limit, Then::Cut)
    }

    /// The same, but connections stay open and nothing goes on.
    pub fn stalling(port: u16, limit: u64) -> Self {
        Self::start(port, limit, Then::Stall)
    }

    fn start(port: u16, limit: u64, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let passed = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&passed);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if counter.load(Ordering::SeqCst) >= limit && then == Then::Cut {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let (client_back, server_back) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || copy(server_back, client_back));
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || {
                    let ended = pass(&client, &server, &counter, limit);
                    if ended == Ended::Limit && then == Then::Stall {
                        // Longer than any test.
                        std::thread::sleep(Duration::from_secs(600));
                    }
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port: own, passed }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

#[derive(PartialEq, Eq)]
enum Ended {
    Limit,
    Closed,
}

fn pass(mut client: &TcpStream, mut server: &TcpStream, counter: &AtomicU64, limit: u64) -> Ended {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let before = counter.fetch_add(length as u64, Ordering::SeqCst);
        let room = usize::try_from(limit.saturating_sub(before))
            .unwrap()
            .min(length);
        if server.write_all(&buffer[..room]).is_err() {
            return Ended::Closed;
        }
        if room < length {
            return Ended::Limit;
        }
    }
    Ended::Closed
}
