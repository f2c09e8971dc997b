//! The crate against a real engine and a real registry. One engine serves all tests that don't break it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod building;
mod finding;
mod images;
mod support;
mod talking;
