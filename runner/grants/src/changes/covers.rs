//! Whether one grant allows all that another one does.

use std::collections::BTreeSet;

use url::Url;

use crate::authority::Authority;
use crate::bind::Provenance;
use crate::check::url_fits;
use crate::grant::{BuildSettings, Grant};
use crate::manifest::UrlMatch;
use crate::plan::StepPlan;
use crate::remote_path;

/// A grant and the step that holds it, which says what its pointers mean.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) grant: &'a Grant,
    pub(super) step: &'a StepPlan,
}

impl Held<'_> {
    /// Whether both are about the same things.
    pub(super) fn same_targets(&self, other: &Held<'_>) -> bool {
        self.targets() == other.targets()
    }

    /// The things that its pointers designate, in words: pointers move when a list grows.
    fn targets(&self) -> BTreeSet<String> {
        let targets = match &self.grant.authority {
            Some(Authority::RemotePath { targets, .. } | Authority::Script { targets, .. }) => {
                targets.as_slice()
            }
            _ => &[],
        };
        let named = self.step.authority.iter();
        named
            .filter(|grant| targets.contains(&grant.pointer))
            .map(crate::plan::describe)
            .collect()
    }

    /// The release folder that a relative path is below.
    fn release(&self) -> Option<String> {
        let Some(Authority::RemotePath {
            release: Some(pointer),
            ..
        }) = &self.grant.authority
        else {
            return None;
        };
        let mut named = self.step.authority.iter();
        named
            .find(|grant| grant.pointer == *pointer)
            .map(crate::plan::describe)
    }
}

/// Whether `wide` allows all that `narrow` does.
pub(super) fn covers(wide: Held<'_>, narrow: Held<'_>) -> bool {
    let dockerfile = |held: Held<'_>| held.grant.build.clone().map(|build| build.dockerfile);
    dockerfile(wide) == dockerfile(narrow) && covers_but_for_code(wide, narrow)
}

/// Whether `wide` is a build that allows all that the one of `narrow` does, by whichever Dockerfile.
pub(super) fn is_build_of(wide: Held<'_>, narrow: Held<'_>) -> bool {
    wide.grant.build.is_some() && covers_but_for_code(wide, narrow)
}

fn covers_but_for_code(wide: Held<'_>, narrow: Held<'_>) -> bool {
    let (old, new) = (wide.grant, narrow.grant);
    old.kind == new.kind
        && build(old.build.as_ref(), new.build.as_ref())
        && old.role == new.role
        && new.access.iter().all(|word| old.access.contains(word))
        && is_as_certain(&old.provenance, &new.provenance)
        && match (&old.authority, &new.authority) {
            (Some(old), Some(new)) => {
                authority(old, new)
                    && narrow.targets().is_subset(&wide.targets())
                    && narrow.release() == wide.release()
            }
            // A value that is known only at run time is as wide as its bound; of two bounds only the same is surely as
            // wide.
            (None, None) => old.within == new.within,
            (Some(_), None) | (None, Some(_)) => false,
        }
}

/// Whether a build may reach all that another one may.
fn build(wide: Option<&BuildSettings>, narrow: Option<&BuildSettings>) -> bool {
    match (wide, narrow) {
        (None, None) => true,
        (Some(wide), Some(narrow)) => {
            (wide.reaches_a_network() || !narrow.reaches_a_network()) && (wide.pull || !narrow.pull)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a value comes from somebody who is trusted at least as far.
fn is_as_certain(old: &Provenance, new: &Provenance) -> bool {
    match (old, new) {
        (_, Provenance::Written) => true,
        (Provenance::Written, _) => false,
        (Provenance::Environment { .. }, Provenance::Environment { .. }) => true,
        (Provenance::Environment { .. }, Provenance::RunTime { .. }) => false,
        (Provenance::RunTime { .. }, _) => true,
    }
}

fn authority(wide: &Authority, narrow: &Authority) -> bool {
    match (wide, narrow) {
        (Authority::Path { path: wide }, Authority::Path { path: narrow }) => wide.holds(narrow),
        (
            Authority::Url {
                url: wide,
                url_match,
                methods: had,
            },
            Authority::Url {
                url: narrow,
                url_match: asked,
                methods,
            },
        ) => {
            let (Ok(wide), Ok(narrow)) = (Url::parse(wide), Url::parse(narrow)) else {
                return false;
            };
            let reaches = match (url_match, asked) {
                (UrlMatch::Exact, UrlMatch::Exact)
                | (UrlMatch::Prefix, UrlMatch::Exact | UrlMatch::Prefix)
                | (UrlMatch::Origin, _) => url_fits(&wide, *url_match, &narrow),
                _ => false,
            };
            reaches && methods.iter().all(|method| had.contains(method))
        }
        (Authority::RemotePath { path: wide, .. }, Authority::RemotePath { path: narrow, .. }) => {
            remote_path::contains(wide, narrow)
        }
        (Authority::Script { sha256: wide, .. }, Authority::Script { sha256: narrow, .. }) => {
            wide == narrow
        }
        // A connection or an account is that one or another.
        (wide, narrow) => wide == narrow,
    }
}
