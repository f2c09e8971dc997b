//! A small HTTP service, as a team would deploy it: it serves the folder it is told, and says at `/health` whether it
//! is well. It prints its port, and ends when its standard input is closed.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn main() {
    let folder: Arc<Path> =
        PathBuf::from(std::env::args_os().nth(1).expect("the folder to serve")).into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", listener.local_addr().unwrap().port()).unwrap();
    stdout.flush().unwrap();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    for stream in listener.incoming().flatten() {
        let folder = Arc::clone(&folder);
        std::thread::spawn(move || serve(&folder, stream));
    }
}

fn serve(folder: &Path, mut stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut header = String::new();
    while reader.read_line(&mut header).ok()? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1)?.to_owned();
    let (status, kind, body) = if path == "/health" {
        health(folder)
    } else {
        match fs::read(folder.join(path.trim_start_matches('/'))) {
            Ok(body) => ("200 OK", "text/plain", body),
            Err(_) => ("404 Not Found", "text/plain", b"no such file\n".to_vec()),
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()
}

/// Healthy with a version and with the settings that it can't do without.
fn health(folder: &Path) -> (&'static str, &'static str, Vec<u8>) {
    let version = fs::read_to_string(folder.join("VERSION"));
    let settings = fs::read_to_string(folder.join(".env"));
    let kind = "application/json";
    match (version, settings) {
        (Ok(version), Ok(settings)) if settings.contains("SECRET_KEY_BASE=") => {
            let status = if version.trim() == "broken" {
                "broken"
            } else {
                "healthy"
            };
            let body = format!(
                "{{\"status\":\"{status}\",\"version\":\"{}\"}}\n",
                version.trim()
            );
            let line = if status == "healthy" {
                "200 OK"
            } else {
                "500 Internal Server Error"
            };
            (line, kind, body.into_bytes())
        }
        _ => (
            "503 Service Unavailable",
            kind,
            b"{\"status\":\"not deployed\"}\n".to_vec(),
        ),
    }
}
