//! What is told while a build goes on.

use std::sync::Arc;

use bytes::Bytes;

/// Something of a build. A step's `id` is good for one build; with BuildKit, steps run side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// A step has begun: an instruction of the Dockerfile, or work around it (`[internal] load build context`).
    Started {
        /// The step.
        id: String,
        /// Its name, such as `[2/3] RUN make`.
        name: String,
        /// The Dockerfile's line, of an instruction.
        line: Option<u32>,
    },
    /// A part of a step has come further.
    Progressed {
        /// The step.
        id: String,
        /// The part: `transferring context`, a layer.
        what: String,
        /// How far; of most parts, bytes.
        current: u64,
        /// Of how much, where that is known.
        total: Option<u64>,
    },
    /// A step wrote something.
    Log {
        /// The step.
        id: String,
        /// The bytes, cut anywhere.
        bytes: Bytes,
    },
    /// A step has ended.
    Finished {
        /// The step.
        id: String,
        /// It was taken from a cache.
        cached: bool,
        /// What went wrong, where something did.
        error: Option<String>,
    },
    /// An image to cache from can't be had; the build goes on without it.
    CacheMissing {
        /// The image.
        image: String,
        /// Why, as a fragment.
        why: String,
    },
    /// Something that doesn't stop the build.
    Warning {
        /// What it is.
        message: String,
        /// The Dockerfile's line, where it is about one.
        line: Option<u32>,
    },
}

/// Who is told; called in the order of things, from the task that builds.
pub type BuildListener = Arc<dyn Fn(BuildEvent) + Send + Sync>;
