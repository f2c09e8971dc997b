//! The whole way: settings written with a secret in them (S1), a deployment by SSH with releases (S3), the deployed
//! service asked for its health (S6), as one pipeline, against a real OpenSSH server and a real HTTP service. Each run
//! is held against the plan that was printed before it.
//!
//! - `deployment`: the servers, the project and its pipeline; what every run must leave behind;
//! - `deploying`: what works; `refused`: what must not; `broken`: what breaks on the way; `interrupted`: Ctrl-C;
//! - `secrets`: where a planted value is and is not.

mod broken;
mod deploying;
mod deployment;
mod interrupted;
mod refused;
mod secrets;
