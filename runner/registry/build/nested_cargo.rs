//! The nested cargo that compiles the plugins.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plugin_list::PluginFolder;

/// What plugins are compiled for.
const TARGET: &str = "wasm32-wasip2";
/// The profile in the workspace's manifest that makes them small.
const PROFILE: &str = "plugin";

/// Compiles the plugins; gives the folder that the components are in.
pub(crate) fn build(root: &Path, out: &Path, plugins: &[PluginFolder]) -> Result<PathBuf, String> {
    ensure_target()?;
    let target_dir = target_dir(out)?;
    let mut cargo = Command::new(crate::variable("CARGO")?);
    cargo
        .current_dir(root)
        .args(["build", "--locked", "--profile", PROFILE])
        .args(["--target", TARGET])
        .arg("--target-dir")
        .arg(&target_dir);
    for plugin in plugins {
        cargo.args(["--package", &plugin.package()]);
    }
    isolate(&mut cargo, root);
    if plugins.is_empty() {
        return Ok(target_dir);
    }
    let output = cargo
        .output()
        .map_err(|error| format!("can't run cargo for the built-in plugins: {error}"))?;
    if output.status.success() {
        Ok(target_dir.join(TARGET).join(PROFILE))
    } else {
        let log = String::from_utf8_lossy(&output.stderr);
        let first = log.lines().find(|line| line.starts_with("error"));
        Err(format!(
            "the built-in plugins don't compile: {} (try `cargo build --profile {PROFILE} --target {TARGET} -p {}`)",
            first.unwrap_or("cargo failed"),
            plugins
                .iter()
                .map(PluginFolder::package)
                .collect::<Vec<_>>()
                .join(" -p "),
        ))
    }
}

/// The outer build's target directory has one of its own for the plugins: two cargos can't share one, since each locks
/// what it writes to. `out` is `<target>/[<triple>/]<profile>/build/<crate>-<hash>/out`.
fn target_dir(out: &Path) -> Result<PathBuf, String> {
    out.ancestors()
        .nth(4)
        .map(|target| target.join("plugins"))
        .ok_or_else(|| format!("{} is no build script's folder", out.display()))
}

/// Keeps the settings of the outer build (flags, wrappers such as clippy's, targets, profiles) away from the plugins:
/// they are the same bytes whatever the binary around them is built for.
fn isolate(cargo: &mut Command, root: &Path) {
    /// What of cargo's own environment the nested one needs: where its things are, how to reach registries, and the
    /// job server that keeps both within the same number of processes.
    const KEPT: [&str; 8] = [
        "CARGO_HOME",
        "CARGO_MAKEFLAGS",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    const REMOVED: [&str; 7] = [
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_LINKER",
        "TARGET",
        "HOST",
        "PROFILE",
    ];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let inherited =
            name.starts_with("CARGO_") && !KEPT.iter().any(|kept| name.starts_with(kept));
        if inherited || REMOVED.contains(&name.as_ref()) {
            cargo.env_remove(name.as_ref());
        }
    }
    // Set, this wins over flags in configuration files too. Without the paths of the machine that compiles them, the
    // plugins' digests are the same everywhere.
    let mut flags = vec![format!("--remap-path-prefix={}=capstep", root.display())];
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        let home = PathBuf::from(home);
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
}

/// Sees to it that the compiler has the WebAssembly target: by rustup where there is rustup.
fn ensure_target() -> Result<(), String> {
    let compiler = crate::variable("RUSTC")?;
    let sysroot = Command::new(&compiler)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| format!("can't run {}: {error}", compiler.to_string_lossy()))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    let installed = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if installed.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .output();
    if added.is_ok_and(|output| output.status.success()) && installed.is_dir() {
        return Ok(());
    }
    Err(format!(
        "the built-in plugins need Rust's standard library for {TARGET}: install it (`rustup target add {TARGET}`, or \
         your distribution's package), or set {} to a folder of compiled plugins",
        crate::PLUGINS_DIR
    ))
}
