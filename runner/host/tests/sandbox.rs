//! The sandbox from outside: hostile and honest guests, each run for real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

#[path = "sandbox/cache.rs"]
mod cache;
#[path = "sandbox/command.rs"]
mod command;
#[path = "sandbox/guests.rs"]
mod guests;
#[path = "sandbox/load.rs"]
mod load;
#[path = "sandbox/measure.rs"]
mod measure;
#[path = "sandbox/network.rs"]
mod network;
#[path = "sandbox/plain.rs"]
mod plain;
#[path = "sandbox/support.rs"]
mod support;
#[path = "sandbox/world.rs"]
mod world;
