//! Binding: what a step's `with` and `allow` hand to its plugin. The same code runs when the file is checked, when the
//! plan is made and when the step starts; what differs is how much of the expressions is known by then.
//!
//! `environment` adds what `env` says to the input that takes it,
//! `walk` reads the values against the manifest, `scalar` checks data, `derive` turns what carries authority into
//! grants and what holds secrets into flows, `roles` finds what the host reads, `bound` limits values that are
//! known only at run time, `build` says how a build context is built, `host_keys` which host keys are pinned, `script` what a script can't be handed, `steering`
//! checks the values of roles that the host acts on.

mod bound;
mod build;
mod derive;
mod environment;
mod host_keys;
mod leaf;
mod roles;
mod scalar;
mod scope;
mod script;
mod siblings;
mod steering;
#[cfg(test)]
mod tests;
mod walk;

pub use bound::Bound;
pub use derive::{BoundStep, SecretBinding, SinkBinding};
pub use host_keys::HostKey;
pub use leaf::Provenance;
pub use roles::{RoleBinding, RoleKind};
pub(crate) use scalar::check as check_scalar;
pub(crate) use scope::knowledge_of;
pub use scope::{InputScope, Knowledge};

use capstep_pipeline::{Diagnostic, Source, Step};

use crate::manifest::Manifest;

/// Binds a step's inputs to its plugin's manifest.
///
/// All mistakes are reported; where there are errors among them the bound step is incomplete and must not be run.
pub fn bind(
    source: &Source,
    step: &Step,
    manifest: &Manifest,
    scope: &dyn InputScope,
) -> (BoundStep, Vec<Diagnostic>) {
    let (with, mut refused) = environment::merged(step, manifest);
    let mut walk = walk::Walk::new(scope);
    let (values, leaves) = walk.step(step, with.as_deref(), manifest);
    let mut diagnostics = walk.finish();
    diagnostics.append(&mut refused);
    let bound = derive::derive(source, manifest, values, leaves, &mut diagnostics);
    (bound, diagnostics)
}
