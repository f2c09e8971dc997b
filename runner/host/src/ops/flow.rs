//! Bytes that flow between operations on the host, never through the plugin.
//!
//! The end of a flow is said. A source that goes away without a word was cancelled or broke off, and what has come of it
//! so far must not pass for the whole.

use tokio::sync::mpsc;

/// How many chunks may wait between a source and a sink: enough to keep both busy. A step may have a thousand sources that
/// nobody takes from, and what they hold is the host's memory.
const CHUNKS_IN_FLIGHT: usize = 2;

/// What is sent along a flow.
pub(crate) enum Flowing {
    /// The next bytes.
    Chunk(Vec<u8>),
    /// All bytes have been sent.
    End,
    /// There will be no more, and they were not all.
    Broken(String),
}

/// The writing end of a flow.
pub(crate) type FlowSink = mpsc::Sender<Flowing>;

/// The reading end of a flow, taken once.
pub(crate) struct FlowSource(mpsc::Receiver<Flowing>);

impl FlowSource {
    /// A flow's two ends.
    pub(crate) fn pair() -> (FlowSink, Self) {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        (sender, Self(receiver))
    }

    /// The next bytes; none at their end.
    ///
    /// # Errors
    /// The source broke off, and why.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self.0.recv().await {
            Some(Flowing::Chunk(chunk)) => Ok(Some(chunk)),
            Some(Flowing::End) => Ok(None),
            Some(Flowing::Broken(message)) => Err(message),
            None => Err("the bytes stopped before their end".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_said_end_is_one() {
        let check = async |sent: Vec<Flowing>, expected: Result<&str, &str>| {
            let (sink, mut source) = FlowSource::pair();
            // A flow holds little: who writes waits for who reads.
            tokio::spawn(async move {
                for piece in sent {
                    sink.send(piece).await.unwrap();
                }
            });
            let mut bytes = Vec::new();
            let ended = loop {
                match source.next().await {
                    Ok(Some(chunk)) => bytes.extend(chunk),
                    Ok(None) => break Ok(String::from_utf8(bytes).unwrap()),
                    Err(message) => break Err(message),
                }
            };
            assert_eq!(ended.as_deref().map_err(String::as_str), expected);
        };
        let chunk = |text: &str| Flowing::Chunk(text.into());
        check(vec![chunk("a"), chunk("b"), Flowing::End], Ok("ab")).await;
        check(vec![Flowing::End], Ok("")).await;
        check(vec![chunk("a")], Err("the bytes stopped before their end")).await;
        check(vec![], Err("the bytes stopped before their end")).await;
        check(
            vec![chunk("a"), Flowing::Broken("why".to_owned())],
            Err("why"),
        )
        .await;
    }
}
