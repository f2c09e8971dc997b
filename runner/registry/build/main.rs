//! Compiles the built-in plugins and embeds them, so that an ordinary `cargo build` of the binary is all there is to do.
//!
//! - `plugin_list`: which plugins there are: the folders of `plugins/` that have a `plugin.toml`;
//! - `nested_cargo`: compiles them for WebAssembly, in a target directory of their own;
//! - `embed`: appends each manifest to its component and writes the table that `src/built_in.rs` includes.
//!
//! `CAPSTEP_PLUGINS_DIR` names a folder with components that were compiled elsewhere; then no nested cargo runs.

mod embed;
mod nested_cargo;
mod plugin_list;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The environment variable by which packagers hand in compiled plugins.
const PLUGINS_DIR: &str = "CAPSTEP_PLUGINS_DIR";

#[expect(
    clippy::print_stdout,
    reason = "standard output is how a build script talks to cargo"
)]
fn main() -> ExitCode {
    match build() {
        Ok(directives) => {
            for directive in directives {
                println!("cargo::{directive}");
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            println!("cargo::error={}", message.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// Builds and embeds everything; gives the directives for cargo.
fn build() -> Result<Vec<String>, String> {
    let root = workspace_root()?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    let plugins = plugin_list::read(&root.join("plugins"))?;
    let folder = match std::env::var_os(PLUGINS_DIR) {
        Some(folder) => PathBuf::from(folder),
        None => nested_cargo::build(&root, &out, &plugins)?,
    };
    embed::write(&out, &folder, &plugins)?;

    let mut directives = vec![format!("rerun-if-env-changed={PLUGINS_DIR}")];
    let inputs = ["plugins", "sdk/rust", "sdk/wit", "Cargo.toml", "Cargo.lock"];
    directives.extend(
        inputs
            .iter()
            .map(|input| root.join(input))
            .chain(std::env::var_os(PLUGINS_DIR).map(PathBuf::from))
            .filter(|path| path.exists())
            .map(|path| format!("rerun-if-changed={}", path.display())),
    );
    Ok(directives)
}

fn workspace_root() -> Result<PathBuf, String> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    here.parent()
        .and_then(Path::parent)
        .map(Path::to_owned)
        .ok_or_else(|| format!("{} is not in a workspace", here.display()))
}

/// A variable that cargo sets for build scripts.
fn variable(name: &str) -> Result<std::ffi::OsString, String> {
    std::env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"))
}
