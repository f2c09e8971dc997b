//! What the program has built in, and that nothing of it is forgotten by the tests.
//!
//! - `imports`: what each built-in plugin can ask the host for; `words`: what host, SDK and interface must say alike;
//! - `coverage`: every option of a plugin, every flag of a command and every exit code is in a case or a test;
//! - `demo`: `capstep demo`, and what it leaves behind; `machine`: a machine that doesn't work; `reports`: what a run writes.

mod coverage;
mod demo;
mod imports;
mod machine;
mod reports;
mod words;

use capstep_grants::manifest::Manifest;
use capstep_tests::program::root;

/// The built-in plugins' names, by their folders. The one that the demo shows a denial with is no pipeline's to use.
fn plugins() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("plugins")).unwrap();
    let mut names: Vec<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "demo-curious")
        .collect();
    names.sort();
    names
}

/// A plugin's manifest, as it is written beside its source.
fn manifest(name: &str) -> Manifest {
    let path = root().join("plugins").join(name).join("plugin.toml");
    Manifest::from_toml(&std::fs::read_to_string(path).unwrap())
        .unwrap()
        .1
}
