//! The values of the pipeline's `secrets`: those that the selected jobs use, and no others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use capstep_pipeline::{Diagnostic, Job, Pipeline, Source, Span, Step, Target};
use capstep_secrets::{ProviderSpec, SecretValue, parse_spec, value_from_file};

use super::age_files::AgeFiles;
use super::assignment;
use super::env_file::EnvFile;
use crate::arguments::SecretArguments;
use crate::bounded::{self, Bounded};
use crate::codes;
use crate::context::Context;
use crate::error::CliError;

/// The largest secret file that is read, in bytes: the largest keys and service accounts have a few kilobytes.
const MAX_SECRET_BYTES: u64 = 1024 * 1024;

/// The values of the secrets that these jobs use, by name.
pub(crate) fn resolve(
    source: &Source,
    pipeline: &Pipeline,
    jobs: &[&Job],
    arguments: &SecretArguments,
    env_file: &EnvFile,
    context: &Context,
) -> Result<BTreeMap<String, SecretValue>, CliError> {
    let specs = specs(pipeline, arguments)?;
    let mut age = AgeFiles::new(&arguments.identity, context);
    let mut values = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (name, span) in used(jobs) {
        let found = match specs.get(name.as_str()) {
            Some(spec) => given(&name, spec, context, &mut age)?,
            None => match env_file.get(&name) {
                Some(value) => Some(SecretValue::new(value)),
                None => from_environment(&name, context)?,
            },
        };
        match found {
            Some(value) if !value.is_empty() => {
                values.insert(name, value);
            }
            found => mistakes.push(missing(pipeline, &name, span, found.is_some())),
        }
    }
    if mistakes.is_empty() {
        Ok(values)
    } else {
        Err(CliError::located(source.clone(), mistakes))
    }
}

/// What `--secret` says, by name.
fn specs<'a>(
    pipeline: &Pipeline,
    arguments: &'a SecretArguments,
) -> Result<HashMap<&'a str, ProviderSpec>, CliError> {
    let declared: Vec<&str> = pipeline
        .secrets
        .iter()
        .map(|name| name.value.as_str())
        .collect();
    let mut specs = HashMap::new();
    for written in &arguments.secrets {
        let (name, spec) = assignment::split("--secret", written, &declared, "secrets")?;
        let spec = parse_spec(spec).map_err(|error| {
            CliError::usage(format!("`--secret {name}`: {error}")).hint(format!(
                "write `--secret {name}=file:PATH`, `--secret {name}=env:VARIABLE` or `--secret {name}=age:FILE`; the value itself never stands on a command line"
            ))
        })?;
        if specs.insert(name, spec).is_some() {
            return Err(CliError::usage(format!("`--secret {name}` is given twice")));
        }
    }
    Ok(specs)
}

/// Each secret that the jobs' steps use, with the first place.
pub(super) fn used(jobs: &[&Job]) -> Vec<(String, Span)> {
    let mut seen = BTreeSet::new();
    let mut used = Vec::new();
    // The jobs of a matrix have their steps in common.
    let mut keys = BTreeSet::new();
    for job in jobs.iter().filter(|job| keys.insert(job.key.as_str())) {
        let steps = job.steps.iter().flat_map(Step::references);
        let outputs = job.outputs.iter().flat_map(|(_, text)| text.references());
        for reference in steps.chain(outputs) {
            if let Target::Secret(name) = reference.target
                && seen.insert(name.clone())
            {
                used.push((name, reference.span));
            }
        }
    }
    used
}

/// The value from where a flag says; a source that was named must be there.
fn given(
    name: &str,
    spec: &ProviderSpec,
    context: &Context,
    age: &mut AgeFiles<'_>,
) -> Result<Option<SecretValue>, CliError> {
    match spec {
        ProviderSpec::Age(path) => age.value(name, path).map(Some),
        ProviderSpec::File(path) => from_file(name, path, context).map(Some),
        ProviderSpec::Env(variable) => match from_environment(variable, context)? {
            Some(value) => Ok(Some(value)),
            None => Err(CliError::usage(format!(
                "`--secret {name}`: the environment variable `{variable}` is not set"
            ))),
        },
    }
}

fn from_file(name: &str, path: &Path, context: &Context) -> Result<SecretValue, CliError> {
    let shown = path.display();
    let unreadable = |error: &dyn std::fmt::Display| {
        CliError::usage(format!(
            "`--secret {name}`: `{shown}` can't be read: {error}"
        ))
    };
    let read = bounded::read(&context.folder.join(path), MAX_SECRET_BYTES);
    match read.map_err(|error| unreadable(&error))? {
        Bounded::Whole(mut content) => {
            value_from_file(std::mem::take(&mut *content)).map_err(|error| unreadable(&error))
        }
        Bounded::TooLarge => Err(unreadable(&"it is larger than 1 MiB")),
    }
}

fn from_environment(variable: &str, context: &Context) -> Result<Option<SecretValue>, CliError> {
    match context
        .environment
        .get(variable)
        .map(std::ffi::OsString::into_string)
    {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(SecretValue::new(text))),
        Some(Err(_)) => Err(CliError::usage(format!(
            "the environment variable `{variable}` is not UTF-8 text"
        ))),
    }
}

fn missing(pipeline: &Pipeline, name: &str, span: Span, empty: bool) -> Diagnostic {
    let (message, help) = if empty {
        (
            format!("the secret `{name}` is empty"),
            "an empty secret is a mistake somewhere else: see where its value comes from"
                .to_owned(),
        )
    } else {
        (
            format!("the secret `{name}` has no value"),
            format!(
                "give it with `--secret {name}=file:PATH`, `--secret {name}=env:VARIABLE`, `--secret {name}=age:FILE`, in an `--env-file` or as the environment variable `{name}`"
            ),
        )
    };
    let mistake = Diagnostic::error(codes::MISSING_SECRET, span, message)
        .label("used here")
        .help(help);
    match pipeline
        .secrets
        .iter()
        .find(|declared| declared.value == name)
    {
        Some(declared) => mistake.related(declared.span, "declared here"),
        None => mistake,
    }
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::parse_pipeline;

    use super::*;
    use crate::context::Environment;
    use crate::printer::{Look, Printer};

    const PIPELINE: &str = r#"version: 1
secrets: [KEY, TOKEN, UNUSED]
jobs:
  a: { steps: [ { uses: x, with: { k: "${{ secrets.KEY }}", t: "Bearer ${{ secrets.TOKEN }}" } } ] }
  b: { steps: [ { uses: x, with: { l: [ "${{ secrets.KEY }}" ] } } ] }
"#;

    /// The values, or the mistakes.
    fn resolved(job: &str, flags: &[&str], file: &str, environment: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "from file\n").unwrap();
        std::fs::write(folder.path().join("env"), file).unwrap();
        let context = Context {
            folder: folder.path().to_owned(),
            environment: Environment::of(environment),
            printer: Printer {
                people: Look::default(),
                data: Look::default(),
                is_terminal: false,
            },
        };
        let source = Source::new("p.yml", PIPELINE);
        let (pipeline, _) = parse_pipeline(&source);
        let pipeline = pipeline.unwrap();
        let jobs: Vec<&Job> = pipeline
            .jobs
            .iter()
            .filter(|found| found.id.value == job)
            .collect();
        let arguments = SecretArguments {
            secrets: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..SecretArguments::default()
        };
        let env_file = EnvFile::read(&context, Some(Path::new("env"))).unwrap();
        match resolve(&source, &pipeline, &jobs, &arguments, &env_file, &context) {
            Ok(values) => values
                .iter()
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => match error.located {
                Some(located) => located
                    .diagnostics
                    .iter()
                    .map(|found| format!("{}: {}", located.source.place(found.span), found.message))
                    .collect::<Vec<_>>()
                    .join("; "),
                None => error.message,
            },
        }
    }

    #[test]
    fn each_used_secret_comes_from_its_nearest_source() {
        let check = |job, flags: &[&str], file, environment: &[(&str, &str)], expected: &str| {
            assert_eq!(resolved(job, flags, file, environment), expected);
        };
        check(
            "a",
            &["KEY=file:key"],
            "TOKEN=t",
            &[("KEY", "e"), ("TOKEN", "e")],
            "KEY=from file TOKEN=t",
        );
        check(
            "a",
            &["KEY=env:OTHER"],
            "",
            &[("OTHER", "o"), ("TOKEN", "e")],
            "KEY=o TOKEN=e",
        );
        check("b", &[], "UNUSED=x", &[("KEY", "e")], "KEY=e");
        // What no selected job uses is not even opened.
        check("b", &["TOKEN=file:not-there"], "", &[("KEY", "e")], "KEY=e");
        check(
            "a",
            &[],
            "KEY=",
            &[],
            "p.yml:4:44: the secret `KEY` is empty; p.yml:4:76: the secret `TOKEN` has no value",
        );
        check(
            "b",
            &["KEY=env:NOT_SET"],
            "",
            &[("KEY", "e")],
            "`--secret KEY`: the environment variable `NOT_SET` is not set",
        );
        check(
            "b",
            &["KEY=hunter2"],
            "",
            &[],
            "`--secret KEY`: a secret's source begins with `file:`, `env:` or `age:`",
        );
        check(
            "b",
            &["KYE=env:KEY"],
            "",
            &[],
            "`--secret KYE`: the pipeline's `secrets` have no `KYE`",
        );
        check(
            "b",
            &["KEY=env:A", "KEY=env:B"],
            "",
            &[],
            "`--secret KEY` is given twice",
        );
    }
}
