//! A plugin that is ready to run.

use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;

use super::error::LoadError;
use super::interfaces::{AbiKind, DeclaredInterfaces};
use super::state::State;
use super::wasi;
use super::world::{self, StepPre};

/// A plugin that is checked, compiled and linked; can be run any number of times, also at once.
pub struct LoadedPlugin {
    name: String,
    abi: AbiKind,
    entry: Entry,
    /// Keeps the compiled code known to the compiler, so that the same bytes are not compiled again.
    _component: Arc<Component>,
}

/// What is instantiated, with its imports resolved.
pub(crate) enum Entry {
    World(StepPre<State>),
    Program(CommandPre<State>),
}

impl LoadedPlugin {
    /// Links a compiled component with what it may use.
    pub(crate) fn link(
        component: Arc<Component>,
        wasi: &Linker<State>,
        declared: &DeclaredInterfaces,
    ) -> Result<Self, LoadError> {
        let entry = entry(&component, wasi.clone(), declared).map_err(|error| LoadError::Link {
            message: format!("{error:#}"),
        })?;
        Ok(Self {
            name: declared.name.clone(),
            abi: declared.abi,
            entry,
            _component: component,
        })
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The way in by which it is run.
    pub fn abi(&self) -> AbiKind {
        self.abi
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }
}

impl std::fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedPlugin")
            .field("name", &self.name)
            .field("abi", &self.abi)
            .finish_non_exhaustive()
    }
}

fn entry(
    component: &Component,
    mut linker: Linker<State>,
    declared: &DeclaredInterfaces,
) -> wasmtime::Result<Entry> {
    wasi::add_http(&mut linker, component)?;
    Ok(match declared.abi {
        AbiKind::World => {
            world::add_interfaces(&mut linker, declared)?;
            Entry::World(StepPre::new(linker.instantiate_pre(component)?)?)
        }
        AbiKind::Command | AbiKind::Plain => {
            Entry::Program(CommandPre::new(linker.instantiate_pre(component)?)?)
        }
    })
}
