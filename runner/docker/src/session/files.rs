//! The context, as far as BuildKit asks for it: a transfer over a call.

use std::sync::{Arc, mpsc as std_mpsc};

use http::HeaderMap;
use tokio::sync::mpsc;

use crate::context::outcome::Outcome;
use crate::context::source::ContextSource;
use crate::session::grpc::{Incoming, Outgoing, Status};
use crate::session::messages::{Packet, PacketKind};
use crate::session::question::Question;
use crate::session::sender::{Sender, Wish};

/// How many pieces of files may wait for the connection; with those in the readers' hands, the memory of a transfer.
const PIECES: usize = 8;

/// How many files are read at once. BuildKit's own client reads as many; with one, the engine waits between small files.
const READERS: usize = 4;

/// What is served to BuildKit.
#[derive(Clone)]
pub(super) struct Files {
    source: ContextSource,
    dockerfile: String,
    outcome: Outcome,
}

impl Files {
    pub(super) fn new(source: ContextSource, dockerfile: String, outcome: Outcome) -> Self {
        Self {
            source,
            dockerfile,
            outcome,
        }
    }

    /// One transfer, from the first packet to the last.
    pub(super) async fn transfer(
        &self,
        headers: &HeaderMap,
        incoming: &mut Incoming,
        outgoing: &mut Outgoing,
    ) -> Result<(), Status> {
        let (wishes, wished) = std_mpsc::channel();
        let (frames, mut ready) = mpsc::channel(PIECES);
        let sender = Arc::new(Sender::new(
            (self.source.clone(), self.dockerfile.clone()),
            Question::read(headers),
            self.outcome.clone(),
            frames,
            wished,
        ));
        for _ in 0..READERS {
            let sender = Arc::clone(&sender);
            tokio::task::spawn_blocking(move || sender.serve());
        }
        tokio::task::spawn_blocking(move || sender.tell());
        let sending = async {
            while let Some(frame) = ready.recv().await {
                outgoing.send_frame(frame).await?;
            }
            Ok(())
        };
        // It owns the wishes: when it ends there are no more, and the readers end.
        let hearing = async move {
            // The receiver asks while it is still being told what there is: its wishes wait in memory, at most one
            // for each entry that it was told of.
            while let Some(packet) = incoming.next::<Packet>().await? {
                match PacketKind::try_from(packet.kind) {
                    Ok(PacketKind::Request) => {
                        let _ = wishes.send(Wish::File(packet.id));
                    }
                    Ok(PacketKind::Finish) => {
                        let _ = wishes.send(Wish::End);
                        return Ok(());
                    }
                    Ok(PacketKind::Error) => return Err(Status::gone()),
                    _ => return Err(Status::invalid("a packet out of place")),
                }
            }
            // Without a finish, the transfer was given up.
            Err(Status::gone())
        };
        let result = tokio::try_join!(sending, hearing);
        result.map(|_| ())
    }
}
