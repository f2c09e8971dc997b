//! `docker`: images, on the machine's engine.
//!
//! `access` is the engine, connected to once a run; `address` where a registry may be; `registry` the logins, by the manifest's sinks and roles; `build`
//! puts a build together from the pipeline's own text, `context` guards the folder that is sent; `images` is what is done
//! with an image that is there; `told` is the build's output in the log, and `grouped` its order.

mod access;
mod address;
mod build;
mod context;
mod error;
mod grouped;
mod images;
mod registry;
mod told;

pub use access::DockerAccess;

use std::sync::Arc;

use super::{another, misrouted, outcome};
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, Call};
use crate::step::{Meta, Shared};

pub(crate) fn call(shared: &Arc<Shared>, meta: Meta, call: Call) -> Result<Answer, Fault> {
    match call {
        Call::DockerLogin { registry } => images::login(shared, meta, registry),
        Call::DockerBuild {
            context,
            tags,
            options,
        } => build::build(shared, meta, &context, &tags, options),
        Call::DockerPull { image } => images::pull(shared, meta, image),
        Call::DockerPush { image } => images::push(shared, meta, image),
        Call::DockerTag { source, image } => images::tag(shared, meta, &source, image),
        Call::DockerInspect { image } => images::inspect(shared, meta, image),
        Call::DockerCompleted { op } => match outcome(shared, op)? {
            Outcome::Nothing => Ok(Answer::Nothing),
            _ => another("a login or a tag"),
        },
        Call::DockerBuilt { op } => match outcome(shared, op)? {
            Outcome::Built(built) => Ok(Answer::Built(built)),
            _ => another("a build"),
        },
        Call::DockerTransferred { op } => match outcome(shared, op)? {
            Outcome::Transferred(transferred) => Ok(Answer::Transferred(transferred)),
            _ => another("a pull or a push"),
        },
        Call::DockerInspected { op } => match outcome(shared, op)? {
            Outcome::Inspected(image) => Ok(Answer::Inspected(image)),
            _ => another("a look at an image"),
        },
        _ => misrouted(),
    }
}
