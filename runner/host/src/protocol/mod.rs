//! What crosses the sandbox boundary, for all three ways in: one closed set of calls, answers and errors, serializable,
//! so that every effect can be checked, journaled and recorded in one place.
//!
//! The rule from WIT to JSON: records are objects with kebab-case keys, variants `{ "case": value }` (a case without a
//! value: the word alone), enums words, resources numbers (a method's own resource is the parameter `self`),
//! `list<u8>` base64, durations strings, options left out or null.

mod answer;
mod bytes;
mod call;
mod duration;
mod error;

pub use answer::{
    Answer, Built, Entry, EntryKind, Event, Exit, Image, Label, Progress, Released, RemoteStat,
    Response, ResponseHeader, Stat, TcpAnswer, Transferred, Uploaded, Written,
};
pub use bytes::Bytes;
pub use call::{
    Annotation, Body, BuildOptions, Call, Credentials, EntriesOptions, Field, FieldValue, Handle,
    JsonBody, Level, Placed, Request, RunOptions, TcpOptions, Transfer, WriteOptions,
};
pub use duration::Nanoseconds;
pub use error::{ErrorKind, VerbError};
