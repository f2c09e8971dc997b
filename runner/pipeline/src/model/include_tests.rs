//! Tests of includes: what their steps become, and each kind of mistake with its text.

use super::*;
use crate::included::FoundFile;
use crate::source::Source;
use crate::tree::Value;

/// The codes that need a file beside the pipeline.
pub(super) const CODES: [&str; 3] = ["bad-include", "unknown-input", "missing-input"];

/// A pipeline with these files beside it, as far as it could be read, and its mistakes.
fn read(text: &str, files: &[(&str, &str)]) -> (Source, Option<Pipeline>, Vec<String>) {
    let mut source = Source::new("capstep.yml", text);
    source.read_included(&|path| {
        let found = files.iter().find(|(name, _)| *name == path);
        let (name, text) = found.ok_or("there is no such file")?;
        Ok(FoundFile {
            name: (*name).to_owned(),
            bytes: (*text).into(),
        })
    });
    let (pipeline, mistakes) = parse_pipeline(&source);
    let shown = mistakes.iter().map(|it| it.plain(&source)).collect();
    (source, pipeline, shown)
}

const PIPELINE: &str = r#"version: 1
vars: { HOST: web.example.com, N: 1.10 }
secrets: [KEY]
jobs:
  a:
    outputs: { said: "${{ steps.deploy.outputs.said }}" }
    steps:
      - { id: first, uses: noop, with: { echo: x } }
      - id: deploy
        include: ci/deploy.yml
        if: vars.HOST != ''
        with:
          host: "${{ vars.HOST }}"
          key: "${{ secrets.KEY }}"
          tags: ["app:${{ vars.N }}", "app:latest"]
          n: 1.10
      - { uses: noop, with: { echo: "${{ steps.deploy.outputs.said }} ${{ steps.deploy.outputs.list[0] }}" } }
    finally:
      - include: ci/deploy.yml
        with: { host: "h", key: "${{ secrets.KEY }}", tags: [], n: 2 }
"#;

const DEPLOY: &str = r#"version: 1
inputs: { host: , key: , tags: , n: , port: 22 }
outputs:
  said: "${{ steps.log.outputs.echo }}"
  list: "${{ steps.log.outputs.list }}"
steps:
  - id: log
    uses: noop
    with: { echo: "${{ inputs.host }}:${{ inputs.port }} ${{ inputs.n }}", tags: "${{ inputs.tags }}", one: "${{ inputs.n }}" }
  - uses: ssh-deploy
    if: failure() && steps.log.outputs.echo == 'x' && inputs.port == 22
    env: { HOST: "${{ inputs.host }}" }
    with: { identity: "${{ inputs.key }}", also: "${{ env.HOST }}/${{ inputs.host }}" }
"#;

#[test]
fn its_steps_become_steps_of_the_job() {
    let (source, pipeline, mistakes) = read(PIPELINE, &[("ci/deploy.yml", DEPLOY)]);
    assert_eq!(mistakes, [""; 0]);
    let job = pipeline.unwrap().jobs.remove(0);
    let ids: Vec<_> = job
        .steps
        .iter()
        .map(|step| step.id.as_ref().map_or("-", |id| id.value.as_str()))
        .collect();
    assert_eq!(ids, ["first", "deploy.log", "-", "-", "5.log", "-"]);
    let finally: Vec<bool> = job.steps.iter().map(|step| step.finally).collect();
    assert_eq!(finally, [false, false, false, false, true, true]);
    let log = &job.steps[1];
    assert_eq!(source.place(log.span), "ci/deploy.yml:7:5");
    assert_eq!(source.place(log.included[0]), "capstep.yml:10:18");
    assert!(job.steps[0].included.is_empty());
    // What is handed on as a whole is what was written, where it was written.
    let with = log.with.as_ref().unwrap();
    let tags = with.get("tags").unwrap();
    assert_eq!(tags.as_list().unwrap().len(), 2);
    assert_eq!(source.place(tags.span), "capstep.yml:15:17");
    assert!(matches!(&with.get("one").unwrap().value, Value::Number(n) if n.raw == "1.10"));
    let key = job.steps[2].with.as_ref().unwrap().get("identity").unwrap();
    assert_eq!(source.place(key.span), "capstep.yml:14:16");
    // All that a step refers to is known, whatever names it came by.
    let references = |step: &Step| {
        let mut found: Vec<String> = step
            .references()
            .iter()
            .map(|it| it.path.join("."))
            .collect();
        found.dedup();
        found.join(" ")
    };
    assert_eq!(references(log), "vars.HOST vars.N");
    assert_eq!(
        references(&job.steps[2]),
        "vars.HOST steps.deploy.log.outputs.echo secrets.KEY vars.HOST"
    );
    assert_eq!(
        references(&job.steps[3]),
        "steps.deploy.log.outputs.echo steps.deploy.log.outputs.list"
    );
    assert_eq!(
        references(&job.steps[5]),
        "steps.5.log.outputs.echo secrets.KEY"
    );
    assert_eq!(job.outputs[0].1.references()[0].path[1], "deploy.log");
}

#[test]
fn includes_nest() {
    let outer = "version: 1\ninputs: { x: }\noutputs: { y: \"${{ steps.in.outputs.z }}\" }\nsteps: [{ include: b.yml, id: in, with: { x: \"<${{ inputs.x }}>\" } }]\n";
    let inner = "version: 1\ninputs: { x: }\noutputs: { z: \"${{ steps.s.outputs.echo }}\" }\nsteps: [{ uses: noop, id: s, with: { echo: \"${{ inputs.x }}\" } }]\n";
    let text = "version: 1\nvars: { V: 1 }\njobs: { a: { outputs: { o: \"${{ steps.out.outputs.y }}\" }, steps: [{ include: a.yml, id: out, with: { x: \"${{ vars.V }}\" } }] } }\n";
    let (_, pipeline, mistakes) = read(text, &[("a.yml", outer), ("b.yml", inner)]);
    assert_eq!(mistakes, [""; 0]);
    let job = pipeline.unwrap().jobs.remove(0);
    assert_eq!(job.steps[0].id.as_ref().unwrap().value, "out.in.s");
    assert_eq!(job.steps[0].included.len(), 2);
    assert_eq!(
        job.outputs[0].1.references()[0].path.join("/"),
        "steps/out.in.s/outputs/echo"
    );
}

/// The mistakes of a job's step that includes `i.yml`, which goes on behind `version: 1`.
#[track_caller]
fn check(step: &str, file: &str, expected: &[&str]) {
    let text = format!(
        "version: 1\nvars: {{ V: 1 }}\nsecrets: [S]\njobs: {{ a: {{ steps: [{step}] }} }}\n"
    );
    let file = format!("version: 1\n{file}");
    let (_, _, mistakes) = read(&text, &[("i.yml", &file)]);
    assert_eq!(mistakes, expected, "{step}\n{file}");
}

#[test]
fn mistakes_say_where_and_what_to_do() {
    let include = "{ include: i.yml }";
    let steps = |with: &str| {
        format!("inputs: {{ x: 1, secret: s }}\nsteps: [{{ uses: noop, with: {{ {with} }} }}]\n")
    };
    let good = "steps: [{ uses: noop }]\n";
    check(
        "{ include: j.yml }",
        good,
        &["capstep.yml:4:33: bad-include: `j.yml` can't be included: there is no such file"],
    );
    check(
        "{ include: ../i.yml }",
        good,
        &[
            "capstep.yml:4:33: bad-include: `../i.yml` can't be included: a path leads nowhere outside of the pipeline's folder",
        ],
    );
    check(
        include,
        "steps: [{ include: i.yml }]\n",
        &[
            "i.yml:2:20: bad-include: `i.yml` can't be included: it includes itself: `i.yml` → `i.yml`\n  help: remove one of these includes",
        ],
    );
    check(
        include,
        "stepz: []\nsteps: [{ uses: noop }]\n",
        &[
            "i.yml:2:1: unknown-key: `stepz` is not a key of an included file\n  help: did you mean `steps`?",
        ],
    );
    check(
        include,
        "inputs: { x: }\nsteps: [{ uses: noop }]\n",
        &[
            "capstep.yml:4:33: missing-input: `i.yml` needs the input `x`\n  i.yml:2:11: declared here, without a default\n  help: hand it over: `with: { x: … }`",
        ],
    );
    check(
        "{ include: i.yml, with: { y: 1 } }",
        good,
        &[
            "capstep.yml:4:48: unknown-input: `i.yml` has no input `y`\n  help: it declares no `inputs`",
        ],
    );
    check(
        "{ include: i.yml, uses: noop }",
        good,
        &[
            "capstep.yml:4:40: unknown-key: `uses` is not a key of an include\n  help: `uses` is a key of a step; an include has `include`, `id`, `with`, `if`",
        ],
    );
    check(
        "{ include: i.yml, if: failure() }",
        good,
        &[
            "capstep.yml:4:44: status-outside-if: the `if` of an include can't ask how the job went so far\n  help: ask in the `if` of the steps that are included",
        ],
    );
    check(
        include,
        &steps("echo: \"${{ vars.V }}\""),
        &[
            "i.yml:3:42: unknown-context: `vars.V` is not known in an included file, which has what is handed to it\n  help: use `inputs.V` here, declare `V:` in the file's `inputs`, and hand it over where the file is included: `with: { V: \"${{ vars.V }}\" }`",
        ],
    );
    check(
        include,
        &steps("echo: \"${{ inputs.y }}\""),
        &[
            "i.yml:3:42: unknown-input: this file declares no input `y`\n  help: declare it in the file: `inputs: { y: }`",
        ],
    );
    check(
        include,
        &steps("echo: \"${{ steps.other.outputs.echo }}\""),
        &[
            "i.yml:3:42: unknown-step: there is no step `other` in this file\n  help: give the step that is meant `id: other`; what is not in this file is handed over by its `inputs`",
        ],
    );
    check(
        "{ include: i.yml, with: { secret: \"${{ secrets.S }}\" } }",
        &steps("echo: \"${{ toJSON(inputs.secret) }}\""),
        &[
            "i.yml:3:49: secret-exposed: a secret can't be passed to `toJSON`\n  help: hand it over as it is, put it into a text, or pass it to `urlencode` or `default`; anything else would tell its value",
        ],
    );
    check(
        "{ include: i.yml, with: { x: [\"${{ vars.V }}\"] } }",
        &steps("echo: \"a ${{ inputs.x }}\""),
        &[
            "i.yml:3:44: expression-not-allowed: the input `x` is a list or map with expressions in it, which can't be worked out here\n  help: hand it on as a whole: a value that is `${{ inputs.x }}` and nothing else",
        ],
    );
    check(
        "{ include: i.yml, id: i }, { uses: noop, with: { echo: \"${{ steps.i.outputs.x }}\" } }",
        good,
        &[
            "capstep.yml:4:82: unknown-output: the file that `i` includes has no output `x`\n  help: add it to the file that is included: `outputs: { x: \"${{ steps.ID.outputs.NAME }}\" }`",
        ],
    );
    check(
        "{ include: i.yml, id: i }, { uses: noop, if: steps.i.outcome == 'failed' }",
        good,
        &[
            "capstep.yml:4:67: unknown-step: `i` is an include, which has no outcome\n  help: let the file have an output that says what is needed, and refer to that",
        ],
    );
    check(
        "{ uses: noop, with: { echo: \"${{ inputs.x }}\" } }",
        good,
        &[
            "capstep.yml:4:55: unknown-context: `inputs` is known only in files that are included\n  help: the pipeline's own values are `vars.NAME`, `secrets.NAME` and what steps give",
        ],
    );
    let text = "version: 1\njobs: { a: { steps: [{ include: i.yml }] } }\n";
    let (_, _, mistakes) = read(text, &[("i.yml", "version: 1\nsteps: [\n")]);
    assert!(
        mistakes[0].starts_with("i.yml:2:8: yaml-syntax: "),
        "{mistakes:?}"
    );
}

#[test]
fn what_grows_without_end_is_refused() {
    // Each file includes the next one twice, and hands on twice what it was given.
    let files: Vec<(String, String)> = (0..9)
        .map(|n| {
            let text = format!(
                "version: 1\ninputs: {{ x: }}\nsteps: [{{ include: f{m}, with: {{ x: \"{x}\" }} }}, {{ include: f{m}, with: {{ x: \"{x}\" }} }}]\n",
                m = n + 1,
                x = "${{ inputs.x }} ".repeat(16),
            );
            (format!("f{n}"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let text = "version: 1\nvars: { V: 1 }\njobs: { a: { steps: [{ include: f0, with: { x: \"${{ vars.V }}\" } }] } }\n";
    let started = std::time::Instant::now();
    let (_, _, mistakes) = read(text, &files);
    assert!(
        mistakes.iter().any(|it| it.contains("nest at most 8 deep")),
        "{mistakes:?}"
    );
    assert!(
        mistakes.iter().any(|it| it.contains("more than 256 parts")),
        "{mistakes:?}"
    );
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
