//! gRPC as far as a session needs it: a call's messages, and its end, over one stream of HTTP/2.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Response};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use prost::Message;

/// The largest message that is taken: what the engine sends are requests of some kilobytes.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// Before each message: a byte for compression, which is never used, and its length.
const PREFIX: usize = 5;

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    code: u8,
    message: String,
}

impl Status {
    pub(super) fn ok() -> Self {
        Self {
            code: 0,
            message: String::new(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: 3,
            message: message.into(),
        }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self {
            code: 5,
            message: message.into(),
        }
    }

    pub(super) fn unimplemented() -> Self {
        Self {
            code: 12,
            message: "not served by this session".to_owned(),
        }
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self {
            code: 13,
            message: message.into(),
        }
    }

    /// The connection ended; nobody hears this.
    pub(super) fn gone() -> Self {
        Self {
            code: 1,
            message: "the connection ended".to_owned(),
        }
    }
}

/// The messages of a call that come in.
pub(super) struct Incoming {
    stream: RecvStream,
    buffer: BytesMut,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
        }
    }

    /// The next message; none at the end.
    pub(super) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return M::decode(message)
                    .map(Some)
                    .map_err(|error| Status::invalid(error.to_string()));
            }
            match self.stream.data().await {
                None => return Ok(None),
                Some(Err(_)) => return Err(Status::gone()),
                Some(Ok(bytes)) => {
                    self.buffer.extend_from_slice(&bytes);
                    // What is in the buffer has been taken: the other side may send as much again.
                    self.stream
                        .flow_control()
                        .release_capacity(bytes.len())
                        .map_err(|_| Status::gone())?;
                }
            }
        }
    }

    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(mut prefix) = self.buffer.get(..PREFIX) else {
            return Ok(None);
        };
        if prefix.get_u8() != 0 {
            return Err(Status::invalid("a compressed message"));
        }
        let length = prefix.get_u32() as usize;
        if length > MESSAGE_LIMIT {
            return Err(Status::invalid("a message larger than 4 MiB"));
        }
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

/// The messages of a call that go out. Sending waits until the other side takes more, so nothing piles up.
pub(super) struct Outgoing {
    stream: SendStream<Bytes>,
}

impl Outgoing {
    /// Begins the answer.
    pub(super) fn begin(mut respond: SendResponse<Bytes>) -> Result<Self, Status> {
        let mut head = Response::new(());
        head.headers_mut().insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        respond
            .send_response(head, false)
            .map(|stream| Self { stream })
            .map_err(|_| Status::gone())
    }

    /// Sends a message that is encoded and has its prefix already.
    pub(super) async fn send_frame(&mut self, mut bytes: Bytes) -> Result<(), Status> {
        while !bytes.is_empty() {
            self.stream.reserve_capacity(bytes.len());
            let capacity = std::future::poll_fn(|context| self.stream.poll_capacity(context)).await;
            match capacity {
                Some(Ok(0)) => {}
                Some(Ok(capacity)) => {
                    let part = bytes.split_to(capacity.min(bytes.len()));
                    self.stream
                        .send_data(part, false)
                        .map_err(|_| Status::gone())?;
                }
                Some(Err(_)) | None => return Err(Status::gone()),
            }
        }
        Ok(())
    }

    /// Ends the call.
    pub(super) fn end(mut self, status: &Status) {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from(u16::from(status.code)));
        if !status.message.is_empty() {
            let text = utf8_percent_encode(&status.message, CONTROLS).to_string();
            if let Ok(text) = HeaderValue::from_str(&text) {
                trailers.insert("grpc-message", text);
            }
        }
        // Where the connection is gone there is nobody to tell.
        let _ = self.stream.send_trailers(trailers);
    }
}

/// What stands before a message of this length.
pub(super) fn frame_prefix(bytes: &mut impl BufMut, length: usize) -> Result<(), Status> {
    let length = u32::try_from(length).map_err(|_| Status::internal("a message too large"))?;
    bytes.put_u8(0);
    bytes.put_u32(length);
    Ok(())
}
