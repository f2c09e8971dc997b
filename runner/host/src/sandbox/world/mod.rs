//! The first way in: a component of the world `capstep:step/step`.
//!
//! `bindings` is made from `sdk/wit`; one file an interface turns what the guest calls into [`crate::protocol::Call`]s
//! and their answers back. A resource's number in the guest's table stands for the host's own handle, so nothing is
//! kept here.

mod convert;
mod docker;
mod files;
mod http;
mod linker;
mod log;
mod op;
mod run;
mod secrets;
mod ssh;
mod state;
mod tcp;
mod time;
mod view;

pub(crate) use linker::add_interfaces;
pub(crate) use run::{StepPre, run};

/// Generated from `sdk/wit`.
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "step",
        imports: { default: async | trappable },
        exports: { default: async },
        trappable_error_type: { "capstep:step/types.error" => super::view::CallError },
        with: {
            "capstep:step/op.op": super::view::OpHandle,
            "capstep:step/ssh.login": super::view::SessionHandle,
        },
    });
}
