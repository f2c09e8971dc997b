//! Plugins that are files of the repository.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use capstep_grants::manifest::Manifest;
use capstep_grants::plan::PluginProblem;

use crate::plugin::{Origin, Plugin};
use crate::problem::{codes, problem, problem_with_help};
use crate::shape::{Shape, ShapeError};
use crate::{built_in, plain};

/// The largest plugin that is read, in bytes: a component with a whole Python interpreter in it has a sixth of this.
pub const MAX_PLUGIN_BYTES: u64 = 128 * 1024 * 1024;

/// Reads the plugin at `path`, which is relative to `folder`.
pub(crate) fn read(folder: &Path, path: &str) -> Result<Plugin, PluginProblem> {
    let relative = inside(path)?;
    let bytes = bytes(folder, &relative, path)?;
    let shape = Shape::read(&bytes).map_err(|error| not_a_plugin(path, &bytes, &error))?;
    let manifest = match shape.manifest {
        Some(json) => Manifest::from_json(&json),
        None => plain::manifest(&stem(&relative)),
    };
    let manifest = manifest.map_err(|error| {
        problem(
            codes::INVALID_PLUGIN,
            format!("`{path}` can't be used as a plugin: {error}"),
        )
    })?;
    Ok(Plugin::new(
        Cow::Owned(bytes),
        manifest,
        Origin::Path(relative),
    ))
}

/// The path without `./`, if it says nothing that leads out of the pipeline's folder.
fn inside(path: &str) -> Result<PathBuf, PluginProblem> {
    let mut relative = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => relative.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(outside(path));
            }
        }
    }
    Ok(relative)
}

fn outside(path: &str) -> PluginProblem {
    problem_with_help(
        codes::PLUGIN_FILE,
        format!("`{path}` is outside the pipeline's folder"),
        "a plugin's file is named relative to the pipeline's folder, and lies in it",
    )
}

fn bytes(folder: &Path, relative: &Path, shown: &str) -> Result<Vec<u8>, PluginProblem> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => problem_with_help(
            codes::PLUGIN_FILE,
            format!("there is no file `{shown}`"),
            format!(
                "a path is relative to the pipeline's folder; built in are: {}",
                built_in::names().collect::<Vec<_>>().join(", ")
            ),
        ),
        _ => problem(
            codes::PLUGIN_FILE,
            format!("`{shown}` can't be read: {error}"),
        ),
    };
    let folder = folder.canonicalize().map_err(unreadable)?;
    let path = folder.join(relative).canonicalize().map_err(unreadable)?;
    if !path.starts_with(&folder) {
        return Err(outside(shown));
    }
    let file = File::open(&path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(problem(
            codes::PLUGIN_FILE,
            format!("`{shown}` is not a file"),
        ));
    }
    if metadata.len() > MAX_PLUGIN_BYTES {
        return Err(too_large(shown));
    }
    // The file may have grown since: one byte more than allowed is read, and that is then an error.
    let mut bytes = Vec::new();
    let mut limited = file.take(MAX_PLUGIN_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_PLUGIN_BYTES {
        return Err(too_large(shown));
    }
    Ok(bytes)
}

fn too_large(shown: &str) -> PluginProblem {
    let limit = MAX_PLUGIN_BYTES / (1024 * 1024);
    problem(
        codes::PLUGIN_FILE,
        format!("`{shown}` is larger than {limit} MiB"),
    )
}

fn not_a_plugin(shown: &str, bytes: &[u8], error: &ShapeError) -> PluginProblem {
    let message = format!("`{shown}` can't be used as a plugin: {error}");
    match (error, looks_like(bytes)) {
        (ShapeError::NotWasm, Some(what)) => problem_with_help(
            codes::INVALID_PLUGIN,
            message,
            format!("it looks like {what}"),
        ),
        _ => problem(codes::INVALID_PLUGIN, message),
    }
}

/// What a file that is no WebAssembly seems to be.
fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 6] = [
        (
            b"\x7fELF",
            "a program of this machine, or code that was compiled ahead",
        ),
        (b"#!", "a script"),
        (
            b"(module",
            "WebAssembly text: turn it into the binary format, e.g. with `wasm-tools parse`",
        ),
        (
            b"(component",
            "WebAssembly text: turn it into the binary format, e.g. with `wasm-tools parse`",
        ),
        (b"\x1f\x8b", "a gzip archive"),
        (
            b"version https://git-lfs",
            "a Git LFS pointer: fetch the file with `git lfs pull`",
        ),
    ];
    if bytes.is_empty() {
        return Some("an empty file");
    }
    let known = KNOWN.iter().find(|(start, _)| bytes.starts_with(start));
    known.map(|(_, what)| *what)
}

/// The file's name without `.wasm`.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(
        || "plugin".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}
