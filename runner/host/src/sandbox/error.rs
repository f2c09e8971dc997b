//! Why a plugin can't be loaded.

use std::path::PathBuf;

use super::interfaces::{AbiKind, Interface, STEP_PACKAGE, STEP_VERSION};
use super::limits;

/// Why the sandbox can't be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime does not start on this machine, or with its settings.
    #[error("the sandbox can't be started: {message}")]
    Engine {
        /// What it says.
        message: String,
    },
    /// The directory for compiled code is not safe to use.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Why a directory for compiled code is not used: whoever can write there can run code as this program.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It can't be made or looked at.
    #[error("the compile cache {path} can't be used: {source}", path = path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is a link, or no directory.
    #[error("the compile cache {path} is {what}, not a directory", path = path.display())]
    NotADirectory {
        /// The directory.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It belongs to another.
    #[error("the compile cache {path} belongs to the user {owner}, not to {expected}", path = path.display())]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Whose it must be.
        expected: u32,
    },
    /// Others can write to it.
    #[error("the compile cache {path} has the mode {mode:04o}: {expected}", path = path.display())]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they must be, in words.
        expected: &'static str,
    },
}

/// Why a plugin can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no WebAssembly.
    #[error("this is no WebAssembly; it looks like {looks_like}")]
    NotWasm {
        /// What it looks like.
        looks_like: String,
    },
    /// It is compiled code.
    #[error("this is precompiled code, which could do anything; a plugin must be WebAssembly")]
    Precompiled,
    /// It is larger than [`limits::PLUGIN_SIZE`].
    #[error(
        "this is {size} bytes; a plugin may have at most {}",
        limits::PLUGIN_SIZE
    )]
    TooLarge {
        /// In bytes.
        size: usize,
    },
    /// It is broken.
    #[error("this WebAssembly is broken: {message}")]
    Malformed {
        /// What is wrong, and where.
        message: String,
    },
    /// It does not export what its way in needs.
    #[error(
        "this does not export {wanted}, which the way in `{abi}` needs; {}",
        exports_text(exports)
    )]
    NoEntry {
        /// How it was to be run.
        abi: AbiKind,
        /// What is missing.
        wanted: &'static str,
        /// What it exports.
        exports: Vec<String>,
    },
    /// A core module that is a library.
    #[error(
        "this is a WASI library (a reactor: it has no `_start`), not a program; {}",
        exports_text(exports)
    )]
    Reactor {
        /// What it exports.
        exports: Vec<String>,
    },
    /// A core module where a component is needed.
    #[error(
        "this is a core module; a plugin of `{STEP_PACKAGE}/step` must be a component (build it for wasm32-wasip2 or put it through `wasm-tools component new`)"
    )]
    NotAComponent,
    /// It imports what this host has not.
    #[error("this imports what this host does not offer: {}; offered are {STEP_PACKAGE}/{{{}}}@{STEP_VERSION} and WASI 0.2", imports.join(", "), offered_text())]
    UnknownImports {
        /// All of them, with versions.
        imports: Vec<String>,
    },
    /// It imports what its manifest does not account for.
    #[error(
        "this imports {}, which no input of its manifest accounts for",
        list_text(interfaces)
    )]
    UndeclaredImports {
        /// All of them.
        interfaces: Vec<Interface>,
    },
    /// Its imports have the right names and the wrong types, or it can't be linked for another reason.
    #[error("this can't be linked: {message}")]
    Link {
        /// What does not fit.
        message: String,
    },
    /// It is valid in form, but the compiler refuses it.
    #[error("this can't be compiled: {message}")]
    Compile {
        /// What the compiler says.
        message: String,
    },
    /// Compiling it takes more than a plugin may.
    #[error("this can't be compiled: {message}")]
    CompileLimit {
        /// Which limit it met.
        message: String,
    },
    /// A fault of this program's.
    #[error("the plugin could not be loaded through a fault of the runner: {message}")]
    Internal {
        /// What is known of it.
        message: String,
    },
}

fn exports_text(exports: &[String]) -> String {
    const SHOWN: usize = 8;
    if exports.is_empty() {
        return "it exports nothing".to_owned();
    }
    let mut shown: Vec<String> = exports
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    if exports.len() > SHOWN {
        shown.push(format!("{} more", exports.len() - SHOWN));
    }
    format!("it exports {}", shown.join(", "))
}

fn offered_text() -> String {
    let offered: Vec<&str> = Interface::ALL.into_iter().map(Interface::name).collect();
    offered.join(", ")
}

fn list_text(interfaces: &[Interface]) -> String {
    let names: Vec<String> = interfaces
        .iter()
        .map(|interface| format!("`{STEP_PACKAGE}/{interface}`"))
        .collect();
    names.join(", ")
}
