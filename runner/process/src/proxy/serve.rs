//! The proxy's connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::head::{BadHead, Body, MAX_HEAD, Request, end_of_head, parse};
use super::{Answer, Attempt, Origin, RULE_ORIGIN, Scheme, Upstream, UpstreamError};

/// How many connections a step may have through the proxy at once; more of them wait.
const MAX_CONNECTIONS: usize = 256;
/// How long a client may take for its request's head.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long to wait after a failed `accept`, which happens when the runner is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a client may go on sending after its answer is complete. Closing earlier, with something of it unread, would
/// reset the connection, and a reset throws away what of the answer is still on its way.
const LINGER_TIME: Duration = Duration::from_secs(2);

/// What the proxy's connections share.
struct Rules {
    origins: Vec<Origin>,
    upstream: Arc<dyn Upstream>,
    attempts: mpsc::Sender<Attempt>,
}

/// Accepts connections until it is dropped; they end with it.
pub(crate) async fn serve(
    listener: TcpListener,
    origins: Vec<Origin>,
    upstream: Arc<dyn Upstream>,
    attempts: mpsc::Sender<Attempt>,
) {
    let rules = Arc::new(Rules {
        origins,
        upstream,
        attempts,
    });
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                let rules = Arc::clone(&rules);
                connections.spawn(async move {
                    // A client that went away is its own affair.
                    let _ = rules.connection(client).await;
                    drop(place);
                });
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

impl Rules {
    async fn connection(&self, mut client: TcpStream) -> io::Result<()> {
        let mut bytes = Vec::new();
        let end = match timeout(HEAD_TIME, read_head(&mut client, &mut bytes)).await {
            Ok(Ok(Some(end))) => end,
            // Something was sent, and no head came of it in time or size.
            Ok(Ok(None)) if !bytes.is_empty() => {
                return refuse(&mut client, "400 Bad Request", "the request has no end").await;
            }
            _ => return Ok(()),
        };
        let rest = bytes.split_off(end);
        match parse(&bytes) {
            Err(BadHead { target, message }) => {
                // Not a denial: nothing was asked that a rule could forbid.
                self.report(
                    "?",
                    target,
                    Answer::Failed {
                        message: message.to_owned(),
                    },
                )
                .await;
                refuse(&mut client, "400 Bad Request", message).await
            }
            Ok(Request::Tunnel { host, port }) => self.tunnel(client, host, port, &rest).await,
            Ok(Request::Forward {
                method,
                origin,
                head,
                body,
            }) => {
                let granted = self.origins.contains(&origin).then_some(&origin);
                let Some(mut server) = self.open(&mut client, &method, &origin, granted).await?
                else {
                    return Ok(());
                };
                server.write_all(&head).await?;
                forward(client, server, &rest, body).await
            }
        }
    }

    async fn tunnel(
        &self,
        mut client: TcpStream,
        host: String,
        port: u16,
        rest: &[u8],
    ) -> io::Result<()> {
        let granted = self
            .origins
            .iter()
            .find(|origin| origin.host == host && origin.port == port);
        let asked = Origin {
            scheme: Scheme::Https,
            host,
            port,
        };
        let Some(mut server) = self.open(&mut client, "CONNECT", &asked, granted).await? else {
            return Ok(());
        };
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
        server.write_all(rest).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        Ok(())
    }

    /// The connection to a granted origin. If there is none, the client has been told why.
    async fn open(
        &self,
        client: &mut TcpStream,
        method: &str,
        asked: &Origin,
        granted: Option<&Origin>,
    ) -> io::Result<Option<TcpStream>> {
        let opened = match granted {
            Some(origin) => self.upstream.connect(origin).await,
            None => Err(UpstreamError::Denied {
                rule: RULE_ORIGIN.to_owned(),
                message: format!("this step may not reach {asked}"),
            }),
        };
        let target = asked.to_string();
        match opened {
            Ok(server) => {
                self.report(method, target, Answer::Connected).await;
                Ok(Some(server))
            }
            Err(UpstreamError::Denied { rule, message }) => {
                let text = format!("{message} (rule {rule})");
                self.report(method, target, Answer::Denied { rule, message })
                    .await;
                refuse(client, "403 Forbidden", &text).await?;
                Ok(None)
            }
            Err(UpstreamError::Unreachable { message }) => {
                let text = message.clone();
                self.report(method, target, Answer::Failed { message })
                    .await;
                refuse(client, "502 Bad Gateway", &text).await?;
                Ok(None)
            }
        }
    }

    async fn report(&self, method: &str, target: String, answer: Answer) {
        let attempt = Attempt {
            method: method.to_owned(),
            target,
            answer,
        };
        // Nobody listens any more only when the step has ended.
        let _ = self.attempts.send(attempt).await;
    }
}

/// Reads up to a head's end; `None` if there is none within the limit or before the client's end.
async fn read_head(client: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<Option<usize>> {
    loop {
        if let Some(end) = end_of_head(bytes) {
            return Ok(Some(end));
        }
        if bytes.len() >= MAX_HEAD || client.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// Sends the body on and the answer back. A second request on the same connection is not read.
async fn forward(
    mut client: TcpStream,
    mut server: TcpStream,
    rest: &[u8],
    body: Body,
) -> io::Result<()> {
    {
        let (from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let sent = async {
            let mut body: Box<dyn AsyncRead + Send + Unpin> = match body {
                Body::Length(length) => Box::new(rest.chain(from_client).take(length)),
                Body::Chunked => Box::new(rest.chain(from_client)),
            };
            copy(&mut body, &mut to_server).await
        };
        let answered = copy(&mut from_server, &mut to_client);
        // The answer's end is the end, whether or not all of the body was wanted.
        tokio::pin!(sent, answered);
        tokio::select! {
            result = &mut answered => result?,
            // A server may answer and close before it has read all; what it said still counts.
            _ = &mut sent => answered.await?,
        };
    }
    finish(&mut client).await
}

/// Ends an answered connection so that the client gets the whole answer, whatever it still sends.
async fn finish(client: &mut TcpStream) -> io::Result<()> {
    client.shutdown().await?;
    // What comes now is of no use, and neither is the reason why it ends.
    let _ = timeout(LINGER_TIME, copy(client, &mut sink())).await;
    Ok(())
}

/// An answer of the proxy itself, in words that a log shows.
async fn refuse(client: &mut TcpStream, status: &str, message: &str) -> io::Result<()> {
    // What came in from a client is in the message, and must not become a header.
    let text: String = message.chars().filter(|c| !c.is_control()).collect();
    let body = format!("capstep: {text}\n");
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(answer.as_bytes()).await?;
    finish(client).await
}
