//! `wasi:http`, which is not offered: its functions are there, since language runtimes import them unused, and trap.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};

use crate::sandbox::host::WasiAttempt;
use crate::sandbox::state::State;

/// Whether it is one of the interfaces that are linked to trap.
pub(crate) fn is_http(interface: &str) -> bool {
    interface.starts_with("wasi:http/")
}

/// Gives the component's imports of `wasi:http` functions that report themselves and trap.
pub(crate) fn add_refused_http(
    linker: &mut Linker<State>,
    component: &Component,
) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    for (name, import) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            continue;
        };
        if !is_http(name) {
            continue;
        }
        let mut link = linker.instance(name)?;
        for (item, export) in instance.exports(&engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => {
                    let function = format!("{name}#{item}");
                    link.func_new(item, move |store, _, _, _| {
                        store.data().host().attempt(WasiAttempt::Http { function: function.clone() });
                        wasmtime::bail!("`{function}` is not offered here; a step sends requests with `capstep:step/http`")
                    })?;
                }
                ComponentItem::Resource(_) => {
                    link.resource(item, ResourceType::host::<NeverMade>(), |_, _| Ok(()))?;
                }
                // Types need no definition, and nothing else stands in these interfaces.
                _ => {}
            }
        }
    }
    Ok(())
}

/// A resource of an interface whose functions all trap.
struct NeverMade;
