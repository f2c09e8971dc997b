//! What of the workspace may be kept.

use std::sync::Arc;

use capstep_caches::Gate;

use crate::files::{COMPARE_LIMIT, SealedFiles, Workspace};

/// Hides what no grant reaches, and refuses what holds secrets.
pub(super) struct Guard {
    pub(super) workspace: Arc<Workspace>,
    pub(super) sealed: Arc<SealedFiles>,
}

impl Gate for Guard {
    fn hides(&self, path: &str) -> bool {
        self.workspace.is_reserved(path)
    }

    fn is_sealed(&self, path: &str) -> bool {
        self.sealed.template(path).is_some()
    }

    fn compares_up_to(&self) -> u64 {
        if self.sealed.is_empty() {
            0
        } else {
            COMPARE_LIMIT as u64
        }
    }

    fn is_copy(&self, bytes: &[u8]) -> bool {
        self.sealed.template_of_copy(bytes).is_some()
    }
}
