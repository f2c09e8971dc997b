//! What a verb can ask for, in the terms of the grants.

use crate::manifest::{Access, SinkKind};

/// One thing that a plugin wants done. Inputs are named by their JSON Pointers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act<'a> {
    /// Names, sizes and digests at or below a path.
    Look { input: &'a str, entry: &'a str },
    /// The bytes at or below a path.
    Read { input: &'a str, entry: &'a str },
    /// Writing at or below a path.
    Write { input: &'a str, entry: &'a str },
    /// A request; the input's own URL where none is said.
    Http {
        input: &'a str,
        url: Option<&'a str>,
        method: &'a str,
    },
    /// Opening a connection.
    Tcp { input: &'a str },
    /// Looking at the values of a state.
    StateRead { input: &'a str },
    /// Setting or removing a value of a state.
    StateWrite { input: &'a str },
    /// Logging in.
    SshConnect { target: &'a str },
    /// Logging in to a host on the way to a target.
    SshJump { target: &'a str, through: &'a str },
    /// Running the pipeline's script.
    SshScript { target: &'a str, script: &'a str },
    /// Moving a local path to the remote path beside it.
    SshUpload {
        target: &'a str,
        source: &'a str,
        destination: &'a str,
    },
    /// Removing from a remote path what the local path beside it has not.
    SshDelete {
        target: &'a str,
        source: &'a str,
        destination: &'a str,
    },
    /// Moving a remote path to the local path beside it.
    SshDownload {
        target: &'a str,
        source: &'a str,
        destination: &'a str,
    },
    /// Looking at a remote path.
    SshStat {
        target: &'a str,
        path: &'a str,
        entry: &'a str,
    },
    /// Making, switching or removing a release.
    SshRelease { target: &'a str, release: &'a str },
    /// Running a command of the plugin's own.
    SshExec { target: &'a str },
    /// Logging in to a registry.
    DockerLogin { registry: &'a str },
    /// Fetching an image; with the login of a registry where one is said.
    DockerPull {
        image: &'a str,
        registry: Option<&'a str>,
    },
    /// Building a context; the image's name is given to what is built, where one is said.
    DockerBuild {
        context: &'a str,
        image: Option<&'a str>,
    },
    /// Giving an image a second name.
    DockerTag { source: &'a str, image: &'a str },
    /// Sending an image to its registry; with the login of a registry where one is said.
    DockerPush {
        image: &'a str,
        registry: Option<&'a str>,
    },
    /// Looking at an image's digest, size and labels.
    DockerInspect { image: &'a str },
    /// Putting an input's value in, where it may be a secret: at this kind of sink, for these far ends.
    Use {
        input: &'a str,
        sink: SinkKind,
        to: &'a str,
    },
    /// Seeing a secret's bytes.
    Reveal { input: &'a str },
}

impl<'a> Act<'a> {
    /// The input that the act is about.
    pub fn input(&self) -> &'a str {
        match self {
            Self::Look { input, .. }
            | Self::Read { input, .. }
            | Self::Write { input, .. }
            | Self::Http { input, .. }
            | Self::Tcp { input }
            | Self::StateRead { input }
            | Self::StateWrite { input }
            | Self::Use { input, .. }
            | Self::Reveal { input } => input,
            Self::SshConnect { target } | Self::SshExec { target } => target,
            Self::SshScript { script, .. } => script,
            Self::SshJump { through, .. } => through,
            Self::SshUpload { destination, .. } | Self::SshDelete { destination, .. } => {
                destination
            }
            Self::SshDownload { source, .. } => source,
            Self::SshStat { path, .. } => path,
            Self::SshRelease { release, .. } => release,
            Self::DockerLogin { registry } => registry,
            Self::DockerBuild { context, .. } => context,
            Self::DockerPull { image, .. }
            | Self::DockerTag { image, .. }
            | Self::DockerPush { image, .. }
            | Self::DockerInspect { image } => image,
        }
    }

    /// The access word that the act needs, for messages.
    pub fn access(&self) -> Option<Access> {
        Some(match self {
            Self::Look { .. } | Self::Read { .. } | Self::StateRead { .. } => Access::Read,
            Self::Write { .. } | Self::StateWrite { .. } => Access::Write,
            Self::Http { .. } => Access::Request,
            Self::Tcp { .. } => Access::Connect,
            Self::SshScript { .. } => Access::Script,
            Self::SshUpload { .. } => Access::Upload,
            Self::SshDownload { .. } => Access::Download,
            Self::SshRelease { .. } => Access::Release,
            Self::SshExec { .. } => Access::Exec,
            Self::DockerLogin { .. } => Access::Login,
            Self::DockerPull { .. } => Access::Pull,
            Self::DockerBuild { .. } | Self::DockerTag { .. } => Access::Build,
            Self::DockerPush { .. } => Access::Push,
            Self::SshDelete { .. } => Access::Delete,
            Self::SshConnect { .. }
            | Self::SshJump { .. }
            | Self::SshStat { .. }
            | Self::DockerInspect { .. }
            | Self::Use { .. }
            | Self::Reveal { .. } => return None,
        })
    }
}
