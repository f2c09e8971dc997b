//! Compiling in a process of its own: the program executed again, with limits of time and memory.
//!
//! The compiler can't be stopped from within the process that it works in, and what it is given comes from anybody.
//! `parent` starts the process and bounds it, `child` is what happens in it.

mod child;
mod parent;

pub(crate) use child::to_code;
pub use child::{ARGUMENT, enter};
pub(crate) use parent::compile;

use std::time::Duration;

/// How long compiling may take. A Python component of 18 MB takes 40 s on a small machine; ten times that is a plugin
/// that is made to be slow.
pub(crate) const TIME: Duration = Duration::from_secs(10 * 60);

/// The memory that compiling may take, in bytes: several times what the largest plugins of today's toolchains need.
const MEMORY: u64 = 4 << 30;

/// The largest compiled plugin, in bytes. Compiled code is some three times as large as WebAssembly.
const COMPILED_SIZE: usize = 1 << 30;

/// What the child found to be no plugin: broken WebAssembly.
const MALFORMED: u8 = 10;
/// The child's compiler refused it.
const REFUSED: u8 = 11;
/// The child could not do its work.
const FAILED: u8 = 12;
