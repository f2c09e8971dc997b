//! The manifest: what a plugin takes, and which authority each of its inputs carries.
//!
//! `declaration` is the shape of `plugin.toml` (and of the canonical JSON inside the `.wasm`), `compile` turns a
//! declaration into the checked form that the rest of the crate works with (`keys`: which keys mean something for which
//! type; `references`: what inputs say of each other; `problem`: what can be wrong), `model` is that form, `types`,
//! `words` and `methods` are its vocabulary, `version` is how versions are written.

mod compile;
mod declaration;
mod keys;
mod methods;
mod model;
mod problem;
mod references;
mod section;
mod siblings;
#[cfg(test)]
mod tests;
mod types;
mod version;
mod words;

pub use declaration::{
    AbiName, AccessDeclaration, InputDeclaration, ManifestDeclaration, OutputDeclaration,
    RequirementDeclaration, manifest_schema,
};
pub use methods::{Methods, MethodsDeclaration};
pub use model::{Abi, AccessRequest, Input, Kind, Manifest, OutputKind, Requirement};
pub use problem::{ManifestError, ManifestProblem};
pub use section::SECTION_NAME;
pub use siblings::SiblingRef;
#[cfg(test)]
pub(crate) use types::vocabulary;
pub(crate) use words::SHELLS;
pub use words::{Access, Role, Sink, SinkKind, UrlMatch};
