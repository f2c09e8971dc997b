//! The sandbox on this machine's kernel, with real acts against it. One program, so that it is linked once.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod escapes;
mod network;
mod running;
mod support;
mod without_namespaces;
