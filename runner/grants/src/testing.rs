//! What the tests of this crate share: plugins by their manifests' text, a pipeline around one step, values as if at
//! run time.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstep_pipeline::expr::{Evaluated, JobStatus, Reference, Scope, SecretText, Target, descend};
use capstep_pipeline::{Diagnostic, Pipeline, Source, did_you_mean, parse_pipeline};
use serde_json::Value;

use crate::bind::{BoundStep, InputScope, Knowledge, bind};
use crate::manifest::{Manifest, ManifestError};
use crate::plan::{Plan, PluginProblem, PluginSource, Variables, plan};

/// The manifests of the built-in plugins.
pub(crate) const BUILT_IN: &[&str] = &[
    include_str!("../../../plugins/docker-build/plugin.toml"),
    include_str!("../../../plugins/env-setup/plugin.toml"),
    include_str!("../../../plugins/health-check/plugin.toml"),
    include_str!("../../../plugins/noop/plugin.toml"),
    include_str!("../../../plugins/ssh-deploy/plugin.toml"),
];

/// A manifest from its text without name, version, description and way in.
pub(crate) fn manifest(body: &str) -> Manifest {
    try_manifest(body).unwrap()
}

pub(crate) fn try_manifest(body: &str) -> Result<Manifest, ManifestError> {
    let text = format!(
        "name = \"p\"\nversion = \"1.0.0\"\ndescription = \"A test's plugin.\"\nworld = \"capstep:step@0.1.0\"\n{body}"
    );
    Manifest::from_toml(&text).map(|(_, manifest)| manifest)
}

/// Plugins that a test's pipeline can use.
pub(crate) struct Plugins(BTreeMap<String, Arc<Manifest>>);

impl Plugins {
    /// The built-in ones.
    pub(crate) fn built_in() -> Self {
        let manifests = BUILT_IN
            .iter()
            .map(|text| Manifest::from_toml(text).unwrap().1);
        Self(
            manifests
                .map(|manifest| (manifest.name.clone(), Arc::new(manifest)))
                .collect(),
        )
    }

    /// The built-in ones, and `p` with this manifest.
    pub(crate) fn and(body: &str) -> Self {
        let mut plugins = Self::built_in();
        plugins.0.insert("p".to_owned(), Arc::new(manifest(body)));
        plugins
    }
}

impl PluginSource for Plugins {
    fn manifest(&self, _: &Pipeline, uses: &str) -> Result<Arc<Manifest>, PluginProblem> {
        self.0.get(uses).cloned().ok_or_else(|| PluginProblem {
            code: "unknown-plugin",
            message: format!("there is no plugin `{uses}`"),
            help: did_you_mean(uses, self.0.keys().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?")),
        })
    }
}

/// A pipeline's plan and everything that is wrong with it.
pub(crate) fn planned(
    text: &str,
    plugins: &Plugins,
    variables: &Variables,
) -> (Source, Plan, Vec<Diagnostic>) {
    let source = Source::new("capstep.yml", text);
    let (pipeline, mut diagnostics) = parse_pipeline(&source);
    let (plan, found) = plan(&source, &pipeline.unwrap(), plugins, variables);
    diagnostics.extend(found);
    (source, plan, diagnostics)
}

/// Variables by name, value and how far they are known.
pub(crate) fn variables<const N: usize>(values: [(&str, Value, Knowledge); N]) -> Variables {
    Variables {
        values: values
            .into_iter()
            .map(|(name, value, from)| (name.to_owned(), (value, from)))
            .collect(),
        event: None,
    }
}

/// Values as they are when a step starts: every secret's text is its name in lower case, and `steps.s.outputs.NAME`
/// is looked up in `outputs`.
pub(crate) struct RunTime {
    pub(crate) outputs: Value,
}

impl Scope for RunTime {
    fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["secrets", name] => Ok(Evaluated::Secret(SecretText::new(
                *name,
                name.to_lowercase().into(),
            ))),
            ["steps", "s", "outputs", ..] => descend(&self.outputs, path.get(3..).unwrap())
                .cloned()
                .map(Evaluated::Json),
            _ => Err(format!("no `{}` in this test", path.join("."))),
        }
    }

    fn status(&self) -> JobStatus {
        JobStatus::Success
    }
}

impl InputScope for RunTime {
    fn knowledge(&self, reference: &Reference) -> Knowledge {
        match reference.target {
            Target::Secret(_) | Target::Variable(_) => Knowledge::Written,
            Target::Matrix(_) | Target::Env(_) | Target::Input(_) => Knowledge::Undeclared,
            Target::StepOutput { .. }
            | Target::JobOutput { .. }
            | Target::StepOutcome(_)
            | Target::JobOutcome(_)
            | Target::Event
            | Target::Run(_) => Knowledge::RunTime,
        }
    }
}

/// The pipeline of one job whose steps are `s` (with any outputs) and one that uses `p` with these inputs, each line
/// indented as written; `with` stands in line 9, column 9.
pub(crate) fn one_step(with: &str) -> String {
    let with: String = with
        .lines()
        .map(|line| format!("          {line}\n"))
        .collect();
    format!(
        "version: 1\nsecrets: [KEY, OTHER]\nvars: {{ HOST: h, OWN: o, NONE: null }}\njobs:\n  j:\n    steps:\n      - {{ id: s, uses: noop }}\n      - uses: p\n{with}"
    )
    .replace("          allow:", "        allow:")
    .replace("          with:", "        with:")
}

/// A step of `p` bound as at run time, with the mistakes as plain text.
pub(crate) fn bound(manifest: &Manifest, with: &str, outputs: Value) -> (BoundStep, Vec<String>) {
    let source = Source::new("capstep.yml", one_step(with));
    let (pipeline, diagnostics) = parse_pipeline(&source);
    assert_eq!(diagnostics, [], "{}", source.text);
    let pipeline = pipeline.unwrap();
    let step = pipeline.jobs[0].steps.last().unwrap();
    let (bound, found) = bind(&source, step, manifest, &RunTime { outputs });
    let shown = found.iter().map(|found| found.plain(&source)).collect();
    (bound, shown)
}
