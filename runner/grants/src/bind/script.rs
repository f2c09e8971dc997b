//! What the host can't hand to a script of the pipeline's own.

use capstep_pipeline::Diagnostic;

use super::leaf::Leaf;
use crate::authority::Authority;
use crate::grant::Grant;

/// The kernel is told files and folders by name: it knows no wildcards, and a list of what matches now would be another
/// one a moment later.
pub(super) fn no_wildcards(
    leaves: &[Leaf<'_>],
    grants: &[Grant],
    diagnostics: &mut Vec<Diagnostic>,
) {
    for grant in grants {
        let Some(Authority::Path { path }) = &grant.authority else {
            continue;
        };
        let leaf = leaves.iter().find(|leaf| leaf.pointer == grant.pointer);
        let Some(leaf) = leaf.filter(|_| path.is_glob()) else {
            continue;
        };
        let message = format!("`{path}`: a script's files and folders are named without wildcards");
        let help = match path.fixed_part() {
            "." => "name the files or folders one by one".to_owned(),
            folder => format!("name the folder that they are in: `{folder}`"),
        };
        diagnostics.push(Diagnostic::error("invalid-value", leaf.span, message).help(help));
    }
}
