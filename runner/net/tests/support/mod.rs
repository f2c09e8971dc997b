//! A resolver with prepared answers, and small servers on loopback.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use capstep_net::NetworkPolicy;
use capstep_net::resolve::{Resolver, Resolving};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers each question with the next of its answers; the last one is repeated.
#[derive(Default)]
pub(crate) struct Answers {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    pub(crate) asked: AtomicUsize,
}

impl Answers {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers
            .iter()
            .map(|answer| answer.iter().map(|ip| ip.parse().unwrap()).collect())
            .collect();
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: AtomicUsize::new(0),
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolver for Answers {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        Box::pin(async move {
            answer.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
        })
    }
}

/// A policy that names these networks.
pub(crate) fn policy(allow: &[&str]) -> NetworkPolicy {
    NetworkPolicy {
        set: true,
        trusted_ref: true,
        allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

/// Serves every connection with `serve`, until the test's runtime ends.
pub(crate) async fn server<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A loopback port that nobody listens on.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Reads one request, head and body, as text.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let done = match length {
                Some(length) => body.len() >= length.parse::<usize>().unwrap(),
                None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
            };
            if done {
                return text;
            }
        }
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}

/// Answers every request with what `answer` makes of it, byte for byte, and closes.
pub(crate) async fn web<F>(answer: F) -> SocketAddr
where
    F: Fn(&str) -> Vec<u8> + Clone + Send + 'static,
{
    server(move |mut stream| {
        let answer = answer.clone();
        async move {
            let request = read_request(&mut stream).await;
            let _ = stream.write_all(&answer(&request)).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}
