//! What expressions take of earlier steps, against what those steps' plugins hand over.

use std::sync::Arc;

use capstep_pipeline::expr::{Reference, Target, Template};
use capstep_pipeline::{Diagnostic, Job, Span, codes, did_you_mean};

use crate::manifest::{Abi, Manifest};

/// The outputs that a job refers to and that are not there. `manifests` are those of its steps, none where a plugin was
/// not found.
pub(super) fn unknown(job: &Job, manifests: &[Option<Arc<Manifest>>]) -> Vec<Diagnostic> {
    let mut references: Vec<Reference> = Vec::new();
    for step in job.steps.iter() {
        references.extend(step.references());
    }
    references.extend(job.outputs.iter().flat_map(|(_, text)| text.references()));
    if let Some(url) = job.environment.iter().find_map(|it| it.url.as_ref()) {
        references.extend(Template::references(url));
    }
    let mistakes = references.iter().filter_map(|reference| {
        let Target::StepOutput { step, output } = &reference.target else {
            return None;
        };
        let index = job.steps.iter().position(|other| {
            let id = other.id.as_ref();
            id.is_some_and(|id| id.value == *step)
        })?;
        let manifest = manifests.get(index)?.as_deref()?;
        let mistake = one(manifest, output, reference.span)?;
        Some(mistake.related(job.steps.get(index)?.uses.span, "this step"))
    });
    mistakes.collect()
}

fn one(manifest: &Manifest, output: &str, span: Span) -> Option<Diagnostic> {
    let names: Vec<&str> = manifest
        .outputs
        .iter()
        .map(|(name, ..)| name.as_str())
        .collect();
    if names.contains(&output) {
        return None;
    }
    let (message, help) = if manifest.abi == Abi::Host {
        (
            format!("a script hands over no outputs, and no `{output}`"),
            "let it write a file that later steps read: `writes` there, `reads` here".to_owned(),
        )
    } else {
        let name = &manifest.name;
        let help = match did_you_mean(output, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("`{name}` has no outputs"),
            None => format!("known here: {}", names.join(", ")),
        };
        (format!("`{name}` has no output `{output}`"), help)
    };
    Some(Diagnostic::error(codes::UNKNOWN_OUTPUT, span, message).help(help))
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::codes;

    use crate::plan::Variables;
    use crate::testing::{Plugins, planned};

    const INPUT: &str = "[inputs.count]\ntype = \"integer\"\n";
    const OUTPUTS: &str = "[inputs.count]\ntype = \"integer\"\n[outputs.release]\ntype = \"string\"\ndoc = \"d\"\n[outputs.answer]\ntype = \"json\"\ndoc = \"d\"\n";

    #[test]
    fn outputs_are_those_of_the_plugin() {
        let (plugins, without) = (Plugins::and(OUTPUTS), Plugins::and(INPUT));
        let check_with = |plugins: &Plugins, rest: &str, expected: &[&str]| {
            let text = format!(
                "version: 1\njobs:\n  j:\n    steps:\n      - {{ id: d, uses: p, with: {{ count: 1 }} }}\n{rest}"
            );
            let (source, _, found) = planned(&text, plugins, &Variables::default());
            let shown: Vec<String> = found
                .iter()
                .map(|mistake| {
                    assert_eq!(mistake.code, codes::UNKNOWN_OUTPUT);
                    let (line, column) = source.line_column(mistake.span.start);
                    let help = mistake.help.as_deref().unwrap_or_default();
                    format!("{line}:{column}: {} | {help}", mistake.message)
                })
                .collect();
            assert_eq!(shown, expected, "{rest}");
        };
        let check = |rest: &str, expected: &[&str]| check_with(&plugins, rest, expected);
        let later = |name: &str| {
            format!(
                "      - {{ uses: noop, with: {{ echo: \"${{{{ steps.d.outputs.{name} }}}}\" }} }}\n"
            )
        };
        check(&later("release"), &[]);
        check(&later("answer.deeper[0]"), &[]);
        check_with(
            &without,
            &later("release"),
            &["6:42: `p` has no output `release` | `p` has no outputs"],
        );
        check(
            &later("relase"),
            &["6:42: `p` has no output `relase` | did you mean `release`?"],
        );
        check(
            &later("other"),
            &["6:42: `p` has no output `other` | known here: release, answer"],
        );
        check(
            "    outputs: { r: \"${{ steps.d.outputs.relase }}\" }\n",
            &["6:24: `p` has no output `relase` | did you mean `release`?"],
        );
        check(
            "      - uses: noop\n        if: steps.d.outputs.x == 1\n",
            &["7:13: `p` has no output `x` | known here: release, answer"],
        );
        check(
            "    environment: { name: n, url: \"http://${{ steps.d.outputs.hst }}/\" }\n",
            &["6:46: `p` has no output `hst` | known here: release, answer"],
        );
    }
}
