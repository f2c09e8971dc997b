//! Every limit of the sandbox, and the part of them that wasmtime asks about while a guest runs.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The largest plugin that is looked at. A Python component is 18 MB; compiling takes memory in proportion.
pub const PLUGIN_SIZE: usize = 128 << 20;

/// The memory of a plugin, all its linear memories together. Enough for a Python interpreter, little enough for
/// several steps on a small runner.
pub const MEMORY: usize = 256 << 20;

/// The elements of one table. C# modules have tables of more than 10,000; an element takes 8 bytes here.
pub const TABLE_ELEMENTS: usize = 1_000_000;

/// The core instances of a step. A component is several: adapters and shims count.
pub const INSTANCES: usize = 1_000;

/// The linear memories of a step, for the same reason more than one.
pub const MEMORIES: usize = 100;

/// The tables of a step, for the same reason more than one.
pub const TABLES: usize = 100;

/// A step's time where the pipeline says none.
pub const TIME: Duration = Duration::from_secs(60 * 60);

/// The time that a cancelled plugin has for tidying up.
pub const GRACE: Duration = Duration::from_secs(10);

/// A step's outputs as JSON text.
pub const OUTPUTS: usize = 1 << 20;

/// The message and details of a failure, each; longer ones are cut, so that a report stays readable.
pub const FAILURE_TEXT: usize = 64 << 10;

/// The bytes that one call may copy from the guest into the host. A call's largest part is a file's content; what is
/// larger is piped.
pub const HOSTCALL_BYTES: usize = 16 << 20;

/// The entries of a step's table of WASI resources (streams, descriptors, sockets). Operations are counted by the host.
pub const RESOURCES: usize = 10_000;

/// The bytes that one call of `wasi:random` returns.
pub const RANDOM_BYTES: u64 = 1 << 20;

/// The stack of a guest's calls. Twice wasmtime's default, since parsers in debug builds nest deeply; host calls run
/// on the same stack above it.
pub const WASM_STACK: usize = 1 << 20;

/// The whole stack of a step, host calls included.
pub const STEP_STACK: usize = 3 << 20;

/// How often a running guest looks whether it is to stop or to let others go on.
pub const TICK: Duration = Duration::from_millis(10);

/// The most bytes that [`super::StepHost::output`] gets at once.
pub const OUTPUT_CHUNK: usize = 64 << 10;

/// The captured standard output of a plain program. What is longer is in the log.
pub const STDOUT_CAPTURE: usize = 1 << 20;

/// A message of the command protocol, its line end not counted. Larger bytes stay on the host.
pub const MESSAGE: usize = 1 << 20;

/// The calls that a command may have outstanding. Enough for one operation on each of many servers, which then are
/// waited for together.
pub const OUTSTANDING: usize = 64;

/// The answers that a command has not read yet, in bytes: as many as it may have outstanding, at their largest.
pub const UNREAD: usize = (OUTSTANDING + 1) * MESSAGE;

/// The text of a denied try that is kept.
pub const ATTEMPT_TEXT: usize = 256;

/// The functions of the guest that a trap's message names.
pub const TRAP_FRAMES: usize = 8;

/// What one run may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// All linear memories together, in bytes.
    pub memory: usize,
    /// From start to end.
    pub time: Duration,
    /// After cancelling.
    pub grace: Duration,
    /// The outputs' JSON text, in bytes.
    pub outputs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: MEMORY,
            time: TIME,
            grace: GRACE,
            outputs: OUTPUTS,
        }
    }
}

/// Counts what a running step takes.
#[derive(Debug)]
pub(crate) struct Usage {
    limit: usize,
    memory: usize,
    peak: usize,
    /// A growth was refused. A guest that then traps has run out of memory.
    refused: bool,
}

impl Usage {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            memory: 0,
            peak: 0,
            refused: false,
        }
    }

    /// The most memory that was in use, in bytes.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Whether a growth was refused.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Usage {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if total > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory = total;
        self.peak = self.peak.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}
