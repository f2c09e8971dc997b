//! Tests of the model: a whole pipeline, and each kind of mistake with its text.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

const GOOD: &str = r#"version: 1
name: webapp
vars: { TAG: 1.10, HOST: example.com, REQUIRED: }
secrets: [REGISTRY_TOKEN, DEPLOY_KEY, SECRET_KEY_BASE]
plugins:
  scan: ./plugins/scan.wasm
jobs:
  build:
    name: Build the image
    timeout: 30m
    outputs: { image: "${{ steps.image.outputs.image }}" }
    steps:
      - id: image
        uses: docker-build
        with:
          context: webapp
          tags: ["registry.example.com/webapp:${{ vars.TAG }}"]
          push: true
          registry: { host: registry.example.com, username: ci, password: "${{ secrets.REGISTRY_TOKEN }}" }
      - uses: scan
        if: vars.HOST == 'example.com' && success()
        allow: { api: "https://api.example.com/v2/" }
        with: { image: "${{ steps.image.outputs.image }}" }
        timeout: 1m30s
  deploy:
    needs: build
    if: ${{ needs.build.outputs.image != '' }}
    steps:
      - uses: env-setup
        with: { file: .env, vars: { RAILS_ENV: production, SECRET_KEY_BASE: "${{ secrets.SECRET_KEY_BASE }}" } }
      - name: Copy and start
        uses: ssh-deploy
        with:
          target: root@203.0.113.7
          identity: "${{ secrets.DEPLOY_KEY }}"
          run: |
            bash deploy.sh
  notify:
    needs: [build, deploy]
    if: always()
    steps: [{ uses: http-request }]
"#;

fn mistakes(text: &str) -> (Source, Vec<Diagnostic>) {
    let source = Source::new("t.yml", text);
    let (_, mistakes) = parse_pipeline(&source);
    (source, mistakes)
}

#[test]
fn a_whole_pipeline() {
    let source = Source::new("capstep.yml", GOOD);
    let (pipeline, mistakes) = parse_pipeline(&source);
    let shown: Vec<String> = mistakes
        .iter()
        .map(|mistake| mistake.plain(&source))
        .collect();
    assert_eq!(shown, Vec::<String>::new());
    let pipeline = pipeline.unwrap();
    assert_eq!(pipeline.name.as_ref().unwrap().value, "webapp");
    let defaults: Vec<_> = pipeline
        .vars
        .iter()
        .map(|var| {
            (
                var.name.value.as_str(),
                var.default.as_ref().and_then(|node| node.scalar_text()),
            )
        })
        .collect();
    assert_eq!(
        defaults,
        [
            ("TAG", Some("1.10".to_owned())),
            ("HOST", Some("example.com".to_owned())),
            ("REQUIRED", None)
        ]
    );
    assert_eq!(pipeline.secrets.len(), 3);
    assert_eq!(pipeline.plugins[0].source.value, "./plugins/scan.wasm");
    let [build, deploy, notify] = pipeline.jobs.as_slice() else {
        panic!("three jobs");
    };
    assert_eq!(
        build.timeout.as_ref().unwrap().value,
        Duration::from_secs(1800)
    );
    assert_eq!(build.steps[0].id.as_ref().unwrap().value, "image");
    assert_eq!(build.steps[1].allow[0].0.value, "api");
    assert!(build.steps[1].condition.as_ref().unwrap().uses_status());
    assert!(
        source
            .slice(build.steps[0].span)
            .starts_with("id: image\n        uses: docker-build")
    );
    assert_eq!(deploy.needs[0].value, "build");
    assert_eq!(
        deploy.steps[1].name.as_ref().unwrap().value,
        "Copy and start"
    );
    let with = deploy.steps[1].with.as_ref().unwrap();
    assert_eq!(
        source.place(with.get("target").unwrap().span),
        "capstep.yml:34:19"
    );
    assert_eq!(notify.needs.len(), 2);
    assert_eq!(topological(&pipeline), [0, 1, 2]);
}

/// Jobs that a matrix makes 256 of each.
fn matrices(count: usize) -> String {
    let values: Vec<String> = (0..256).map(|number| number.to_string()).collect();
    let values = values.join(", ");
    let jobs: String = (0..count)
        .map(|number| {
            format!("  j{number}: {{ matrix: {{ a: [{values}] }}, steps: [{{ uses: x }}] }}\n")
        })
        .collect();
    format!("version: 1\njobs:\n{jobs}")
}

#[test]
fn matrices_make_many_jobs_but_not_any_number() {
    let (pipeline, mistakes) = parse_pipeline(&Source::new("t.yml", matrices(7)));
    assert_eq!(mistakes, []);
    assert_eq!(pipeline.unwrap().jobs.len(), 7 * 256);
}

#[test]
fn scripts_have_what_defaults_say() {
    let text = "version: 1
defaults: { shell: sh, working-directory: a }
jobs:
  plain: { steps: [{ run: x }, { uses: noop }, { run: x, shell: bash }] }
  other: { defaults: { working-directory: b }, steps: [{ run: x }, { run: x, working-directory: c }] }
";
    let (pipeline, mistakes) = parse_pipeline(&Source::new("t.yml", text));
    assert_eq!(mistakes, []);
    let pipeline = pipeline.unwrap();
    let steps = pipeline.jobs.iter().flat_map(|job| job.steps.iter());
    let found: Vec<_> = steps
        .map(|step| {
            let input = |name| step.with.as_ref()?.get(name)?.as_str();
            (input("shell"), input("working-directory"))
        })
        .collect();
    assert_eq!(
        found,
        [
            (Some("sh"), Some("a")),
            (None, None),
            (Some("bash"), Some("a")),
            (Some("sh"), Some("b")),
            (Some("sh"), Some("c")),
        ]
    );
}

#[test]
fn a_matrix_becomes_its_jobs() {
    let text = "version: 1
env: { A: pipeline, B: pipeline }
defaults: { timeout: 5m, retry: 2 }
jobs:
  build: { steps: [{ uses: x }] }
  test:
    needs: build
    env: { B: job }
    matrix:
      os: [linux, macos]
      version: [1.10, 2]
      exclude: [{ os: macos, version: 2 }]
      include: [{ os: linux, version: 2, slow: true }]
      max-parallel: 2
      fail-fast: false
    steps:
      - { uses: x, env: { C: step }, if: env.B == 'job' && env.C == 'step' && matrix.os == 'linux' }
      - { uses: x, timeout: 1m, retry: { attempts: 4, delay: 2s, backoff: exponential, on: timeout }, continue-on-error: true }
    finally: [{ uses: last }]
  after: { needs: [test, build], steps: [{ uses: x, with: { a: \"${{ needs.test.outcome }}\" } }] }
";
    let (pipeline, mistakes) = parse_pipeline(&Source::new("t.yml", text));
    assert_eq!(mistakes, []);
    let pipeline = pipeline.unwrap();
    let ids: Vec<&str> = pipeline
        .jobs
        .iter()
        .map(|job| job.id.value.as_str())
        .collect();
    let tests = [
        "test (linux, 1.10)",
        "test (linux, 2, true)",
        "test (macos, 1.10)",
    ];
    assert_eq!(ids, ["build", tests[0], tests[1], tests[2], "after"]);
    let needs: Vec<&str> = pipeline.jobs[4]
        .needs
        .iter()
        .map(|need| need.value.as_str())
        .collect();
    assert_eq!(needs, [tests[0], tests[1], tests[2], "build"]);
    assert_eq!(topological(&pipeline).len(), 5);
    let test = &pipeline.jobs[2];
    assert_eq!(test.key, "test");
    assert!(test.is_called("test") && test.is_called(tests[1]) && !test.is_called(tests[0]));
    let variant = test.matrix.as_ref().unwrap();
    // A version is no number.
    assert_eq!(
        serde_json::json!(variant.values),
        serde_json::json!({ "os": "linux", "version": 2, "slow": true })
    );
    assert_eq!((variant.max_parallel, variant.fail_fast), (Some(2), false));
    let [first, second, last] = test.steps.as_slice() else {
        panic!("three steps");
    };
    let env = |step: &Step| -> Vec<String> {
        let entries = step.env.entries().into_iter();
        entries
            .map(|(name, value)| format!("{}={}", name.value, value.as_str().unwrap()))
            .collect()
    };
    assert_eq!(env(first), ["A=pipeline", "B=job", "C=step"]);
    assert_eq!(env(second), ["A=pipeline", "B=job"]);
    assert_eq!((first.env.own.len(), second.env.own.len()), (1, 0));
    assert_eq!(
        first.timeout.as_ref().unwrap().value,
        Duration::from_secs(300)
    );
    assert_eq!(first.retry.as_ref().unwrap().attempts, 2);
    assert_eq!(
        second.timeout.as_ref().unwrap().value,
        Duration::from_secs(60)
    );
    let retry = second.retry.as_ref().unwrap();
    assert_eq!((retry.attempts, retry.backoff), (4, Backoff::Exponential));
    assert_eq!(retry.on, ["timeout"]);
    assert!(second.continue_on_error && !second.finally && last.finally);
}

/// The rest of a pipeline, for cases that are about something else.
const REST: &str = "jobs: { a: { steps: [{ uses: x }] } }\n";

/// A step with this `with`, in a pipeline that declares a secret, a variable and two jobs.
fn with(inputs: &str) -> String {
    format!(
        "version: 1\nvars: {{ VAR: x }}\nsecrets: [SECRET]\njobs:\n  a:\n    outputs: {{ image: x }}\n    steps: [{{ id: own, uses: x }}]\n  b:\n    needs: a\n    steps:\n      - {{ id: first, uses: x }}\n      - id: here\n        uses: x\n        with: {{ {inputs} }}\n      - {{ id: last, uses: x }}\n"
    )
}

/// A step with these further keys.
fn step(keys: &str) -> String {
    format!("version: 1\njobs:\n  a:\n    steps:\n      - uses: x\n        {keys}\n")
}

/// Every case: the code, the file, and all that is said about it.
fn cases() -> Vec<(&'static str, String, &'static str)> {
    use crate::codes::*;
    let top = |keys: &str| format!("version: 1\n{keys}\n{REST}");
    let job =
        |keys: &str| format!("version: 1\njobs:\n  a:\n    steps: [{{ uses: x }}]\n    {keys}\n");
    vec![
        (YAML_SYNTAX, "a: [".to_owned(), "1:4: yaml-syntax: this is not YAML: unclosed bracket `[`\n  help: close it with the matching bracket, or quote text that starts with `[` or `{`"),
        (DUPLICATE_KEY, top("version: 1"), "2:1: duplicate-key: the key `version` stands twice in this map\n  t.yml:1:1: the first one\n  help: remove one of the two, or put them together"),
        (LIMIT_EXCEEDED, "[".repeat(1000), "1:65: limit-exceeded: this YAML is larger or deeper than a pipeline may be\n  help: a pipeline may have 250,000 values, nest 64 deep, and repeat little by aliases"),
        (EMPTY_FILE, "# later\n".to_owned(), "2:1: empty-file: there is nothing in this file\n  help: a pipeline starts with `version: 1`, then `jobs:`"),
        (UNSUPPORTED_VERSION, format!("version: 2\n{REST}"), "1:10: unsupported-version: this needs a newer capstep: version 2 is not known to this one (0.1.0 reads version 1)\n  help: update capstep, or write `version: 1` if the file uses nothing newer"),
        (UNSUPPORTED_VERSION, format!("version: 0\n{REST}"), "1:10: unsupported-version: there is no version 0 of this file's format\n  help: write `version: 1`"),
        (WRONG_TYPE, format!("version: '1'\n{REST}"), "1:10: wrong-type: `version` must be the number 1, found text\n  help: write `version: 1`, without quotes"),
        (WRONG_TYPE, "just text".to_owned(), "1:1: wrong-type: the pipeline must be a map, found text"),
        (WRONG_TYPE, top("name: 5"), "2:7: wrong-type: `name` must be text, found a number\n  help: put it in quotes: \"5\""),
        (WRONG_TYPE, top("name:"), "2:1: wrong-type: `name` must be text, found nothing\n  help: give it a value, or remove the key"),
        (WRONG_TYPE, top("secrets: A"), "2:10: wrong-type: `secrets` must be a list of names, found text"),
        (WRONG_TYPE, top("vars: [A]"), "2:7: wrong-type: `vars` must be a map of names to defaults, found a list"),
        (WRONG_TYPE, top("vars: { A: [1] }"), "2:12: wrong-type: the default of `A` must be text, a number or true/false, found a list"),
        (WRONG_TYPE, job("needs: 5"), "5:12: wrong-type: `needs` must be a job's id or a list of them, found a number"),
        (WRONG_TYPE, job("if: 5"), "5:9: wrong-type: `if` must be an expression, found a number"),
        (WRONG_TYPE, job("outputs: { a: 5 }"), "5:19: wrong-type: the output `a` must be text, found a number\n  help: put it in quotes: \"5\""),
        (WRONG_TYPE, step("with: text"), "6:15: wrong-type: `with` must be a map of inputs, found text"),
        (WRONG_TYPE, "version: 1\njobs: { a: { steps: [docker-build] } }\n".to_owned(), "2:22: wrong-type: a step must be a map, found text\n  help: write `- uses: docker-build`"),
        (WRONG_TYPE, "version: 1\njobs: { a: [1] }\n".to_owned(), "2:12: wrong-type: the job `a` must be a map, found a list"),
        (UNKNOWN_KEY, top("nmae: x"), "2:1: unknown-key: `nmae` is not a key of a pipeline\n  help: did you mean `name`?"),
        (UNKNOWN_KEY, step("needs: a"), "6:9: unknown-key: `needs` is not a key of a step\n  help: `needs` is a key of a job; a step has `id`, `name`, `uses`, `with`, `run`, `shell`, `working-directory`, `reads`, `writes`, `allow`, `if`, `timeout`, `env`, `retry`, `continue-on-error`"),
        (UNKNOWN_KEY, job("runs-on: linux"), "5:5: unknown-key: `runs-on` is not a key of a job\n  help: a job has `name`, `needs`, `on`, `if`, `timeout`, `outputs`, `env`, `defaults`, `environment`, `concurrency`, `continue-on-error`, `matrix`, `cache`, `steps`, `finally`"),
        (UNKNOWN_KEY, job("strategy: {}"), "5:5: unknown-key: `strategy` is not a key of a job\n  help: write `matrix:` with `max-parallel` and `fail-fast` beside its axes"),
        (OUT_OF_RANGE, step("retry: 0"), "6:16: out-of-range: `retry` is a whole number from 1 to 100"),
        (OUT_OF_RANGE, step("retry: { attempts: 1000 }"), "6:28: out-of-range: `attempts` is a whole number from 1 to 100"),
        (UNKNOWN_WORD, step("retry: { attempts: 2, backoff: exponental }"), "6:40: unknown-word: `backoff` can't be `exponental`\n  help: did you mean `exponential`?"),
        (UNKNOWN_WORD, step("retry: { attempts: 2, on: [timeot] }"), "6:36: unknown-word: a kind of failure can't be `timeot`\n  help: did you mean `timeout`?"),
        (MISSING_KEY, step("retry: { delay: 5s }"), "6:9: missing-key: `retry` has no `attempts`\n  help: say how often: `attempts: 3`"),
        (WRONG_TYPE, step("continue-on-error: maybe"), "6:28: wrong-type: `continue-on-error` must be true or false, found text"),
        (WRONG_TYPE, step("env: [A]"), "6:14: wrong-type: `env` must be a map of names to texts, found a list"),
        (WRONG_TYPE, step("env: { A: [] }"), "6:19: wrong-type: the variable `A` must be text, a number or true/false, found a list"),
        (WRONG_TYPE, job("matrix: { os: a }"), "5:19: wrong-type: the axis `os` must be a list of values, found text"),
        (WRONG_TYPE, job("finally: {}"), "5:14: wrong-type: `finally` must be a list of steps, found a map"),
        (SECRET_EXPOSED, format!("version: 1\nsecrets: [S]\nenv: {{ A: \"${{{{ secrets.S }}}}\" }}\n{REST}"), "3:16: secret-exposed: a secret can't be in the `env` of a pipeline or a job\n  help: give it to the step that needs it, in its `with` or its own `env`"),
        (UNKNOWN_CONTEXT, job("env: { A: 1, B: \"${{ env.A }}\" }"), "5:26: unknown-context: a value of `env` can't refer to `env`\n  help: an `env` can refer to `vars`, `event` and `run`, a job's also to `needs` and `matrix`, a step's also to `steps` and `secrets`"),
        (UNKNOWN_VARIABLE, step("if: env.OTHER == ''"), "6:13: unknown-variable: `env` has no `OTHER` here\n  help: add `OTHER` to `env` of the step, of its job or of the pipeline"),
        (UNKNOWN_CONTEXT, step("if: matrix.os == 'a'"), "6:13: unknown-context: the job `a` has no matrix\n  help: give it one: `matrix: { os: [] }`"),
        (UNKNOWN_CONTEXT, job("matrix: { os: [a] }\n    if: matrix.so == 'a'"), "6:9: unknown-context: the matrix of this job has no `so`\n  help: it has `os`"),
        (MISSING_KEY, job("environment: { url: x }"), "5:5: missing-key: `environment` has no `name`\n  help: add `name:` with what it is called"),
        (MISSING_KEY, job("concurrency: { cancel-in-progress: true }"), "5:5: missing-key: `concurrency` has no `group`\n  help: add `group:` with what it is called"),
        (WRONG_TYPE, job("concurrency: 5"), "5:18: wrong-type: `concurrency` must be a map, found a number"),
        (UNKNOWN_STEP, job("environment: \"${{ steps.s.outputs.o }}\""), "5:23: unknown-step: this is worked out before the job's steps run\n  help: put a condition on the steps, or hand the value over from a job in `needs`"),
        (LIMIT_EXCEEDED, job(&format!("env: {{ {} }}", (0..257).map(|n| format!("V{n}: x")).collect::<Vec<_>>().join(", "))), "5:5: limit-exceeded: `env` has more than 256 variables\n  help: hand many values over in a file"),
        (BAD_MATRIX, job(&format!("matrix: {{ a: [\"{}\"] }}", "x".repeat(4096))), "5:5: bad-matrix: a combination of this matrix can have more than 4 KiB\n  help: let its values be names, and put what they stand for into files"),
        (BAD_MATRIX, matrices(8), "10:3: bad-matrix: with this matrix, matrices make more than 2000 jobs\n  help: take values away, or split the pipeline"),
        (BAD_MATRIX, job("matrix: {}"), "5:5: bad-matrix: this matrix makes no job\n  help: name an axis with values: `matrix: { version: [1, 2] }`"),
        (BAD_MATRIX, job("matrix: { exclude: [{ os: a }], os: [b] }"), "5:25: bad-matrix: the axis `os` has no `a` to exclude\n  help: exclude what the axes have; nothing else is there to take away"),
        (BAD_MATRIX, job("matrix: { include: [{ a: 1 }, { a: 1 }] }"), "3:3: bad-matrix: two jobs of this matrix are both called `a (1)`\n  help: let each combination have values of its own"),
        (DUPLICATE_NAME, job("matrix: { os: [a, a] }"), "5:23: duplicate-name: the axis `os` has `a` twice\n  help: remove one of the two"),
        (EXPRESSION_NOT_ALLOWED, job("matrix: { os: [\"${{ vars.X }}\"] }"), "5:20: expression-not-allowed: a matrix can't have expressions in it\n  help: write it out; expressions are evaluated in `with`, `outputs` and `if`"),
        (UNKNOWN_KEY, step("shell: sh"), "6:9: unknown-key: `shell` goes with `run`\n  help: what a plugin takes is written below `with`"),
        (NOT_SUPPORTED_YET, step("services: x"), "6:9: not-supported-yet: `services` is not supported yet\n  help: a step has `id`, `name`, `uses`, `with`, `run`, `shell`, `working-directory`, `reads`, `writes`, `allow`, `if`, `timeout`, `env`, `retry`, `continue-on-error`"),
        (UNKNOWN_KEY, top("include: x"), "2:1: unknown-key: `include` is not a key of a pipeline\n  help: a file is included where its steps are to run: `steps: [{ include: ci/steps.yml }]`"),
        (UNKNOWN_CONTEXT, with("a: \"${{ inputs.x }}\""), "14:25: unknown-context: `inputs` is known only in files that are included\n  help: the pipeline's own values are `vars.NAME`, `secrets.NAME` and what steps give"),
        (MISSING_KEY, REST.to_owned(), "1:1: missing-key: the pipeline has no `version`\n  help: start the file with `version: 1`"),
        (MISSING_KEY, "version: 1\n".to_owned(), "1:1: missing-key: the pipeline has no `jobs`\n  help: add `jobs:` with at least one job"),
        (MISSING_KEY, "version: 1\njobs: { a: { name: x } }\n".to_owned(), "2:9: missing-key: the job `a` has no `steps`\n  help: add `steps:` with at least one step"),
        (MISSING_KEY, "version: 1\njobs: { a: { steps: [{ uses: x }, { name: x }] } }\n".to_owned(), "2:37: missing-key: step 2 has neither `uses` nor `run`\n  help: add `uses:` with the name of a plugin, or `run:` with a script"),
        (EMPTY_VALUE, "version: 1\njobs: {}\n".to_owned(), "2:7: empty-value: `jobs` is empty\n  help: add at least one job: an id, and below it `steps:`"),
        (EMPTY_VALUE, "version: 1\njobs: { a: { steps: [] } }\n".to_owned(), "2:21: empty-value: `steps` is empty\n  help: add at least one step: `- uses:` with the name of a plugin"),
        (EMPTY_VALUE, top("name: ' '"), "2:7: empty-value: `name` is empty\n  help: give it a value, or remove it"),
        (BAD_NAME, "version: 1\njobs: { 1a: { steps: [{ uses: x }] } }\n".to_owned(), "2:9: bad-name: `1a` can't be a job's id\n  help: a letter or `_` first, then letters, digits, `_` and `-`"),
        (BAD_NAME, step("id: a.b"), "6:13: bad-name: `a.b` can't be a step's id\n  help: a letter or `_` first, then letters, digits, `_` and `-`"),
        (BAD_NAME, top("secrets: [A-B]"), "2:11: bad-name: `A-B` can't be a secret's name\n  help: a letter or `_` first, then letters, digits and `_`"),
        (BAD_NAME, top("vars: { A-B: 1 }"), "2:9: bad-name: `A-B` can't be a variable's name\n  help: a letter or `_` first, then letters, digits and `_`"),
        (BAD_NAME, top("plugins: { a b: x }"), "2:12: bad-name: `a b` can't be a plugin's name\n  help: a letter or `_` first, then letters, digits, `_` and `-`"),
        (BAD_DURATION, step("timeout: 10"), "6:18: bad-duration: `10` is not a duration: `10` has no unit\n  help: write whole numbers with `h`, `m`, `s` or `ms`: `90s`, `5m`, `1h30m`"),
        (BAD_DURATION, job("timeout: 0s"), "5:14: bad-duration: `0s` is not a duration: it must be longer than nothing\n  help: write whole numbers with `h`, `m`, `s` or `ms`: `90s`, `5m`, `1h30m`"),
        (DUPLICATE_NAME, top("secrets: [A, A]"), "2:14: duplicate-name: the secret `A` is named twice\n  t.yml:2:11: the first one\n  help: remove one of the two"),
        (DUPLICATE_NAME, "version: 1\njobs: { a: { steps: [{ id: s, uses: x }, { id: s, uses: x }] } }\n".to_owned(), "2:48: duplicate-name: the step `s` is named twice\n  t.yml:2:28: the first one\n  help: remove one of the two"),
        (DUPLICATE_NAME, top("secrets: [A]\nvars: { A: 1 }"), "2:11: duplicate-name: `A` is declared as a secret and as a variable\n  t.yml:3:9: the variable\n  help: rename one: both would be taken from the same environment variable"),
        (UNKNOWN_JOB, job("needs: [build]"), "5:13: unknown-job: there is no job `build`\n  help: add the job, or remove `build` from `needs`"),
        (UNKNOWN_JOB, "version: 1\njobs: { build: { steps: [{ uses: x }] }, b: { needs: biuld, steps: [{ uses: x }] } }\n".to_owned(), "2:54: unknown-job: there is no job `biuld`\n  help: did you mean `build`?"),
        (UNKNOWN_JOB, with("a: \"${{ needs.c.outputs.x }}\""), "14:25: unknown-job: there is no job `c`\n  help: refer to a job in `needs`"),
        (UNKNOWN_JOB, "version: 1\njobs: { a: { outputs: { o: x }, steps: [{ uses: x }] }, b: { steps: [{ uses: x, with: { a: \"${{ needs.a.outputs.o }}\" } }] } }\n".to_owned(), "2:97: unknown-job: this job does not wait for `a`\n  help: write `needs: [a]` in the job `b`"),
        (UNKNOWN_OUTPUT, with("a: \"${{ needs.a.outputs.imgae }}\""), "14:25: unknown-output: the job `a` has no output `imgae`\n  t.yml:5:3: this job\n  help: did you mean `image`?"),
        (UNKNOWN_OUTPUT, with("a: \"${{ needs.a.outputs.o }}\""), "14:25: unknown-output: the job `a` has no output `o`\n  t.yml:5:3: this job\n  help: add it to the job: `outputs: { o: \"${{ steps.ID.outputs.NAME }}\" }`"),
        (UNKNOWN_STEP, with("a: \"${{ steps.last.outputs.x }}\""), "14:25: unknown-step: the step `last` runs later than this one\n  help: steps run in the order written: move it up"),
        (UNKNOWN_STEP, with("a: \"${{ steps.here.outputs.x }}\""), "14:25: unknown-step: the step `here` can't use its own outputs\n  help: outputs are known when the step has ended; refer to an earlier step"),
        (UNKNOWN_STEP, with("a: \"${{ steps.frist.outputs.x }}\""), "14:25: unknown-step: there is no step `frist` in this job\n  help: did you mean `first`?"),
        (UNKNOWN_STEP, with("a: \"${{ steps.own.outputs.x }}\""), "14:25: unknown-step: there is no step `own` in this job\n  help: another job has it: hand the value over by that job's `outputs`, and refer to `needs.JOB.outputs.NAME`"),
        (UNKNOWN_STEP, job("if: steps.a.outputs.b"), "5:9: unknown-step: this is worked out before the job's steps run\n  help: put a condition on the steps, or hand the value over from a job in `needs`"),
        (UNKNOWN_SECRET, with("a: [{ b: \"x${{ secrets.TOKEN }}\" }]"), "14:32: unknown-secret: the secret `TOKEN` is not declared\n  help: declare it: `secrets: [SECRET, TOKEN]`"),
        (UNKNOWN_SECRET, with("a: \"${{ secrets.SECERT }}\""), "14:25: unknown-secret: the secret `SECERT` is not declared\n  help: did you mean `SECRET`?"),
        (UNKNOWN_SECRET, with("a: \"${{ secrets.VAR }}\""), "14:25: unknown-secret: the secret `VAR` is not declared\n  help: it is a variable: `vars.VAR`"),
        (UNKNOWN_VARIABLE, step("if: vars.X == 'a'"), "6:13: unknown-variable: the variable `X` is not declared\n  help: declare it, with a default or none: `vars: { X: }`"),
        (UNKNOWN_VARIABLE, job("outputs: { a: \"${{ vars.X }}\" }"), "5:24: unknown-variable: the variable `X` is not declared\n  help: declare it, with a default or none: `vars: { X: }`"),
        (DEPENDENCY_CYCLE, job("needs: a"), "5:12: dependency-cycle: this job waits for itself: `a → a`\n  help: remove one of these from `needs`"),
        (DEPENDENCY_CYCLE, "version: 1\njobs:\n  z: { needs: a, steps: [{ uses: x }] }\n  a: { needs: [b], steps: [{ uses: x }] }\n  b: { needs: [c, d], steps: [{ uses: x }] }\n  c: { needs: a, steps: [{ uses: x }] }\n  d: { steps: [{ uses: x }] }\n".to_owned(), "4:16: dependency-cycle: jobs wait for each other: `a → b → c → a`\n  t.yml:5:16: `b` needs `c`\n  t.yml:6:15: `c` needs `a`\n  help: remove one of these from `needs`"),
        (EXPRESSION_SYNTAX, with("a: \"${{ vars.VAR = 1 }}\""), "14:34: expression-syntax: `=` means nothing in an expression\n  help: compare with `==`"),
        (EXPRESSION_SYNTAX, step("if: true &&"), "6:20: expression-syntax: a value is expected here, not the end of the expression"),
        (UNCLOSED_EXPRESSION, with("a: \"x ${{ vars.VAR }\""), "14:23: unclosed-expression: this expression is not closed\n  help: close it with `}}`; a literal `${{` is written ${{ '${{' }}"),
        (EXPRESSION_NOT_ALLOWED, "version: 1\njobs: { a: { steps: [{ uses: \"${{ vars.X }}\" }] } }\n".to_owned(), "2:30: expression-not-allowed: `uses` can't have expressions in it\n  help: write it out; expressions are evaluated in `with`, `outputs` and `if`"),
        (EXPRESSION_NOT_ALLOWED, step("allow: { api: [\"${{ vars.X }}\"] }"), "6:24: expression-not-allowed: what is allowed can't have expressions in it\n  help: write it out; expressions are evaluated in `with`, `outputs` and `if`"),
        (EXPRESSION_NOT_ALLOWED, with("\"${{ vars.VAR }}\": 1"), "14:17: expression-not-allowed: a key can't have expressions in it\n  help: write it out; expressions are evaluated in `with`, `outputs` and `if`"),
        (EXPRESSION_NOT_ALLOWED, top("vars: { A: \"${{ run.id }}\" }"), "2:12: expression-not-allowed: the default of `A` can't have expressions in it\n  help: write it out; expressions are evaluated in `with`, `outputs` and `if`"),
        (UNKNOWN_FUNCTION, with("a: \"${{ tojson(vars.VAR) }}\""), "14:25: unknown-function: there is no function `tojson`\n  help: did you mean `toJSON`?"),
        (WRONG_ARGUMENTS, step("if: contains('a')"), "6:13: wrong-arguments: `contains` takes 2 values, here it has 1 value\n  help: call it as `contains(text or list, part)`"),
        (UNKNOWN_CONTEXT, with("a: \"${{ var.VAR }}\""), "14:25: unknown-context: `var.VAR` is not known here\n  help: did you mean `vars`?"),
        (UNKNOWN_CONTEXT, with("a: \"${{ steps.first.image }}\""), "14:25: unknown-context: `steps.first.image` is not a value\n  help: write `steps.ID.outputs.NAME`"),
        (STATUS_OUTSIDE_IF, with("a: \"${{ always() }}\""), "14:25: status-outside-if: `always()` is only known in an `if`\n  help: use it in the `if` of a step or a job"),
        (SECRET_EXPOSED, with("a: \"${{ toJSON(secrets.SECRET) }}\""), "14:32: secret-exposed: a secret can't be passed to `toJSON`\n  help: hand it over as it is, put it into a text, or pass it to `urlencode` or `default`; anything else would tell its value"),
        (SECRET_EXPOSED, with("a: \"${{ toJSON(secrets) }}\""), "14:32: secret-exposed: all secrets at once can't be used\n  help: name the one that is meant: `secrets.NAME`"),
    ]
}

#[test]
fn each_mistake_is_told() {
    let mut wrong = Vec::new();
    for (code, text, expected) in cases() {
        let (source, mistakes) = mistakes(&text);
        let shown: Vec<String> = mistakes
            .iter()
            .map(|mistake| mistake.plain(&source))
            .collect();
        let same = shown == [format!("t.yml:{expected}")]
            && mistakes.iter().all(|mistake| mistake.code == code);
        if !same {
            wrong.push(format!(
                "{text}\n  told: {shown:#?}\n  expected: {code} {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_code_is_without_a_case() {
    let told = cases().into_iter().map(|(code, _, _)| code);
    let told: BTreeSet<&str> = told.chain(include_tests::CODES).collect();
    let all: BTreeSet<&str> = codes::ALL.iter().copied().collect();
    assert_eq!(told, all);
    assert_eq!(all.len(), codes::ALL.len());
}

#[test]
fn all_mistakes_are_told_at_once_and_in_order() {
    let text = "nmae: x\nversion: 3\nsecrets: [A, A]\njobs:\n  b:\n    needs: [c]\n    steps:\n      - uses: x\n        if: secrets.A && secrets.Z\n        with: { a: \"${{ vars.X }} ${{ b }} ${{ steps.s.outputs.o }}\" }\n      - with: {}\n";
    let (source, mistakes) = mistakes(text);
    let shown: Vec<String> = mistakes
        .iter()
        .map(|mistake| {
            let (line, column) = source.line_column(mistake.span.start);
            format!("{line}:{column} {}", mistake.code)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "1:1 unknown-key",
            "2:10 unsupported-version",
            "3:14 duplicate-name",
            "6:13 unknown-job",
            "9:13 secret-exposed",
            "9:26 secret-exposed",
            "9:26 unknown-secret",
            "10:25 unknown-variable",
            "10:39 unknown-context",
            "10:48 unknown-step",
            "11:9 missing-key",
        ]
    );
}

#[test]
fn what_could_not_be_read_is_not_blamed_twice() {
    let check = |text: &str, expected: &[&str]| {
        let codes: Vec<&str> = mistakes(text)
            .1
            .iter()
            .map(|mistake| mistake.code)
            .collect();
        assert_eq!(codes, expected, "{text}");
    };
    let steps = "steps: [{ uses: x, with: { a: \"${{ secrets.A }}${{ vars.B }}\" } }]";
    check(
        &format!("version: 1\nsecrets: A\nvars: [B]\njobs: {{ a: {{ {steps} }} }}\n"),
        &["wrong-type", "wrong-type"],
    );
    check(
        &format!("version: 1\nsecrets: [1]\nvars: {{ B: }}\njobs: {{ a: {{ {steps} }} }}\n"),
        &["wrong-type"],
    );
    // Neither is what follows from a key that is written wrong, or from a name that is not declared.
    check(
        &format!("version: 1\nsecret: [A]\nvar: {{ B: }}\njobs: {{ a: {{ {steps} }} }}\n"),
        &["unknown-key", "unknown-key"],
    );
    check(
        &format!("version: 1\njobs: {{ a: {{ {steps} }}, b: {{ {steps} }} }}\n"),
        &["unknown-secret", "unknown-variable"],
    );
    check(
        "version: 1\njobs: { a: { step: [] }, b: { need: a, steps: [{ usess: x }, { uses: x, if: needs.a.outputs.x == 'a' }] } }\n",
        &["unknown-key", "unknown-key", "unknown-key"],
    );
    check(
        "version: 1\njobs: { b: { needs: c, if: needs.c.outputs.x == 'a', steps: [{ uses: x }] } }\n",
        &["unknown-job"],
    );
    // A job that is no map exists, as does a step without a plugin.
    check(
        "version: 1\njobs: { a: 5, b: { needs: a, steps: [{ uses: x, with: { a: \"${{ needs.a.outputs.x }}\" } }] } }\n",
        &["wrong-type"],
    );
    check(
        "version: 1\njobs: { b: { steps: [{ id: s }, { uses: x, with: { a: \"${{ steps.s.outputs.x }}\" } }] } }\n",
        &["missing-key"],
    );
}

#[test]
fn jobs_in_order() {
    let check = |needs: &[(&str, &str)], expected: &[usize]| {
        let jobs: String = needs
            .iter()
            .map(|(id, needs)| format!("  {id}: {{ needs: [{needs}], steps: [{{ uses: x }}] }}\n"))
            .collect();
        let source = Source::new("t.yml", format!("version: 1\njobs:\n{jobs}"));
        let pipeline = parse_pipeline(&source).0.unwrap();
        assert_eq!(topological(&pipeline), expected, "{jobs}");
    };
    check(&[("a", ""), ("b", ""), ("c", "")], &[0, 1, 2]);
    check(&[("a", "c"), ("b", ""), ("c", "b")], &[1, 2, 0]);
    check(&[("a", "b"), ("b", "a"), ("c", ""), ("d", "a")], &[2]);
    let (_, mistakes) = mistakes(
        "version: 1\njobs:\n  a: { needs: b, steps: [{ uses: x }] }\n  b: { needs: a, steps: [{ uses: x }] }\n  c: { needs: [d, a], steps: [{ uses: x }] }\n  d: { needs: c, steps: [{ uses: x }] }\n",
    );
    let messages: Vec<&str> = mistakes
        .iter()
        .map(|mistake| mistake.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "jobs wait for each other: `a → b → a`",
            "jobs wait for each other: `c → d → c`"
        ]
    );
}

#[test]
fn files_of_mistakes_are_read_quickly() {
    let check = |text: String| {
        let started = Instant::now();
        let (_, mistakes) = mistakes(&text);
        assert!(!mistakes.is_empty() && mistakes.len() <= 500);
        // Generous, since the machine may be busy.
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{:?}",
            started.elapsed()
        );
    };
    let jobs = |needs: fn(usize) -> usize, count: usize| {
        let job = |i| format!(" j{i}: {{needs: j{}, steps: [{{uses: x}}]}}\n", needs(i));
        (0..count).map(job).collect::<String>()
    };
    check(format!(
        "version: 1\njobs:\n{}",
        jobs(|i| i + 100_000, 20_000)
    ));
    check(format!("version: 1\njobs:\n{}", jobs(|i| i ^ 1, 20_000)));
    check(format!(
        "version: 1\njobs:\n{}",
        jobs(|i| i.saturating_sub(1), 20_000)
    ));
    check((0..40_000).map(|i| format!("stepz{i}: x\n")).collect());
    check(format!(
        "version: 1\njobs: {{ a: {{ steps: [{{ uses: x, with: {{ a: \"{}\" }} }}] }} }}\n",
        "${{ secrets.A }}".repeat(60_000)
    ));
    check(format!(
        "version: 1\njobs: {{ a: {{ steps: [{{ uses: x, with: {{ a: '{}' }} }}] }} }}\n",
        "${{ ''a'' == 1 }} ${{".repeat(40_000)
    ));
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC*") {
        let _ = mistakes(&text);
    }

    /// The good pipeline with some pieces cut out, doubled or replaced: read or refused, every span within the text.
    #[test]
    fn reading_changed_pipelines_never_panics(
        changes in proptest::collection::vec((0..GOOD.len(), 0..40usize, "[ -~é\\n\\t]{0,6}|\\$\\{\\{ |\\}\\}|&a |\\*a|- |: |'|\""), 1..5)
    ) {
        let mut text = GOOD.to_owned();
        for (at, len, new) in changes {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + len).min(text.len()));
            text.replace_range(start..end, &new);
        }
        let source = Source::new("t.yml", text.clone());
        let (pipeline, mistakes) = parse_pipeline(&source);
        for mistake in &mistakes {
            for span in mistake.related.iter().map(|(span, _)| *span).chain([mistake.span]) {
                prop_assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text}");
            }
            prop_assert!(codes::ALL.contains(&mistake.code));
        }
        prop_assert!(pipeline.is_some() || !mistakes.is_empty());
        if let Some(pipeline) = pipeline {
            let order = topological(&pipeline);
            prop_assert!(order.len() == pipeline.jobs.len() || !mistakes.is_empty());
        }
    }
}
