//! Secret values and their defensive redaction, for the logs and records of a CI job runner.
//!
//! The crate knows texts, bytes and names, and nothing of what runs or where it runs.
//!
//! - [`SecretValue`] holds a secret; [`Placeholder`] stands for one where it must not be read.
//! - [`Masker`] replaces every recognised form of the values it knows, and well-known access tokens it was never
//!   told of; [`StreamMasker`] does the same to a stream, whatever its chunks.
//! - [`basic`], [`bearer`] and [`form_field`] put a secret into HTTP, [`header_value_problem`] says when it can't go.
//! - [`keyed_digest`] and [`SealedRegistry`] remember which files hold secrets without saying anything about them.
//! - [`parse_spec`] reads where a value comes from; the reading itself is the caller's.
//!
//! How masking works: `forms` spells each value in every way it may turn up, `patterns` indexes the spellings,
//! `starts` says by four bytes where one may begin, `scan` decides position by position what is covered, and `mask` and
//! `stream` drive it.

mod encode;
mod escape;
mod forms;
mod hex;
mod inner_base64;
mod keyed;
mod mask;
mod patterns;
mod placeholder;
mod provider;
mod scan;
mod sealed;
mod starts;
mod stream;
mod tokens;
mod value;

pub use encode::{basic, bearer, form_field, header_value_problem};
pub use keyed::keyed_digest;
pub use mask::Masker;
pub use placeholder::{Placeholder, RandomError};
pub use provider::{FileValueError, ProviderSpec, SpecError, parse_spec, value_from_file};
pub use sealed::{Held, SealedError, SealedFile, SealedRegistry};
pub use stream::StreamMasker;
pub use value::SecretValue;
