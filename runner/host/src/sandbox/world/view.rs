//! What an import function sees: the step's host, and nothing else of the store.

use wasmtime::component::{HasData, Resource};

use super::super::host::StepHost;
use super::super::state::State;
use crate::protocol::{Answer, Call, ErrorKind, Handle, VerbError};

/// Stands for an operation in the guest's table; its number there is the host's handle.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated code exports it again")]
pub struct OpHandle;

/// Stands for a login in the guest's table.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated code exports it again")]
pub struct SessionHandle;

/// The one thing that the interfaces share. They need no view of their own each: all of them only pass calls on.
pub(crate) struct Verbs;

impl HasData for Verbs {
    type Data<'a> = View<'a>;
}

/// The view.
pub(crate) struct View<'a> {
    host: &'a dyn StepHost,
}

impl View<'_> {
    /// The view of a store's state.
    pub(crate) fn of(state: &mut State) -> View<'_> {
        View { host: state.host() }
    }

    pub(crate) async fn call(&self, call: Call) -> Result<Answer, CallError> {
        self.host.call(call).await.map_err(CallError)
    }

    /// A call that answers with nothing.
    pub(crate) async fn tell(&self, call: Call) -> Result<(), CallError> {
        match self.call(call).await? {
            Answer::Nothing => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// A call that starts an operation.
    pub(crate) async fn start(&self, call: Call) -> Result<Resource<OpHandle>, CallError> {
        match self.call(call).await? {
            Answer::Handle(handle) => Ok(own(handle)),
            _ => Err(mismatch()),
        }
    }
}

/// A handle of the host's, as a resource of the guest's.
pub(crate) fn own<T: 'static>(handle: Handle) -> Resource<T> {
    Resource::new_own(handle)
}

/// An error on its way into the guest.
#[derive(Debug)]
pub(crate) struct CallError(pub(crate) VerbError);

impl From<wasmtime::component::ResourceTableError> for CallError {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        Self(VerbError::new(ErrorKind::Internal, error.to_string()))
    }
}

/// The host gave an answer that belongs to another call.
pub(crate) fn mismatch() -> CallError {
    CallError(VerbError::new(
        ErrorKind::Internal,
        "the host gave the answer of another call",
    ))
}

/// For functions that can't tell the guest of an error: it ends.
pub(crate) fn trap(error: CallError) -> wasmtime::Error {
    wasmtime::format_err!("a call of the host failed: {}", error.0.message)
}
