//! The built program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap()
}

/// The target folder: this program is `<target>/release/capstep-bench`.
fn target() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().to_owned()
}

/// The program to measure.
pub(crate) fn path() -> PathBuf {
    target().join("release/capstep")
}

/// Builds it, so that no old one is measured: with the features that the whole workspace has, as everywhere else.
pub(crate) fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--release", "--locked", "--quiet"])
        .args(["--workspace", "--bin", "capstep"])
        .env("CARGO_TARGET_DIR", target())
        .status()
        .unwrap();
    assert!(built.success(), "capstep does not build");
}
