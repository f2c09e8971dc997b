//! What a running step's store holds.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::host::StepHost;
use super::limits::{self, Usage};
use super::wasi::Door;

/// A running step's part of the sandbox.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    host: Arc<dyn StepHost>,
    usage: Usage,
    http: WasiHttpCtx,
    door: Door,
}

impl State {
    pub(crate) fn host(&self) -> &dyn StepHost {
        &*self.host
    }

    pub(crate) fn usage(&self) -> &Usage {
        &self.usage
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.door,
        }
    }
}

/// A store with every limit set.
pub(crate) fn store(
    engine: &Engine,
    wasi: WasiCtx,
    host: Arc<dyn StepHost>,
    memory: usize,
) -> Store<State> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits::RESOURCES);
    let mut store = Store::new(
        engine,
        State {
            wasi,
            table,
            door: Door::new(Arc::clone(&host)),
            http: WasiHttpCtx::new(),
            host,
            usage: Usage::new(memory),
        },
    );
    store.limiter(|state| &mut state.usage);
    store.set_hostcall_fuel(limits::HOSTCALL_BYTES);
    // A store begins with a deadline that is already over. At each tick the guest lets others go on, so that time limit
    // and cancelling are looked at. wasmtime's own way of yielding wakes itself at once, and a thread that has only such
    // guests looks at its timers once in 61 turns; tokio's way waits until it has looked.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| {
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    });
    store
}
