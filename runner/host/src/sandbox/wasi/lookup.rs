//! Name lookup that looks nothing up.
//!
//! A lookup sends the name to whoever answers for it, so it is a way out; wasmtime's own can be turned off, but then
//! nobody sees that it was tried.

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, Network, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress};
use wasmtime_wasi::p2::{DynPollable, SocketError};
use wasmtime_wasi::sockets::WasiSocketsView;

use crate::sandbox::host::WasiAttempt;
use crate::sandbox::limits;
use crate::sandbox::outputs;
use crate::sandbox::state::State;

/// Puts the refusing implementation into a linker.
pub(crate) fn add_refused_lookup(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<State, RefusedLookup>(linker, |state| Refusing { state })
}

struct RefusedLookup;

impl HasData for RefusedLookup {
    type Data<'a> = Refusing<'a>;
}

struct Refusing<'a> {
    state: &'a mut State,
}

impl Host for Refusing<'_> {
    fn resolve_addresses(
        &mut self,
        _network: Resource<Network>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        self.state.host().attempt(WasiAttempt::NameLookup {
            name: outputs::cut(name, limits::ATTEMPT_TEXT),
        });
        Err(ErrorCode::AccessDenied.into())
    }
}

/// What the generated code asks for beside the interface itself; only the conversion is used.
impl network::Host for Refusing<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.state.sockets().network_error_code(error)
    }
}

impl network::HostNetwork for Refusing<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        self.state.ctx().table.delete(network)?;
        Ok(())
    }
}

/// No stream is ever handed out, so none of these is reached but by a fault of wasmtime's.
impl HostResolveAddressStream for Refusing<'_> {
    fn resolve_next_address(
        &mut self,
        _stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn subscribe(
        &mut self,
        _stream: Resource<ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        wasmtime::bail!("name lookup is not offered")
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.state.ctx().table.delete(stream)?;
        Ok(())
    }
}
