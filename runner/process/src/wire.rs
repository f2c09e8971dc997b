//! Frames between the runner and the inside part: a length (four bytes, little endian) and JSON.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::SetupStage;
use crate::spec::{Enforced, StepEnd, StepSpec};

/// The largest frame: a script of 1 MiB and more variables than the kernel passes on (2 MiB), as JSON.
pub(crate) const MAX_FRAME: usize = 16 << 20;
const LENGTH: usize = size_of::<u32>();

/// What the runner hands to the inside part: a spec whose paths have been checked, and what the runner made for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The checked spec: its paths are absolute and canonical.
    pub(crate) spec: StepSpec,
    /// Whether to use namespaces.
    pub(crate) namespaces: bool,
    /// The landlock ABI to use; 0 is none.
    pub(crate) landlock_abi: u8,
    /// The private folder, with `home`, `tmp`, `root` and `script` in it.
    pub(crate) scratch: PathBuf,
    /// Arguments before the hidden one, for the next execution of the program.
    pub(crate) arguments: Vec<std::ffi::OsString>,
    /// The port of the proxy in the step's network; `outer` fills it in.
    pub(crate) proxy_port: Option<u16>,
    /// Whether a cgroup counts the step's processes. (One that limits memory is there whenever that is asked for.)
    pub(crate) counted_by_cgroup: bool,
}

/// What the runner says while a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Send `SIGTERM` to everything in the step.
    Terminate,
}

/// What the inside part says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The proxy's listener comes with this frame.
    Listening,
    /// Everything is in force; the shell is being started.
    Ready(Enforced),
    /// A part could not be set up, and nothing was started.
    Failed {
        /// The part.
        stage: SetupStage,
        /// Why.
        message: String,
    },
    /// The script has ended.
    Ended {
        /// `Exited` or `Signalled`.
        end: StepEnd,
        /// The largest process's peak, in bytes.
        peak_memory: u64,
        /// From the shell's start to its end, in milliseconds.
        milliseconds: u64,
    },
}

/// A frame's bytes. They may hold secrets.
pub(crate) fn encode<T: Serialize>(message: &T) -> io::Result<Zeroizing<Vec<u8>>> {
    // Growing would leave copies behind, so the size is found first.
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, message)?;
    let length = u32::try_from(counter.0)
        .ok()
        .filter(|length| *length as usize <= MAX_FRAME)
        .ok_or_else(|| io::Error::other("the step's script and variables are too large"))?;
    let mut frame = Zeroizing::new(Vec::with_capacity(LENGTH + counter.0));
    frame.extend_from_slice(&length.to_le_bytes());
    serde_json::to_writer(&mut *frame, message)?;
    Ok(frame)
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads one frame; `None` at the stream's end.
pub(crate) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; LENGTH];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::other("a frame is too long"));
    }
    let mut frame = Zeroizing::new(vec![0; length]);
    from.read_exact(&mut frame)?;
    Ok(Some(serde_json::from_slice(&frame)?))
}

/// Writes one frame.
pub(crate) fn write<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    to.write_all(&encode(message)?)
}

/// Frames (and descriptors) out of bytes that come in pieces.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

impl Incoming {
    /// Adds what was received.
    pub(crate) fn push(&mut self, bytes: &[u8], descriptors: impl IntoIterator<Item = OwnedFd>) {
        self.bytes.extend_from_slice(bytes);
        self.descriptors.extend(descriptors);
    }

    /// The next complete frame.
    pub(crate) fn next_report(&mut self) -> io::Result<Option<Report>> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_FRAME {
            return Err(io::Error::other("a frame is too long"));
        }
        let Some(frame) = rest.get(..length) else {
            return Ok(None);
        };
        let report = serde_json::from_slice(frame)?;
        self.bytes.drain(..LENGTH + length);
        Ok(Some(report))
    }

    /// The listener that came with a frame.
    pub(crate) fn take_listener(&mut self) -> Option<TcpListener> {
        self.descriptors.pop().map(TcpListener::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_in_pieces() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Report::Listening).unwrap();
        write(
            &mut bytes,
            &Report::Failed {
                stage: SetupStage::Root,
                message: "x".into(),
            },
        )
        .unwrap();
        let mut incoming = Incoming::default();
        let mut seen = Vec::new();
        for byte in bytes {
            incoming.push(&[byte], []);
            while let Some(report) = incoming.next_report().unwrap() {
                seen.push(report);
            }
        }
        assert!(matches!(
            seen.as_slice(),
            [
                Report::Listening,
                Report::Failed {
                    stage: SetupStage::Root,
                    ..
                }
            ]
        ));
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused() {
        let mut incoming = Incoming::default();
        incoming.push(&u32::MAX.to_le_bytes(), []);
        assert!(incoming.next_report().is_err());
        assert!(read::<Report>(&mut u32::MAX.to_le_bytes().as_slice()).is_err());
    }

    #[test]
    fn the_end_between_frames_is_no_error() {
        assert!(read::<Report>(&mut [].as_slice()).unwrap().is_none());
        assert!(read::<Report>(&mut [5, 0, 0, 0, b'"'].as_slice()).is_err());
    }
}
