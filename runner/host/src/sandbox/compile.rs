//! From bytes to compiled code: out of the cache, or compiled once however many ask at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use capstep_process::Program;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::{Cache, Key};
use super::error::LoadError;
use super::{adapt, apart, engine, supervise};

/// Told that a plugin is compiled, which may take long.
pub type CompileHook = Arc<dyn Fn(&str) + Send + Sync>;

/// Compiles, and remembers what is in use.
pub(crate) struct Compiler {
    engine: Engine,
    compatibility: Arc<str>,
    cache: Option<Cache>,
    on_compile: Option<CompileHook>,
    program: Option<Program>,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

/// One plugin's place: its lock makes the second asker wait for the first.
type Slot = tokio::sync::Mutex<Weak<Component>>;

/// What is to be compiled.
pub(crate) struct Source {
    /// For messages.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// A component; else a core module that is to become one.
    pub(crate) component: bool,
}

impl Compiler {
    pub(crate) fn new(
        engine: Engine,
        cache: Option<Cache>,
        on_compile: Option<CompileHook>,
        program: Option<Program>,
    ) -> Self {
        let compatibility = engine::compatibility(&engine);
        Self {
            engine,
            compatibility,
            cache,
            on_compile,
            program,
            slots: Mutex::default(),
        }
    }

    /// The compiled component.
    pub(crate) async fn component(
        self: &Arc<Self>,
        source: Source,
    ) -> Result<Arc<Component>, LoadError> {
        let compiler = Arc::clone(self);
        let (source, key) = blocking(move || {
            let key = Key::new(&source.bytes, &compiler.compatibility);
            Ok((source, key))
        })
        .await?;
        let slot = self.slot(&key);
        let mut held = slot.lock().await;
        if let Some(component) = held.upgrade() {
            return Ok(component);
        }
        let component = Arc::new(self.make(source, key).await?);
        *held = Arc::downgrade(&component);
        Ok(component)
    }

    fn slot(&self, key: &Key) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody holds or waits for any more is forgotten, so that a long-lived runner does not grow.
        slots.retain(|_, slot| {
            Arc::strong_count(slot) > 1
                || slot.try_lock().map_or(true, |held| held.strong_count() > 0)
        });
        Arc::clone(slots.entry(key.clone()).or_default())
    }

    /// Out of the cache, or compiled.
    async fn make(self: &Arc<Self>, source: Source, key: Key) -> Result<Component, LoadError> {
        let compiler = Arc::clone(self);
        let (found, key) = blocking(move || Ok((compiler.cached(&key), key))).await?;
        if let Some(component) = found {
            return Ok(component);
        }
        if let Some(hook) = &self.on_compile {
            hook(&source.name);
        }
        let compiler = Arc::clone(self);
        if self.cache.is_none() {
            return blocking(move || compiler.here(&source)).await;
        }
        let code = match &self.program {
            Some(program) => {
                let time = apart::TIME;
                Some(apart::compile(program, &source.bytes, source.component, time).await?)
            }
            None => None,
        };
        blocking(move || {
            let code = match code {
                Some(code) => code,
                None => apart::to_code(&compiler.engine, &source.bytes, source.component)?,
            };
            // The disk may be full. Compiling twice is slow, and right: code is trusted out of the cache alone.
            compiler
                .kept(&key, &code)
                .map_or_else(|| compiler.here(&source), Ok)
        })
        .await
    }

    fn cached(&self, key: &Key) -> Option<Component> {
        self.cache.as_ref()?.load(&self.engine, key)
    }

    /// Puts compiled code into the cache, and takes it from there.
    fn kept(&self, key: &Key, code: &[u8]) -> Option<Component> {
        self.cache.as_ref()?.store(key, code).ok()?;
        self.cached(key)
    }

    /// Compiles in this process.
    fn here(&self, source: &Source) -> Result<Component, LoadError> {
        let adapted;
        let bytes = if source.component {
            &source.bytes
        } else {
            adapted = adapt::component(&source.bytes)?;
            &adapted
        };
        Component::from_binary(&self.engine, bytes).map_err(|error| LoadError::Compile {
            message: format!("{error:#}"),
        })
    }
}

/// Runs what takes long on a thread that may be blocked; a panic of the compiler's is an error.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    match tokio::task::spawn_blocking(move || supervise::caught(work)).await {
        Ok(Ok(result)) => result,
        Ok(Err(message)) => Err(LoadError::Internal { message }),
        Err(error) => Err(LoadError::Internal {
            message: error.to_string(),
        }),
    }
}
