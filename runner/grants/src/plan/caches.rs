//! What a job keeps between runs: its part of the plan, and the same again with every value known when the job starts.

use capstep_pipeline::expr::{Evaluated, Template, evaluate_template, shown_template};
use capstep_pipeline::{Cache, Diagnostic, Job, Save, Source};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::bind::{InputScope, Knowledge, knowledge_of};
use crate::grant::Place;
use crate::workspace_path::WorkspacePath;

/// The longest key, in bytes.
pub const MAX_CACHE_KEY: usize = 512;

/// What a job keeps between runs under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CachePlan {
    /// The folders and files: brought back before the first step where they are not there, kept after the last.
    pub paths: Vec<CachedPath>,
    /// What they are kept under, as far as it is known: the rest as it is written.
    pub key: String,
    /// The beginnings of other keys, where nothing is kept under that one; as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback_keys: Vec<String>,
    /// When they are kept: `on-success`, `always` or `never`.
    #[serde(serialize_with = "word")]
    #[schemars(with = "String")]
    pub save: Save,
    /// Where the key was written.
    pub place: Place,
}

/// A folder or file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CachedPath {
    /// Together with the job the grant's id: `cache/0/paths/0`.
    pub pointer: String,
    /// Relative to the pipeline's folder.
    pub path: WorkspacePath,
    /// Where it was written.
    pub place: Place,
}

fn word<S: serde::Serializer>(save: &Save, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(save.word())
}

impl CachePlan {
    /// What is done with the paths, for people.
    pub fn verb(&self) -> &'static str {
        match self.save {
            Save::OnSuccess | Save::Always => "cache",
            Save::Never => "restore from cache",
        }
    }
}

/// Works out what a job keeps. A key that isn't known yet is no mistake before the run; when the job starts, it is.
pub fn caches(
    source: &Source,
    job: &Job,
    scope: &dyn InputScope,
) -> (Vec<CachePlan>, Vec<Diagnostic>) {
    let mut binder = Binder {
        source,
        scope,
        found: Vec::new(),
        paths: Vec::new(),
    };
    let planned = job.caches.iter().enumerate();
    let planned = planned
        .map(|(number, cache)| binder.cache(number, cache))
        .collect();
    (planned, binder.found)
}

struct Binder<'a> {
    source: &'a Source,
    scope: &'a dyn InputScope,
    found: Vec<Diagnostic>,
    /// The paths so far, in all caches of the job.
    paths: Vec<WorkspacePath>,
}

impl Binder<'_> {
    fn cache(&mut self, number: usize, cache: &Cache) -> CachePlan {
        let mut paths = Vec::new();
        for (index, template) in cache.paths.iter().enumerate() {
            let Some(path) = self.path(template) else {
                continue;
            };
            self.paths.push(path.clone());
            paths.push(CachedPath {
                pointer: format!("cache/{number}/paths/{index}"),
                path,
                place: Place::of(self.source, template.span()),
            });
        }
        let key = self.key("the key of the cache", &cache.key);
        let fallback_keys = cache.fallback_keys.iter();
        CachePlan {
            paths,
            key,
            fallback_keys: fallback_keys
                .map(|key| self.key("the fallback key", key))
                .collect(),
            save: cache.save,
            place: Place::of(self.source, cache.key.span()),
        }
    }

    /// A path that is kept: nothing but the pipeline's own text says which.
    fn path(&mut self, template: &Template) -> Option<WorkspacePath> {
        let span = template.span();
        let knowledge = knowledge_of(template, self.scope);
        if knowledge == Knowledge::Undeclared || template.has_mistakes() {
            return None;
        }
        if knowledge != Knowledge::Written {
            let message =
                "a path of `cache` is decided by something else than the pipeline's own text";
            self.found.push(
                Diagnostic::error("unbounded-run-time-value", span, message)
                    .label("not the pipeline's own text")
                    .help("write the path out; `matrix`, and `vars` that are not from the environment, may be in it"),
            );
            return None;
        }
        let written = match evaluate_template(template, self.scope) {
            Ok(Evaluated::Json(Value::String(text))) => text,
            Ok(Evaluated::Json(Value::Number(number))) => number.to_string(),
            // That a secret is in it was told where the text was checked.
            Ok(Evaluated::Secret(_)) => return None,
            Ok(Evaluated::Json(_)) => {
                let message = "a path of `cache` is no text";
                self.found
                    .push(Diagnostic::error("invalid-value", span, message));
                return None;
            }
            Err(error) => {
                self.found.push(Diagnostic::error(
                    "expression-failed",
                    error.span,
                    error.message,
                ));
                return None;
            }
        };
        let problem = match WorkspacePath::written(&written) {
            Err(problem) => problem.to_string(),
            Ok(path) if path.as_str() == "." => {
                "is the whole folder, which is always there: name the parts of it that are to be kept"
                    .to_owned()
            }
            Ok(path) if path.is_glob() => {
                "has a wildcard: name the folder around what is to be kept".to_owned()
            }
            Ok(path) => match self.paths.iter().find(|other| path.overlaps(other)) {
                None => return Some(path),
                Some(other) if *other == path => "is named twice".to_owned(),
                Some(other) => {
                    format!("and `{other}` lie one in the other: name the outer one alone")
                }
            },
        };
        let message = format!("`{written}` {problem}");
        self.found
            .push(Diagnostic::error("invalid-value", span, message));
        None
    }

    /// A key as far as it is known; what is wrong with one that is known is a mistake.
    fn key(&mut self, what: &str, template: &Template) -> String {
        let is_known = !matches!(
            knowledge_of(template, self.scope),
            Knowledge::NotYet | Knowledge::Undeclared
        );
        if is_known && !template.has_mistakes() {
            match cache_key(evaluate_template(template, self.scope)) {
                Ok(key) => return key,
                // A secret that is named in it was told where the text was checked.
                Err(_) if !template.secrets().is_empty() => {}
                Err(problem) => {
                    let message = format!("{what} {problem}");
                    self.found
                        .push(Diagnostic::error("invalid-value", template.span(), message));
                }
            }
        }
        shown_template(template, self.scope, self.source)
    }
}

/// The key that a text came to.
///
/// # Errors
/// What is wrong with it, in words that follow what it is.
fn cache_key(value: Result<Evaluated, capstep_pipeline::EvalError>) -> Result<String, String> {
    let key = match value {
        Ok(Evaluated::Json(Value::String(text))) => text,
        Ok(Evaluated::Json(Value::Number(number))) => number.to_string(),
        Ok(Evaluated::Json(Value::Null)) => return Err("has no value".to_owned()),
        Ok(Evaluated::Json(_)) => return Err("is no text".to_owned()),
        Ok(Evaluated::Secret(_)) => return Err("is made of a secret".to_owned()),
        Err(error) => return Err(format!("can't be evaluated: {error}")),
    };
    if key.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if key.len() > MAX_CACHE_KEY {
        return Err(format!("is longer than {MAX_CACHE_KEY} bytes"));
    }
    if key.contains(char::is_control) {
        return Err("has a line end or another control character in it".to_owned());
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use capstep_pipeline::expr::{JobStatus, Reference, Scope};
    use capstep_pipeline::parse_pipeline;
    use serde_json::json;

    use super::*;
    use crate::plan::Variables;
    use crate::testing::{Plugins, planned, variables};

    fn text(cache: &str) -> String {
        format!(
            "version: 1\nvars: {{ OWN: own, ENV: env }}\njobs:\n  a:\n    matrix: {{ os: [linux] }}\n    cache: {cache}\n    steps: [{{ uses: noop }}]\n"
        )
    }

    fn known() -> Variables {
        variables([
            ("OWN", json!("own"), Knowledge::Written),
            ("ENV", json!("env"), Knowledge::Environment),
        ])
    }

    /// What is kept, as `paths by key, else keys`, and the first lines of the mistakes.
    fn check(cache: &str, expected: &[&str], wrong: &[&str]) {
        let (source, plan, mistakes) = planned(&text(cache), &Plugins::built_in(), &known());
        let shown = mistakes.iter().map(|mistake| {
            let plain = mistake.plain(&source);
            plain.lines().next().unwrap_or_default().to_owned()
        });
        assert_eq!(shown.collect::<Vec<_>>(), wrong, "{cache}");
        let found = plan.jobs[0].caches.iter().map(|cache| {
            let paths: Vec<_> = cache.paths.iter().map(|one| one.path.as_str()).collect();
            let fallback = cache.fallback_keys.join(", ");
            format!("{} by {}, else {fallback}", paths.join("+"), cache.key)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{cache}");
    }

    #[test]
    fn as_far_as_it_is_known() {
        check(
            "{ paths: [./lib/, \"out/${{ matrix.os }}-${{ vars.OWN }}\"], key: \"${{ matrix.os }}-${{ vars.ENV }}-${{ hashFiles('x.lock') }}\", fallback-keys: [\"${{ matrix.os }}-\", \"${{ run.id }}\"] }",
            &[
                "lib+out/linux-own by linux-env-${{ hashFiles('x.lock') }}, else linux-, ${{ run.id }}",
            ],
            &[],
        );
    }

    #[test]
    fn paths_are_the_pipelines_own_and_lie_apart() {
        let wrong = |path: &str, why: &str| {
            check(
                &format!("{{ paths: [{path}], key: k }}"),
                &[" by k, else "],
                &[&format!("capstep.yml:6:22: {why}")],
            );
        };
        wrong(
            "/etc",
            "invalid-value: `/etc` is absolute; paths are relative to the pipeline's folder",
        );
        wrong("../x", "invalid-value: `../x` leads out of its folder");
        wrong(
            ".git/x",
            "invalid-value: `.git/x` is never handed to a step: `.git`, the pipeline and its lockfile and policy are out of reach",
        );
        wrong(
            "./",
            "invalid-value: `./` is the whole folder, which is always there: name the parts of it that are to be kept",
        );
        wrong(
            "'**/x'",
            "invalid-value: `**/x` has a wildcard: name the folder around what is to be kept",
        );
        for other in ["vars.ENV", "run.id", "event.x", "hashFiles('x')"] {
            wrong(
                &format!("\"lib/${{{{ {other} }}}}\""),
                "unbounded-run-time-value: a path of `cache` is decided by something else than the pipeline's own text",
            );
        }
        check(
            "[{ paths: [lib, lib/], key: k }, { paths: [lib/a, other], key: l }]",
            &["lib by k, else ", "other by l, else "],
            &[
                "capstep.yml:6:28: invalid-value: `lib/` is named twice",
                "capstep.yml:6:55: invalid-value: `lib/a` and `lib` lie one in the other: name the outer one alone",
            ],
        );
    }

    #[test]
    fn keys_that_are_none() {
        let wrong = |key: &str, why: &str| {
            let cache = format!("{{ paths: lib, key: {key} }}");
            let (source, _, mistakes) = planned(&text(&cache), &Plugins::built_in(), &known());
            let shown: Vec<String> = mistakes.iter().map(|one| one.plain(&source)).collect();
            assert_eq!(
                shown,
                [format!(
                    "capstep.yml:6:31: invalid-value: the key of the cache {why}"
                )],
                "{key}"
            );
        };
        wrong("\"${{ matrix.os == 'x' && true }}\"", "is no text");
        wrong("\"${{ default(null, null) }}\"", "has no value");
        wrong(
            "\"a\\tb\"",
            "has a line end or another control character in it",
        );
        wrong(&"k".repeat(513), "is longer than 512 bytes");
        wrong("\"${{ '' }} \"", "is empty");
    }

    /// What is known when the job starts.
    struct Started;

    impl Scope for Started {
        fn lookup(&self, path: &[String]) -> Result<Evaluated, String> {
            match path.join(".").as_str() {
                "run.id" => Ok(Evaluated::Json(json!("r1"))),
                _ => Err("not here".to_owned()),
            }
        }

        fn status(&self) -> JobStatus {
            JobStatus::Success
        }

        fn hash_files(&self, patterns: &[String]) -> Result<String, String> {
            match patterns {
                [one] if one == "x.lock" => Ok("abc".to_owned()),
                _ => Err("no such file".to_owned()),
            }
        }
    }

    impl InputScope for Started {
        fn knowledge(&self, _: &Reference) -> Knowledge {
            Knowledge::RunTime
        }

        fn files(&self) -> Knowledge {
            Knowledge::RunTime
        }
    }

    #[test]
    fn all_is_known_when_the_job_starts() {
        let source = Source::new(
            "capstep.yml",
            "version: 1\njobs:\n  a:\n    cache: { paths: lib, key: \"${{ run.id }}-${{ hashFiles('x.lock') }}\", fallback-keys: \"${{ hashFiles('y') }}\" }\n    steps: [{ uses: noop }]\n",
        );
        let (pipeline, _) = parse_pipeline(&source);
        let (kept, mistakes) = caches(&source, &pipeline.unwrap().jobs[0], &Started);
        assert_eq!(kept[0].key, "r1-abc");
        let shown: Vec<String> = mistakes.iter().map(|one| one.plain(&source)).collect();
        assert_eq!(
            shown,
            ["capstep.yml:4:90: invalid-value: the fallback key can't be evaluated: no such file"]
        );
    }
}
