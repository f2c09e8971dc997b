//! Values that last between runs.

use super::Decision;
use crate::authority::Authority;
use crate::check::{Permit, Refusal};
use crate::manifest::Access;

impl Decision<'_> {
    pub(super) fn state(&self, at: &str, access: Access) -> Result<Permit, Refusal> {
        let grant = self.grant(at, &[access])?;
        let Some(Authority::State { name }) = &grant.authority else {
            return Err(self.no_authority(at, "a state"));
        };
        Ok(Permit::State {
            grant: grant.pointer.clone(),
            name: name.clone(),
            place: grant.place.clone(),
        })
    }
}
