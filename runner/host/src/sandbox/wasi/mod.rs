//! WASI 0.2: always linked, denied in its context.
//!
//! Toolchains import all of WASI whether or not the program uses it, so an import is no request. What a program then
//! tries in vain is seen: sockets by their address check, name lookup by an implementation of its own.
//! `wasi:http` is a door for existing libraries onto the check of `capstep:step/http`.

mod context;
mod door;
mod http;
mod lookup;
pub(crate) mod stdio;

use wasmtime::Engine;
use wasmtime::component::Linker;

pub(crate) use context::{Context, context};
pub(crate) use door::Door;
pub(crate) use http::{add_http, is_http};

use super::state::State;

/// The interfaces that are linked, by name without version.
pub(crate) const OFFERED: [&str; 27] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// A linker with all of WASI and nothing else; made once, cloned for each plugin.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    // The only interface that wasmtime's context has no hook for is put in place of wasmtime's own.
    linker.allow_shadowing(true);
    lookup::add_refused_lookup(&mut linker)?;
    linker.allow_shadowing(false);
    Ok(linker)
}
