//! The crate against a real engine and a real registry. One engine serves all tests that don't break it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod away;
mod building;
mod caching;
mod cancelling;
mod contexts;
mod failing;
mod fake;
mod finding;
mod images;
mod remote;
mod secrets;
mod support;
mod talking;
mod trees;
