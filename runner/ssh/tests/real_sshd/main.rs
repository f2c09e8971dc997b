//! The crate against a real sshd of the tests' own. One program, so that it is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod algorithms;
mod certificates;
mod connecting;
mod leftovers;
mod releasing;
mod resuming;
mod running;
mod support;
mod uploading;
