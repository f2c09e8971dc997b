//! What a step's operations hold in the host's memory: the bodies of requests until they are sent, and of answers until
//! they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::{ErrorKind, VerbError};

/// How much that may be at once: as much as the plugin's own memory.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A step's account.
#[derive(Debug, Default, Clone)]
pub(crate) struct Held(Arc<AtomicU64>);

/// A part of it, given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    held: Held,
    bytes: u64,
}

impl Held {
    /// A lease of nothing yet.
    pub(crate) fn lease(&self) -> Lease {
        Lease {
            held: self.clone(),
            bytes: 0,
        }
    }
}

impl Lease {
    /// Takes so much more.
    ///
    /// # Errors
    /// It would be more than the step may hold.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), VerbError> {
        let bytes = bytes as u64;
        let before = self.held.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) > LIMIT {
            return Err(VerbError::new(
                ErrorKind::TooLarge,
                "the step's requests and answers hold 256 MiB: drop those that are done",
            ));
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let held = Held::default();
        let half = usize::try_from(LIMIT / 2).unwrap();
        let (mut one, mut two, mut three) = (held.lease(), held.lease(), held.lease());
        one.grow(half).unwrap();
        two.grow(half).unwrap();
        assert_eq!(three.grow(1).unwrap_err().kind, ErrorKind::TooLarge);
        drop((one, three));
        held.lease().grow(half).unwrap();
    }
}
