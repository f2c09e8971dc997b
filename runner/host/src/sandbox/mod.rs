//! Running a plugin: engine, limits, compile cache, and the three ways in.
//!
//! The sandbox takes a plugin's bytes and a [`StepHost`]. It checks the bytes, compiles and links them once
//! ([`Sandbox::load`]), and runs them any number of times ([`Sandbox::run`]); whatever the guest asks for arrives at the
//! host as a [`crate::protocol::Call`]. It decides nothing about what a step may do: it makes sure that there is no
//! other way out.
//!
//! - `interfaces`, `host`, `invocation`, `outcome`, `limits`, `error`: the words of its interface.
//! - `inspect`, `check`, `adapt`, `compile`, `apart`, `cache`, `plugin`: from bytes to something that runs.
//! - `engine`, `state`, `supervise`, `run`, `trap`: a run and its bounds.
//! - `world`, `command`, `plain`: the three ways in; `wasi`: what all of them stand on.

mod adapt;
mod apart;
mod cache;
mod check;
mod command;
mod compile;
mod engine;
mod error;
mod host;
mod inspect;
mod interfaces;
mod invocation;
pub mod limits;
mod outcome;
mod outputs;
mod plain;
mod plugin;
mod run;
mod state;
mod supervise;
mod trap;
mod wasi;
mod world;

use std::fmt;
use std::sync::Arc;

use capstep_process::Program;
use wasmtime::Engine;
use wasmtime::component::Linker;

pub use apart::{ARGUMENT as COMPILE_ARGUMENT, enter as enter_compiler};
pub use cache::CacheDirectories;
pub use compile::CompileHook;
pub use error::{CacheError, LoadError, SandboxError};
pub use host::{
    CallFuture, DoorBody, DoorFuture, DoorRequest, DoorResponse, OutputStream, SocketPurpose,
    StepHost, WasiAttempt,
};
pub use interfaces::{AbiKind, DeclaredInterfaces, Interface};
pub use invocation::{Arguments, Invocation, Preopen};
pub use limits::Limits;
pub use outcome::{Failure, RunOutcome, RunReport, RunStats};
pub use plugin::LoadedPlugin;

/// How a sandbox is set up.
#[derive(Clone, Default)]
pub struct SandboxConfig {
    /// Where compiled code is kept; nowhere where there is none, so that each process compiles again.
    pub cache: Option<CacheDirectories>,
    /// Told the name of a plugin before it is compiled.
    pub on_compile: Option<CompileHook>,
    /// What is executed to compile, with limits of time and memory; its `main` calls [`enter_compiler`]. Without one, and
    /// without a cache to hand the result over, plugins are compiled in this process.
    pub compiler: Option<Program>,
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("cache", &self.cache)
            .field("compiler", &self.compiler)
            .finish_non_exhaustive()
    }
}

/// Runs plugins. One a process: it holds the engine and its clock.
pub struct Sandbox {
    engine: Engine,
    wasi: Linker<state::State>,
    compiler: Arc<compile::Compiler>,
}

impl Sandbox {
    /// Starts the engine and checks the cache's directories.
    ///
    /// # Errors
    ///
    /// Where wasmtime can't run here, or others could write to a directory of the cache.
    pub fn new(config: SandboxConfig) -> Result<Arc<Self>, SandboxError> {
        let failed = |error: wasmtime::Error| SandboxError::Engine {
            message: format!("{error:#}"),
        };
        let cache = config.cache.as_ref().map(cache::Cache::open).transpose()?;
        let engine = engine::start().map_err(failed)?;
        let wasi = wasi::linker(&engine).map_err(failed)?;
        let compiler = Arc::new(compile::Compiler::new(
            engine.clone(),
            cache,
            config.on_compile,
            config.compiler,
        ));
        Ok(Arc::new(Self {
            engine,
            wasi,
            compiler,
        }))
    }

    /// Checks a plugin, compiles it or takes it from the cache, and links it with the declared interfaces.
    ///
    /// # Errors
    ///
    /// Where it can't be run; nothing is compiled before all of its form, imports and exports are found good.
    pub async fn load(
        &self,
        bytes: &[u8],
        declared: &DeclaredInterfaces,
    ) -> Result<Arc<LoadedPlugin>, LoadError> {
        let inspection = inspected(bytes, declared)?;
        let source = compile::Source {
            name: declared.name.clone(),
            bytes: bytes.to_owned(),
            component: inspection.component,
        };
        let component = self.compiler.component(source).await?;
        Ok(Arc::new(LoadedPlugin::link(
            component, &self.wasi, declared,
        )?))
    }

    /// Runs a plugin to its end, which is never later than the invocation's limits say.
    ///
    /// Dropping the future ends the guest. A panic on the way fails this run alone ([`RunOutcome::HostFault`]).
    pub async fn run(
        &self,
        plugin: &Arc<LoadedPlugin>,
        invocation: Invocation,
        host: Arc<dyn StepHost>,
    ) -> RunReport {
        let engine = self.engine.clone();
        let plugin = Arc::clone(plugin);
        let run =
            supervise::isolated(async move { run::run(&engine, &plugin, invocation, host).await });
        run.await.unwrap_or_else(|message| RunReport {
            outcome: RunOutcome::HostFault { message },
            stats: RunStats::default(),
        })
    }
}

/// Checks all of a plugin that can be checked without compiling it: its form, its imports and exports.
///
/// # Errors
/// As [`Sandbox::load`].
pub fn check_plugin(bytes: &[u8], declared: &DeclaredInterfaces) -> Result<(), LoadError> {
    inspected(bytes, declared).map(drop)
}

fn inspected(
    bytes: &[u8],
    declared: &DeclaredInterfaces,
) -> Result<inspect::Inspection, LoadError> {
    let inspection = inspect::inspect(bytes)?;
    if inspection.component {
        check::component(&inspection, declared)?;
    } else {
        check::module(&inspection, declared.abi)?;
    }
    Ok(inspection)
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}
