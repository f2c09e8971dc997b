//! The plugin that does as it is told (`tests/hostile/plugin`), under a manifest of the test's own.

use std::process::Command;
use std::sync::OnceLock;

use capstep_grants::manifest::{Manifest, ManifestDeclaration};
use serde_json::Value;

use crate::program::{Ran, root, target};
use crate::project::Project;

/// What the manifest of every such plugin has beside the inputs of the test.
const FRAME: &str = r#"
name = "hostile"
version = "0.1.0"
description = "Makes the calls it is told to."
abi = "command"
protocol = 1

[inputs.calls]
type = "json"
doc = "The calls."

[outputs.answers]
type = "json"
doc = "Their answers."

[outputs.inputs]
type = "json"
doc = "The other inputs, as the plugin sees them."

[outputs.large]
type = "string"
doc = "A long text."
"#;

/// The compiled plugin, without a manifest. `tests/run` compiles it before; a test that is run by itself does it here.
fn compiled() -> Vec<u8> {
    if let Some(path) = std::env::var_os("CAPSTEP_TEST_PLUGIN") {
        return std::fs::read(path).unwrap();
    }
    // In the folder where the built-in plugins are compiled too: that of the tests is locked while they are built.
    let folder = target().join("plugins");
    let triple = "wasm32-wasip2";
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args([
            "build",
            "--locked",
            "--profile",
            "plugin",
            "-p",
            "capstep-test-plugin",
            "--target",
            triple,
        ])
        .arg("--target-dir")
        .arg(&folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read(folder.join(triple).join("plugin/capstep-test-plugin.wasm")).unwrap()
}

/// The plugin with a manifest that declares these inputs (TOML, `[inputs.…]` and `[requires.…]`).
pub fn plugin(inputs: &str) -> Vec<u8> {
    static COMPILED: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = COMPILED.get_or_init(compiled).clone();
    bytes.extend(manifest(inputs).to_custom_section());
    bytes
}

/// The manifest of such a plugin.
pub fn manifest(inputs: &str) -> ManifestDeclaration {
    let text = format!("{FRAME}\n{inputs}");
    match Manifest::from_toml(&text) {
        Ok((declaration, _)) => declaration,
        Err(error) => panic!("the test's manifest: {error}\n{text}"),
    }
}

/// A project with the plugin in it and one step, `with` these inputs (YAML, indented by eight) and calls (JSON).
pub fn project(inputs: &str, with: &str, calls: &Value) -> Project {
    let project = Project::new(&pipeline(with, calls));
    project.write("plugins/hostile.wasm", plugin(inputs));
    project
}

/// That pipeline.
pub fn pipeline(with: &str, calls: &Value) -> String {
    format!(
        "version: 1\nsecrets: [CANARY, OTHER]\njobs:\n  attack:\n    steps:\n      - id: attack\n        \
         uses: ./plugins/hostile.wasm\n        with:\n          calls: {calls}\n{with}"
    )
}

/// The answers that the plugin got, of a run that was told as JSON.
pub fn answers(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|event| event["outputs"]["answers"].as_array().cloned())
        .unwrap_or_default()
}

/// Puts the value of the secret CANARY into a file beside the project; the flag that names it.
pub fn canary(project: &Project, value: &str) -> String {
    let file = project.dir.path().join("canary");
    std::fs::write(&file, value).unwrap();
    format!("--secret=CANARY=file:{}", file.display())
}
