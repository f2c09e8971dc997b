//! Images and what is made of them (S2 with S1, S3 and S6): built on a real engine, pushed to a real registry, deployed
//! by SSH as a container, asked for its health. Each run is held against its plan, and nothing is left in the engine.
//!
//! - `deploying`: what works; `broken`: what must not, and what breaks on the way; `interrupted`: Ctrl-C;
//! - `secrets`: where the planted values are and are not.

mod broken;
mod deploying;
mod interrupted;
mod secrets;
