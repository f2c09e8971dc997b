//! What a job keeps between runs, held against what it kept.

use capstep_pipeline::Save;

use super::compare::{ChangeKind, Say, Side};
use crate::plan::{CachePlan, CachedPath, JobPlan};

/// A path that a job keeps.
#[derive(Clone, Copy)]
struct Kept<'a> {
    cache: &'a CachePlan,
    cached: &'a CachedPath,
}

impl<'a> Kept<'a> {
    /// Whether this is all that the other one is: the same or a folder around it, and kept where the other one is.
    fn covers(self, other: Self) -> bool {
        let saves = self.cache.save != Save::Never || other.cache.save == Save::Never;
        saves && self.cached.path.holds(&other.cached.path)
    }

    fn side(self) -> Option<Side<'a>> {
        Some(Side::Cache(self.cache, self.cached))
    }
}

/// Says what a job keeps that it didn't, and the other way round. Under which key is no matter: what it brings back was kept
/// by the same project.
pub(super) fn caches<'a>(
    old: Option<&'a JobPlan>,
    new: Option<&'a JobPlan>,
    say: &mut Say<'a, '_>,
) {
    let (old, new) = (all(old), all(new));
    let mut gone: Vec<Kept<'a>> = old
        .iter()
        .filter(|before| !new.iter().any(|after| after.covers(**before)))
        .copied()
        .collect();
    for after in &new {
        if old.iter().any(|before| before.covers(*after)) {
            // Where nothing as wide is left, the old one was cut down to this.
            if let Some(at) = gone.iter().position(|before| before.covers(*after)) {
                let before = gone.remove(at);
                say(ChangeKind::Narrowed, before.side(), after.side());
            }
            continue;
        }
        match old.iter().find(|before| after.covers(**before)) {
            Some(before) => say(ChangeKind::Widened, before.side(), after.side()),
            None => say(ChangeKind::Added, None, after.side()),
        }
    }
    for before in gone {
        say(ChangeKind::Removed, before.side(), None);
    }
}

fn all(job: Option<&JobPlan>) -> Vec<Kept<'_>> {
    let caches = job.into_iter().flat_map(|job| &job.caches);
    caches
        .flat_map(|cache| {
            let paths = cache.paths.iter();
            paths.map(move |cached| Kept { cache, cached })
        })
        .collect()
}
