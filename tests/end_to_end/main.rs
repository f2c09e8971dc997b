//! The whole way: settings written with a secret in them (S1), a deployment by SSH with releases (S3), the deployed
//! service asked for its health (S6), as one pipeline, against a real OpenSSH server and a real HTTP service. Each run
//! is held against the plan that was printed before it.
//!
//! - `deploying`: what works; `refused`: what must not; `broken`: what breaks on the way; `interrupted`: Ctrl-C;
//! - `hosts`: several hosts, and pinned host keys; `named`: a pipeline that is not called `capstep.yml`;
//! - `checking`: the options of health-check; `around`: environments, tries, what comes at the end, turns;
//! - `parts`: a part of it, run again; `roles`: what the host reads in a plugin's place; `settings`: the options of env-setup;
//! - `stages`: how far a login came when it failed;
//! - `starting`: Ctrl-C before a step has got far, and a second Ctrl-C;
//! - `secrets`: where a planted value is and is not.

mod around;
mod broken;
mod checking;
mod deploying;
mod hosts;
mod interrupted;
mod named;
mod parts;
mod reaching;
mod refused;
mod roles;
mod secrets;
mod settings;
mod stages;
mod starting;
