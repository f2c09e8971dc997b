//! Images and what is made of them (S2 with S1, S3 and S6): built on a real engine, pushed to a real registry, deployed
//! by SSH as a container, asked for its health. Each run is held against its plan, and of each nothing is left in the
//! engine, among the processes and in files but what it is for.
//!
//! - `deploying`: what works; `broken`: what must not, and what breaks on the way; `interrupted`: Ctrl-C in each stage;
//! - `secrets`: where the planted values are and are not;
//! - `options`: what each input of `docker-build` does; `context`: what a build is never sent; `builders`: with BuildKit
//!   and without it; `several`: images that are built on one another; `doctor`: the engine, looked at.

mod broken;
mod builders;
mod context;
mod deploying;
mod doctor;
mod interrupted;
mod options;
mod secrets;
mod several;
