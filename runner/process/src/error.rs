//! What can go wrong before a script runs, and while it is watched.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The part of the sandbox that was being set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetupStage {
    /// The private folder, or the files and folders that the spec names.
    Files,
    /// The program was executed again and took over the spec.
    Start,
    /// Session, user, mount, process and network namespaces.
    Namespaces,
    /// The loopback interface and the proxy's listener in the step's own network.
    Network,
    /// The new root of the file system.
    Root,
    /// Limits of resources.
    Limits,
    /// Capabilities were given up.
    Capabilities,
    /// The landlock rules.
    Landlock,
    /// The system call filter.
    Seccomp,
    /// The shell was started.
    Shell,
}

impl SetupStage {
    /// The words that errors and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Start => "start",
            Self::Namespaces => "namespaces",
            Self::Network => "network",
            Self::Root => "file system",
            Self::Limits => "limits",
            Self::Capabilities => "capabilities",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::Shell => "shell",
        }
    }
}

impl fmt::Display for SetupStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a script was not started, or its end is not known.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The spec names something that cannot be: a path outside the workspace, a variable without a name.
    #[error("{message}")]
    Invalid {
        /// What is wrong, with the path or name in backquotes.
        message: String,
    },
    /// The machine cannot enforce what the spec needs, or what its requirements ask for.
    #[error("{message}; {accept}")]
    Refused {
        /// What is missing.
        message: String,
        /// What would have to change, in the machine or in what is required.
        accept: String,
    },
    /// A part of the sandbox could not be set up, so nothing was started.
    #[error("cannot set up the sandbox ({stage}): {message}")]
    Setup {
        /// The part.
        stage: SetupStage,
        /// The operation and the system's reason.
        message: String,
    },
    /// The private folder could not be made or removed.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The inside part ended without a word: it was killed, or the program does not call `inside::enter`.
    #[error("the sandbox ended without a report ({how})")]
    Lost {
        /// How it ended: its status, or that the connection closed.
        how: String,
    },
    /// This operating system has no host-process sandbox.
    #[error("`run:` steps need Linux: this system has no sandbox for host processes")]
    Unsupported,
}

#[cfg(target_os = "linux")]
impl ProcessError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
        }
    }

    pub(crate) fn setup(stage: SetupStage, message: impl Into<String>) -> Self {
        Self::Setup {
            stage,
            message: message.into(),
        }
    }
}
