//! Properties that hold for all inputs, found wanting by random ones: the effective grant is at most what the manifest
//! requests and the step designates, paths never leave, parsers never panic and lose nothing.
//!
//! - `types`: what inputs can be; `slots`: random manifests, and steps that use them; `acts`: every act, and what it needs;
//! - `grants`: what is permitted and what isn't; `widened`: new versions of a manifest;
//! - `manifests`: reading and writing them; `text`: values, paths and bounds.

mod acts;
mod grants;
mod manifests;
mod slots;
mod text;
mod types;
mod widened;
