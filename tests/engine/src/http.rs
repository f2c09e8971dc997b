//! One plain HTTP request over a socket or TCP, answered in one piece.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// No test waits longer for a server on the same machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Status and body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Asks over a socket.
pub fn unix(socket: &Path, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LIMIT))?;
    ask(stream, method, path, "", body)
}

/// Asks on loopback; `headers` are whole lines with their ends.
pub fn tcp(port: u16, method: &str, path: &str, headers: &str) -> io::Result<Answer> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    ask(stream, method, path, headers, b"")
}

fn ask(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<Answer> {
    // HTTP/1.0: the answer ends with the connection, never in chunks.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: test\r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    let end = all
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| io::Error::other("no end of the head"))?;
    let headers = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = headers
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::other("no status"))?;
    Ok(Answer {
        status,
        headers,
        body: all[end + 4..].to_vec(),
    })
}
