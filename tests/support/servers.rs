//! Hosts that misbehave.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Listens, and does this with every connection, until the process ends. Gives the port.
pub fn serve(with: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let with = Arc::new(with);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let with = Arc::clone(&with);
            std::thread::spawn(move || with(stream));
        }
    });
    port
}

/// Accepts and never answers.
pub fn silent() -> u16 {
    serve(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// Answers a request with a body of `size` bytes, or as much as is taken; counts what was sent.
pub fn flood(size: u64) -> (u16, Arc<AtomicU64>) {
    counting(move |mut stream, counter| {
        if read_head(&mut stream) {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            send(&mut stream, size, counter);
        }
    })
}

/// Talks at once, without being asked: `size` bytes, or as much as is taken.
pub fn talking(size: u64) -> (u16, Arc<AtomicU64>) {
    counting(move |mut stream, counter| send(&mut stream, size, counter))
}

/// Sends `head` and then `piece` again and again without being asked: `size` bytes, or as much as is taken.
pub fn pouring(head: Vec<u8>, piece: Vec<u8>, size: u64) -> (u16, Arc<AtomicU64>) {
    counting(move |mut stream, counter| {
        let pieces = piece.repeat(1 + (64 << 10) / piece.len());
        if stream.write_all(&head).is_ok() {
            while counter.load(Ordering::SeqCst) < size && stream.write_all(&pieces).is_ok() {
                counter.fetch_add(pieces.len() as u64, Ordering::SeqCst);
            }
        }
    })
}

/// Answers a request with `head` and then `piece` again and again: `size` bytes, or as much as is taken.
pub fn repeating(head: String, piece: String, size: u64) -> (u16, Arc<AtomicU64>) {
    counting(move |mut stream, counter| {
        if read_head(&mut stream) && stream.write_all(head.as_bytes()).is_ok() {
            while counter.load(Ordering::SeqCst) < size
                && stream.write_all(piece.as_bytes()).is_ok()
            {
                counter.fetch_add(piece.len() as u64, Ordering::SeqCst);
            }
        }
    })
}

fn counting(with: impl Fn(TcpStream, &AtomicU64) + Send + Sync + 'static) -> (u16, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    (serve(move |stream| with(stream, &counter)), sent)
}

fn send(stream: &mut TcpStream, size: u64, counter: &AtomicU64) {
    let piece = vec![b'x'; 64 << 10];
    let mut left = size;
    while left > 0 {
        let length = usize::try_from(left.min(piece.len() as u64)).unwrap();
        if stream.write_all(&piece[..length]).is_err() {
            return;
        }
        counter.fetch_add(length as u64, Ordering::SeqCst);
        left -= length as u64;
    }
}

/// Answers every request with this status line and body, and counts requests.
pub fn answering(status: &'static str, body: &'static str) -> (u16, Arc<AtomicU64>) {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let port = serve(move |mut stream| {
        if read_head(&mut stream) {
            counter.fetch_add(1, Ordering::SeqCst);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    (port, count)
}

/// Sends everybody on to a URL.
pub fn redirecting(to: String) -> u16 {
    serve(move |mut stream| {
        if read_head(&mut stream) {
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    })
}

/// Reads to the end of a request's head.
pub fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// A port that somebody listens on and nobody takes connections from: they wait until their time is up.
pub struct Full {
    pub port: u16,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

/// A listener with as many connections waiting as it has room for.
pub fn full() -> Full {
    use rustix::net::{
        AddressFamily, SocketAddrV4, SocketFlags, SocketType, bind, listen, socket_with,
    };
    let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
    let listener = socket_with(family, kind, SocketFlags::CLOEXEC, None).unwrap();
    bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&listener, 0).unwrap();
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    // The first that is not taken says that there is no room for more.
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        waiting.push(stream);
    }
    Full {
        port: address.port(),
        _listener: listener,
        _waiting: waiting,
    }
}
