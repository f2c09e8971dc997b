//! From bytes to compiled code: out of the cache, or compiled once however many ask at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::{Cache, Key};
use super::error::LoadError;
use super::{adapt, engine, supervise};

/// Told that a plugin is compiled, which may take long.
pub type CompileHook = Arc<dyn Fn(&str) + Send + Sync>;

/// Compiles, and remembers what is in use.
pub(crate) struct Compiler {
    engine: Engine,
    compatibility: Arc<str>,
    cache: Option<Cache>,
    on_compile: Option<CompileHook>,
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
    ) -> Self {
        let compatibility = engine::compatibility(&engine);
        Self {
            engine,
            compatibility,
            cache,
            on_compile,
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
        let compiler = Arc::clone(self);
        let component = Arc::new(blocking(move || compiler.make(&source, &key)).await?);
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

    /// Out of the cache, or compiled. (Code from outside the repository is to be compiled in a child process with
    /// limits, which then fills the cache: that goes here.)
    fn make(&self, source: &Source, key: &Key) -> Result<Component, LoadError> {
        if let Some(component) = self
            .cache
            .as_ref()
            .and_then(|cache| cache.load(&self.engine, key))
        {
            return Ok(component);
        }
        if let Some(hook) = &self.on_compile {
            hook(&source.name);
        }
        let adapted;
        let bytes = if source.component {
            &source.bytes
        } else {
            adapted = adapt::component(&source.bytes)?;
            &adapted
        };
        let refused = |error: wasmtime::Error| LoadError::Compile {
            message: format!("{error:#}"),
        };
        let Some(cache) = &self.cache else {
            return Component::from_binary(&self.engine, bytes).map_err(refused);
        };
        let compiled = self.engine.precompile_component(bytes).map_err(refused)?;
        if cache.store(key, &compiled).is_ok()
            && let Some(component) = cache.load(&self.engine, key)
        {
            return Ok(component);
        }
        // The disk may be full. Compiling twice is slow, and right.
        Component::from_binary(&self.engine, bytes).map_err(refused)
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
