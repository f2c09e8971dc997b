//! Which interfaces a plugin's linker gets.

use wasmtime::component::Linker;

use super::bindings::capstep::step;
use super::view::{Verbs, View};
use crate::sandbox::interfaces::{DeclaredInterfaces, Interface};
use crate::sandbox::state::State;

/// Adds the declared interfaces, so that no other can be called.
pub(crate) fn add_interfaces(
    linker: &mut Linker<State>,
    declared: &DeclaredInterfaces,
) -> wasmtime::Result<()> {
    step::types::add_to_linker::<State, Verbs>(linker, View::of)?;
    for interface in Interface::ALL
        .into_iter()
        .filter(|interface| declared.allows(*interface))
    {
        match interface {
            Interface::Op => step::op::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Log => step::log::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Time => step::time::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Files => step::files::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Http => step::http::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Tcp => step::tcp::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Ssh => step::ssh::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Docker => step::docker::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::Secrets => step::secrets::add_to_linker::<State, Verbs>(linker, View::of)?,
            Interface::State => step::state::add_to_linker::<State, Verbs>(linker, View::of)?,
        }
    }
    Ok(())
}
