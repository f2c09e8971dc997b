//! What a run is started with.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::limits::Limits;

/// What a run is started with.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What the plugin is given.
    pub arguments: Arguments,
    /// Folders that the guest sees directly.
    pub preopens: Vec<Preopen>,
    /// What it may take.
    pub limits: Limits,
    /// Cancels the run: the host lets pending operations return `cancelled`, and after [`Limits::grace`] the guest is
    /// stopped.
    pub cancel: CancellationToken,
}

/// What a plugin is given, by its way in.
#[derive(Debug, Clone)]
pub enum Arguments {
    /// For [`super::AbiKind::World`] and [`super::AbiKind::Command`].
    Step {
        /// A JSON object.
        inputs: String,
    },
    /// For [`super::AbiKind::Plain`].
    Plain {
        /// The arguments, the program's own name first.
        args: Vec<String>,
        /// The environment.
        env: Vec<(String, String)>,
        /// All of standard input.
        stdin: Vec<u8>,
        /// How much of standard output to keep as the output `stdout`, in bytes;
        /// [`super::limits::STDOUT_CAPTURE`] at most.
        stdout_capture_limit: usize,
    },
}

/// A folder that the guest sees directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preopen {
    /// The folder, checked by the caller right before.
    pub host: PathBuf,
    /// Where the guest sees it.
    pub guest: String,
    /// Whether the guest may change what is in it.
    pub writable: bool,
}

impl Invocation {
    /// A run of a world or command plugin with default limits.
    pub fn step(inputs: impl Into<String>) -> Self {
        Self {
            arguments: Arguments::Step {
                inputs: inputs.into(),
            },
            preopens: Vec::new(),
            limits: Limits::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// A run of a plain program with default limits.
    pub fn plain(args: Vec<String>) -> Self {
        Self {
            arguments: Arguments::Plain {
                args,
                env: Vec::new(),
                stdin: Vec::new(),
                stdout_capture_limit: super::limits::STDOUT_CAPTURE,
            },
            ..Self::step("{}")
        }
    }
}
