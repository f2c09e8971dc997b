//! The one engine of the process, and the clock that keeps its guests interruptible.

use std::sync::Arc;
use std::thread;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, Strategy, WasmFeatures};

use super::limits;

/// Counts changes of [`configuration`] that wasmtime's own hash does not see; part of a compiled file's key.
pub(crate) const SETTINGS_VERSION: u32 = 1;

/// An engine that compiles and runs nothing: it has no clock.
pub(crate) fn idle() -> wasmtime::Result<Engine> {
    Engine::new(&configuration())
}

/// Makes the engine and starts its clock.
pub(crate) fn start() -> wasmtime::Result<Engine> {
    let engine = idle()?;
    let weak = engine.weak();
    thread::Builder::new()
        .name("capstep-epoch".into())
        .spawn(move || {
            // The weak reference lets the thread end with the last user of the engine.
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(limits::TICK);
            }
        })?;
    Ok(engine)
}

fn configuration() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .epoch_interruption(true)
        .max_wasm_stack(limits::WASM_STACK)
        .async_stack_size(limits::STEP_STACK)
        // Core 2.0 and what the toolchains of WASI 0.1 and 0.2 emit. What is off has had most of the advisories.
        .wasm_features(refused_features(), false)
        .concurrency_support(false);
    config
}

fn refused_features() -> WasmFeatures {
    WasmFeatures::GC
        | WasmFeatures::THREADS
        | WasmFeatures::SHARED_EVERYTHING_THREADS
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::MEMORY64
        | WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ERROR_CONTEXT
        | WasmFeatures::CM_GC
}

/// A text that differs between engines whose compiled code can't be exchanged.
pub(crate) fn compatibility(engine: &Engine) -> Arc<str> {
    use std::hash::{Hash, Hasher};
    // wasmtime offers a `Hash` only. What it writes is collected as it is rather than through a hasher of the standard
    // library, whose result may change between compilers.
    struct Collect(Vec<u8>);
    impl Hasher for Collect {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut collected = Collect(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut collected);
    super::cache::hexadecimal(&collected.0).into()
}
