//! A web server that keeps what it was asked, and answers as the test says: plain, or over TLS with a certificate of its own
//! making.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::servers;

/// One request, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is answered: a status line, header lines, a body.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub status: &'static str,
    pub headers: &'static str,
    pub body: &'static str,
}

/// An answer without headers of its own.
pub fn answer(status: &'static str, body: &'static str) -> Answer {
    Answer {
        status,
        headers: "",
        body,
    }
}

/// A running server; it ends with the process.
pub struct Recorder {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    /// The certificate to trust, in PEM, where it speaks TLS.
    pub certificate: Option<String>,
}

impl Recorder {
    /// A plain one. Its answers depend on how many requests there were before.
    pub fn start(answers: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let port = servers::serve(move |stream| exchange(stream, &kept, &answers));
        Self {
            port,
            requests,
            certificate: None,
        }
    }

    /// One over TLS, for 127.0.0.1, with a certificate that nobody trusts by himself.
    pub fn start_tls(answers: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .unwrap();
        let config = Arc::new(config);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let port = servers::serve(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            exchange(StreamOwned::new(connection, stream), &kept, &answers);
        });
        Self {
            port,
            requests,
            certificate: Some(certificate.pem()),
        }
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn exchange(
    mut stream: impl Read + Write,
    kept: &Mutex<Vec<Request>>,
    answers: &impl Fn(usize) -> Answer,
) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(request);
        kept.len() - 1
    };
    let Answer {
        status,
        headers,
        body,
    } = answers(number);
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let _ = stream.flush();
}

/// Reads one request; none where the connection ends before it is whole.
fn read(stream: &mut impl Read) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let mut request = Request {
        method: first.next()?.to_owned(),
        path: first.next()?.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: String::new(),
    };
    let length = request.header("content-length");
    let length = length.map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
