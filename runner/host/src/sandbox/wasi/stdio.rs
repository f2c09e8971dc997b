//! The guest's standard streams: always attached, never to this program's own.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::sandbox::limits;

/// Where the guest's output goes.
///
/// The guest's thread calls it and waits for it, so what is slow here slows the guest and nothing piles up.
#[async_trait]
pub(crate) trait Sink: Send + Sync + 'static {
    /// Takes bytes, at most [`limits::OUTPUT_CHUNK`].
    fn write(&self, bytes: &[u8]);

    /// Whether it takes bytes now.
    fn is_ready(&self) -> bool {
        true
    }

    /// Waits until it does.
    async fn ready(&self) {}
}

/// A standard output or error that writes to a sink.
#[derive(Clone)]
pub(crate) struct OutputPipe(Arc<dyn Sink>);

impl OutputPipe {
    pub(crate) fn new(sink: Arc<dyn Sink>) -> Self {
        Self(sink)
    }
}

impl IsTerminal for OutputPipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for OutputPipe {
    /// Only WASI 0.3 would ask for it, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for OutputPipe {
    async fn ready(&mut self) {
        self.0.ready().await;
    }
}

#[async_trait]
impl OutputStream for OutputPipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        for chunk in bytes.chunks(limits::OUTPUT_CHUNK) {
            self.0.write(chunk);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(if self.0.is_ready() {
            limits::OUTPUT_CHUNK
        } else {
            0
        })
    }
}

/// A standard input that the host writes to while the guest runs.
#[derive(Clone, Default)]
pub(crate) struct InputPipe(Arc<Input>);

#[derive(Default)]
struct Input {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    length: usize,
    closed: bool,
}

impl InputPipe {
    /// One that holds these bytes and then ends.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let pipe = Self::default();
        pipe.push(bytes.into());
        pipe.queue().closed = true;
        pipe
    }

    /// Adds bytes; how many have not been read then.
    pub(crate) fn push(&self, bytes: Bytes) -> usize {
        let mut queue = self.queue();
        queue.length += bytes.len();
        if !bytes.is_empty() {
            queue.chunks.push_back(bytes);
        }
        let length = queue.length;
        drop(queue);
        self.0.changed.notify_waiters();
        length
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds the lock can leave the queue half changed.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for InputPipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for InputPipe {
    /// Only WASI 0.3 would ask for it, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for InputPipe {
    async fn ready(&mut self) {
        loop {
            let mut changed: Pin<&mut _> = std::pin::pin!(self.0.changed.notified());
            // Registered before looking, so that a push in between is not missed.
            changed.as_mut().enable();
            {
                let queue = self.queue();
                if queue.closed || !queue.chunks.is_empty() {
                    return;
                }
            }
            changed.await;
        }
    }
}

#[async_trait]
impl InputStream for InputPipe {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut queue = self.queue();
        let Some(mut chunk) = queue.chunks.pop_front() else {
            return if queue.closed {
                Err(StreamError::Closed)
            } else {
                Ok(Bytes::new())
            };
        };
        let taken = chunk.split_to(size.min(chunk.len()));
        if !chunk.is_empty() {
            queue.chunks.push_front(chunk);
        }
        queue.length -= taken.len();
        Ok(taken)
    }
}
