//! What jobs cached: of each project, of trusted runs and of untrusted ones by themselves, what was used longest ago.

use std::path::Path;

use capstep_caches::{Kept, Store, SurplusKind};

use super::{Found, Keep, RemovedKind};
use crate::error::CliError;

pub(super) fn collect(root: &Path, keep: &Keep, found: &mut Found) -> Result<(), CliError> {
    let kept = Kept {
        bytes: keep.cached,
        unused: keep.unused,
        ..Kept::default()
    };
    let failed = |error: capstep_caches::StoreError| CliError::infrastructure(error.to_string());
    for store in Store::all(root).map_err(failed)? {
        for surplus in store.surplus(&kept, true).map_err(failed)? {
            let kind = match surplus.kind {
                SurplusKind::Entry => RemovedKind::Cached,
                SurplusKind::Leftover => RemovedKind::Leftover,
            };
            // A run that restores it just now has it open; one that comes later makes it anew.
            found.remove(kind, surplus.path.clone(), |_| store.clear(&surplus));
        }
    }
    Ok(())
}
