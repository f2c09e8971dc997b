//! The caller's stream, with a switch to cut it, a limit on a write that makes no progress, and one on what comes before
//! the login.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A peer that takes no byte for so long is gone. Keepalives cannot find that out: they wait behind the same write.
const WRITE_STALL_LIMIT: Duration = Duration::from_secs(120);

/// How much a server may say before it has let us in, in bytes: versions, algorithms, keys and banners take a hundredth of
/// it. There are packets that mean nothing, of which it could send any number.
pub(crate) const LOGIN_LIMIT: u64 = 1 << 20;

/// What came from the server so far, for those who don't have the stream any more.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    received: AtomicU64,
    unlimited: AtomicBool,
    ended: AtomicBool,
}

impl Inbound {
    /// The login is complete: from now on there is no limit.
    pub(crate) fn lift(&self) {
        self.unlimited.store(true, Ordering::Relaxed);
    }

    /// Whether the server sent more than it may before the login.
    pub(crate) fn is_too_much(&self) -> bool {
        !self.unlimited.load(Ordering::Relaxed)
            && self.received.load(Ordering::Relaxed) > LOGIN_LIMIT
    }

    /// Whether the server closed the connection, or it broke.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// Wraps a stream so that the task which russh spawns for it ends when the token is cancelled: russh itself goes on
/// waiting for a silent peer when the future that connects is dropped.
pub(crate) struct GuardedStream<S> {
    inner: S,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    stall: Option<Pin<Box<Sleep>>>,
    inbound: Arc<Inbound>,
}

impl<S> GuardedStream<S> {
    pub(crate) fn new(inner: S, token: CancellationToken) -> Self {
        Self {
            inner,
            cut: Box::pin(token.cancelled_owned()),
            stall: None,
            inbound: Arc::default(),
        }
    }

    /// What came so far.
    pub(crate) fn inbound(&self) -> Arc<Inbound> {
        Arc::clone(&self.inbound)
    }

    fn check_cut(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the session was closed",
            )),
            Poll::Pending => Ok(()),
        }
    }

    /// Arms the stall timer while writes are pending, and fails when it has run out.
    fn bound<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_STALL_LIMIT)));
        match stall.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the server takes no more data",
            ))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_cut(context)?;
        if self.inbound.is_too_much() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server says too much before the login",
            )));
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        match &result {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                let read = buffer.filled().len() - before;
                self.inbound
                    .received
                    .fetch_add(read as u64, Ordering::Relaxed);
            }
            Poll::Ready(_) => self.inbound.ended.store(true, Ordering::Relaxed),
            Poll::Pending => {}
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_cut(context)?;
        let result = Pin::new(&mut self.inner).poll_write(context, buffer);
        self.bound(context, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_cut(context)?;
        let result = Pin::new(&mut self.inner).poll_flush(context);
        self.bound(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_cut(context)?;
        let result = Pin::new(&mut self.inner).poll_shutdown(context);
        self.bound(context, result)
    }
}
