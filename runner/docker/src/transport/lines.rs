//! An answer line by line.

use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use crate::error::{DockerError, DockerErrorKind, Stage};

/// The longest line: a piece of BuildKit's trace carries what was logged in a tenth of a second.
const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// A body line by line.
pub(crate) struct Lines(BoxStream<'static, Result<String, LinesCodecError>>);

impl Lines {
    pub(crate) fn of(body: Incoming) -> Self {
        let bytes = BodyDataStream::new(body).map_err(std::io::Error::other);
        let codec = LinesCodec::new_with_max_length(LINE_LIMIT);
        Self(FramedRead::new(StreamReader::new(bytes), codec).boxed())
    }

    /// The next line that isn't empty.
    pub(crate) async fn next(&mut self, stage: Stage) -> Result<Option<String>, DockerError> {
        loop {
            match self.0.next().await {
                None => return Ok(None),
                Some(Ok(line)) if line.trim().is_empty() => {}
                Some(Ok(line)) => return Ok(Some(line)),
                Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                    return Err(DockerError::new(
                        stage,
                        DockerErrorKind::TooLarge,
                        "the engine sent a line that does not end",
                    ));
                }
                Some(Err(LinesCodecError::Io(error))) => {
                    return Err(DockerError::unreachable(
                        stage,
                        format!("the connection to the engine was lost: {error}"),
                    ));
                }
            }
        }
    }
}
