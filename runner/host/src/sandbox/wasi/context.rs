//! The context that a run gets: what was handed over, and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{FsPerms, WasiCtx};

use super::stdio::{InputPipe, OutputPipe};
use crate::sandbox::host::{SocketPurpose, StepHost, WasiAttempt};
use crate::sandbox::invocation::Preopen;
use crate::sandbox::limits;

/// What a run's context is made of.
pub(crate) struct Context<'a> {
    pub(crate) args: &'a [String],
    pub(crate) env: &'a [(String, String)],
    pub(crate) preopens: &'a [Preopen],
    /// Closed where there is none.
    pub(crate) stdin: Option<InputPipe>,
    pub(crate) stdout: OutputPipe,
    pub(crate) stderr: OutputPipe,
}

/// Makes the context.
pub(crate) fn context(parts: Context<'_>, host: &Arc<dyn StepHost>) -> wasmtime::Result<WasiCtx> {
    let mut builder = WasiCtx::builder();
    builder
        .args(parts.args)
        .envs(parts.env)
        .stdout(parts.stdout)
        .stderr(parts.stderr)
        .max_random_size(limits::RANDOM_BYTES)
        .allow_ip_name_lookup(false)
        // A socket may be made, so that the address which it was made for is seen; none may be used.
        .allow_tcp(true)
        .allow_udp(true);
    if let Some(stdin) = parts.stdin {
        builder.stdin(stdin);
    }
    let host = Arc::clone(host);
    builder.socket_addr_check(move |addr, usage| {
        let implicit = is_implicit_bind(addr, usage);
        if !implicit {
            host.attempt(WasiAttempt::Socket {
                addr,
                purpose: purpose(usage),
            });
        }
        Box::pin(std::future::ready(implicit))
    });
    for preopen in parts.preopens {
        let permissions = if preopen.writable {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        builder
            .preopened_dir(&preopen.host, &preopen.guest, permissions)
            .map_err(|error| {
                error.context(format!(
                    "the folder {} can't be opened",
                    preopen.host.display()
                ))
            })?;
    }
    Ok(builder.build())
}

/// wasmtime asks about the bind that comes with a connect or a send before it asks about the address itself. Denying the
/// first would hide the second, which is the one that matters. A socket bound to no particular address and port has no
/// use here: it can't listen, send, connect or receive.
fn is_implicit_bind(addr: SocketAddr, usage: SocketAddrUse) -> bool {
    matches!(usage, SocketAddrUse::TcpBind | SocketAddrUse::UdpBind)
        && addr.ip().is_unspecified()
        && addr.port() == 0
}

fn purpose(usage: SocketAddrUse) -> SocketPurpose {
    match usage {
        SocketAddrUse::TcpBind => SocketPurpose::TcpBind,
        SocketAddrUse::TcpListen => SocketPurpose::TcpListen,
        SocketAddrUse::TcpAccept => SocketPurpose::TcpAccept,
        SocketAddrUse::TcpConnect => SocketPurpose::TcpConnect,
        SocketAddrUse::UdpBind => SocketPurpose::UdpBind,
        SocketAddrUse::UdpSend => SocketPurpose::UdpSend,
        SocketAddrUse::UdpReceive => SocketPurpose::UdpReceive,
    }
}
