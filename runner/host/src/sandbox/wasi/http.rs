//! Which functions of `wasi:http` a component gets: those that send requests lead to the host's door, the others are
//! there, since language runtimes import them unused, and trap.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};

use crate::sandbox::host::WasiAttempt;
use crate::sandbox::state::State;

/// The interfaces that are offered, by name without version.
const DOOR: [&str; 2] = ["wasi:http/types", "wasi:http/outgoing-handler"];

/// Whether it is an interface that is linked.
pub(crate) fn is_http(interface: &str) -> bool {
    interface.starts_with("wasi:http/")
}

/// Links what the component imports of `wasi:http`.
pub(crate) fn add_http(linker: &mut Linker<State>, component: &Component) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    let mut door = false;
    for (name, import) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            continue;
        };
        if !is_http(name) {
            continue;
        }
        if name
            .split_once('@')
            .is_some_and(|(interface, _)| DOOR.contains(&interface))
        {
            door = true;
            continue;
        }
        let mut link = linker.instance(name)?;
        for (item, export) in instance.exports(&engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => {
                    let function = format!("{name}#{item}");
                    link.func_new(item, move |store, _, _, _| {
                        store.data().host().attempt(WasiAttempt::Http { function: function.clone() });
                        wasmtime::bail!("`{function}` is not offered here; a step sends requests, and answers none")
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
    if door {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    }
    Ok(())
}

/// A resource of an interface whose functions all trap.
struct NeverMade;
