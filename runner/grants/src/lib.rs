//! Grants: what a plugin requests, what a step's inputs designate, and what therefore may be done. Data and pure
//! functions; no I/O, no clock, no network.
//!
//! - `manifest`: what a plugin takes, and which authority each input carries;
//! - `bind`: a step's inputs against its plugin's manifest: grants, flows of secrets, what the host reads;
//! - `plan` and `races`: the same for a whole pipeline, before anything runs;
//! - `check`: may this step do this? The one place where that is decided;
//! - `why`: which lines let which step touch a thing; `changes`: what a change of the file adds to a plan;
//! - `widening`: what a new version of a plugin asks for that the old one did not;
//! - `authority`, `grant`, `pointer`, `text`, `workspace_path`, `remote_path`, `url_path`,
//!   `image_reference`: the terms these are written in.

mod authority;
pub mod bind;
pub mod changes;
pub mod check;
mod grant;
mod image_reference;
pub mod manifest;
pub mod plan;
pub mod pointer;
#[cfg(test)]
mod properties;
mod races;
mod remote_path;
#[cfg(test)]
mod testing;
mod text;
mod url_path;
pub mod why;
mod widening;
mod workspace_path;

pub use authority::Authority;
pub use grant::{BuildSettings, Grant, Place};
pub use image_reference::ImageReference;
pub use text::is_literal_host;
pub use widening::{Widening, widening};
pub use workspace_path::{PathProblem, WorkspacePath};
