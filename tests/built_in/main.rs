//! What the program has built in, and that nothing of it is forgotten by the tests.
//!
//! - `imports`: what each built-in plugin can ask the host for; `words`: what host, SDK and interface must say alike;
//! - `flags`, `options`, `exit_codes`: every command with its flags, every option of a plugin and every exit code is in a
//!   case or a test; `messages`: every message too; `cases`: what cases show;
//! - `docs`: what the documentation shows is so;
//! - `health`: the options of health-check, against a server; `identity`, `prompt`: which age
//!   identity is meant, and a secret that is typed;
//! - `demo`: `capstep demo`, and what it leaves behind; `ending`: that the program ends when it is told to; `machine`: a
//!   machine that doesn't work; `reports`: what a run writes.

mod cases;
mod demo;
mod docs;
mod ending;
mod exit_codes;
mod flags;
mod health;
mod identity;
mod imports;
mod machine;
mod messages;
mod options;
mod prompt;
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
