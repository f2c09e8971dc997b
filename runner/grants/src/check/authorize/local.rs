//! Paths of the workspace.

use super::Decision;
use crate::authority::Authority;
use crate::check::{Permit, Refusal, Rule};
use crate::manifest::Access;
use crate::workspace_path::{PathProblem, WorkspacePath};

impl Decision<'_> {
    pub(super) fn path(
        &self,
        at: &str,
        entry: &str,
        accesses: &[Access],
    ) -> Result<Permit, Refusal> {
        let grant = self.grant(at, accesses)?;
        let Some(Authority::Path { path: root }) = &grant.authority else {
            return Err(self.no_authority(at, "a path"));
        };
        let path = self.below(at, root, entry)?;
        Ok(Permit::Path {
            grant: at.to_owned(),
            root: root.clone(),
            path,
            place: grant.place.clone(),
        })
    }

    fn below(&self, at: &str, root: &WorkspacePath, entry: &str) -> Result<WorkspacePath, Refusal> {
        if root.is_glob() && !entry.is_empty() {
            return glob_entry(root, entry).ok_or_else(|| {
                self.deny(
                    Rule::OutsidePath,
                    at,
                    format!("`{entry}` is not matched by `{root}`"),
                    None,
                )
            });
        }
        root.below(entry).map_err(|why| {
            let rule = match why {
                PathProblem::Reserved => Rule::ReservedPath,
                _ => Rule::OutsidePath,
            };
            self.deny(rule, at, format!("`{entry}` below `{root}` {why}"), None)
        })
    }
}

/// A glob's entries are whole paths of the workspace; only what it matches is designated.
fn glob_entry(root: &WorkspacePath, entry: &str) -> Option<WorkspacePath> {
    let path = WorkspacePath::parse(entry).ok()?;
    root.holds(&path).then_some(path)
}
