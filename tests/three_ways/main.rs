//! The same small plugin in the three ways in: a component of the world, a command that talks JSON-RPC, a plain program.
//! One pipeline runs them all on one text; their results must agree, and so must what the journal tells of them.

use std::process::Command;

use capstep_grants::manifest::Manifest;
use capstep_tests::journal::{Record, assert_planned};
use capstep_tests::program::{root, target};
use capstep_tests::project::Project;
use serde_json::{Value, json};

/// Longer than the pieces in which the plugins read it, with a word across the cut, and no line end at its end.
const TEXT: &str = "\
One step,\ttwo steps:\r
each of them can do what it was handed, and nothing else besides;

nothing more is asked of  a  step than that.\x0b Ärger gibt es keinen.
The end";

const PIPELINE: &str = "\
version: 1
jobs:
  count:
    steps:
      - id: world
        uses: ./plugins/world.wasm
        with: { file: texts/text.txt }
      - id: command
        uses: ./plugins/command.wasm
        with: { file: texts/text.txt }
      - id: plain
        uses: ./plugins/plain.wasm
        with:
          args: [text.txt]
          files: [ { path: texts, at: /texts } ]
";

/// Compiles one of the two Rust plugins.
fn compiled(package: &str, triple: &str) -> Vec<u8> {
    // In the folder where the built-in plugins are compiled too: that of the tests is locked while they are built.
    let folder = target().join("plugins");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--locked", "--profile", "plugin"])
        .args(["-p", package, "--target", triple])
        .arg("--target-dir")
        .arg(&folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let file = match triple {
        "wasm32-wasip2" => format!("{}.wasm", package.replace('-', "_")),
        _ => format!("{package}.wasm"),
    };
    std::fs::read(folder.join(triple).join("plugin").join(file)).unwrap()
}

fn with_manifest(mut plugin: Vec<u8>, manifest: &str) -> Vec<u8> {
    let (declaration, _) = Manifest::from_toml(manifest).unwrap();
    plugin.extend(declaration.to_custom_section());
    plugin
}

/// A project with the three plugins, their pipeline, and the text if there is one.
fn project(text: Option<&str>) -> Project {
    let world = compiled("capstep-test-count-world", "wasm32-wasip2");
    let command = compiled("capstep-test-count-command", "wasm32-wasip1");
    let plain = wat::parse_str(include_str!("plain.wat")).unwrap();
    let project = Project::new(PIPELINE);
    project.write(
        "plugins/world.wasm",
        with_manifest(world, include_str!("world/plugin.toml")),
    );
    project.write(
        "plugins/command.wasm",
        with_manifest(command, include_str!("command/plugin.toml")),
    );
    project.write("plugins/plain.wasm", plain);
    project.write("texts/other.txt", "");
    if let Some(text) = text {
        project.write("texts/text.txt", text);
    }
    project
}

/// The events of one kind, by the number of their step.
fn of_step<'a>(events: &'a [Value], kind: &str, step: usize) -> &'a Value {
    let found = events
        .iter()
        .find(|event| event["event"] == kind && event["step"] == step);
    found.unwrap_or_else(|| panic!("no {kind} of step {step} in {events:#?}"))
}

fn events(stdout: &str) -> Vec<Value> {
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A step's records without what must differ: when, in which step, where the grant was written, and the chain.
fn comparable(journal: &[Record], step: usize) -> Vec<Value> {
    let mut records: Vec<Value> = journal
        .iter()
        .filter(|record| record.0["step"] == step)
        .map(|record| record.0.clone())
        .collect();
    for record in &mut records {
        let fields = record.as_object_mut().unwrap();
        for key in ["time", "sequence", "prev", "step", "duration-ms"] {
            fields.remove(key);
        }
        for grant in fields
            .get_mut("grants")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            grant.as_object_mut().unwrap().remove("place").unwrap();
        }
    }
    records
}

#[test]
fn all_three_give_the_same_and_leave_the_same_records() {
    let project = project(Some(TEXT));
    let plan = project.plan(&[]);
    let ran = project.capstep(&["run", "--format", "json"]).expect(0);
    let events = events(&ran.stdout);

    let lines = TEXT.matches('\n').count();
    let words = TEXT.split_ascii_whitespace().count();
    let expected = json!({ "lines": lines, "words": words });
    let outputs = |step| &of_step(&events, "step-finished", step)["outputs"];
    assert_eq!(outputs(1), &expected);
    assert_eq!(outputs(2), &expected);
    let printed: Value = serde_json::from_str(outputs(3)["stdout"].as_str().unwrap()).unwrap();
    assert_eq!(printed, expected);

    let journal = project.journal();
    assert_planned(&plan, &journal);
    let world = comparable(&journal, 1);
    assert_eq!(world, comparable(&journal, 2));
    let pieces = TEXT.len().div_ceil(64) + 1;
    assert_eq!(world.len(), pieces, "{world:#?}");
    for record in &world {
        assert_eq!(record["verb"], "files/read");
        assert_eq!(record["phase"], "read");
        assert_eq!(record["grants"][0]["pointer"], "/file");
        assert_eq!(record["grants"][0]["authority"], "texts/text.txt");
    }
    // What a plain program reads is not seen; that it was handed the folder is.
    let plain = comparable(&journal, 3);
    assert_eq!(plain.len(), 1, "{plain:#?}");
    assert_eq!(plain[0]["verb"], "mount");
    assert_eq!(plain[0]["phase"], "granted");
    assert_eq!(plain[0]["grants"][0]["pointer"], "/files/0/path");
    assert_eq!(plain[0]["grants"][0]["authority"], "texts");
}

#[test]
fn all_three_fail_where_there_is_no_file() {
    for step in 1..=3 {
        let project = project(None);
        // Each in a run of its own: the first failure would hold back the others.
        let mut pipeline = PIPELINE.to_owned();
        for (number, id) in ["world", "command", "plain"].iter().enumerate() {
            let condition = number + 1 == step;
            pipeline = pipeline.replace(
                &format!("id: {id}"),
                &format!("id: {id}\n        if: {condition}"),
            );
        }
        project.write("capstep.yml", pipeline);
        let ran = project.capstep(&["run", "--format", "json"]).expect(1);
        let events = events(&ran.stdout);
        let finished = of_step(&events, "step-finished", step);
        assert_eq!(finished["outcome"], "failed", "{finished}");
        if step < 3 {
            assert_eq!(finished["details"]["kind"], "not-found", "{finished}");
            assert_eq!(project.journal().len(), 1);
        }
    }
}
