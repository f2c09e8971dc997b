//! A server's answer, masked as one stream however it is cut.

use capstep_net::NetError;
use capstep_net::http::BodyStream;
use capstep_secrets::StreamMasker;

use crate::step::Shared;

/// A body of which no part holds a known secret.
pub(super) struct MaskedBody {
    body: BodyStream,
    masker: StreamMasker,
    read: usize,
    ended: bool,
}

impl MaskedBody {
    pub(super) fn new(shared: &Shared, body: BodyStream) -> Self {
        Self {
            body,
            masker: StreamMasker::new(&shared.masker),
            read: 0,
            ended: false,
        }
    }

    /// The next part, never an empty one; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, NetError> {
        while !self.ended {
            let part = match self.body.chunk().await? {
                Some(chunk) => {
                    self.read = self.read.saturating_add(chunk.len());
                    self.masker.push(&chunk)
                }
                None => {
                    self.ended = true;
                    self.masker.end()
                }
            };
            if !part.is_empty() {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// How much came from the server so far.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// How many secrets were replaced so far.
    pub(super) fn replaced(&self) -> u64 {
        self.masker.replaced()
    }
}
