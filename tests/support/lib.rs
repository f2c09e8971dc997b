//! What the tests of the whole program share: the program itself, projects in temporary folders, and the real servers
//! that they deploy to. Everything listens on loopback, on a port of its own, and ends with the test.
//!
//! - `program`: finding the built `capstep`, running it, waiting for it with a limit;
//! - `project`: a pipeline's folder with its state, journals and plan;
//! - `sshd`: a real OpenSSH server; `service`: the deployed HTTP service; `proxy`: a connection that is cut;
//! - `servers`: hosts that misbehave; `recorder`: one that keeps what it was asked;
//! - `images`: a team that deploys containers, with an engine and a registry; `builds`: builds alone, on engines that the
//!   tests share; `leftovers`: what a run leaves behind;
//! - `deployment`: a team's deployment, and what every run of it must leave behind;
//! - `scale`: tests that are small in the gate and large with `tests/run --all`;
//! - `journal`: what must hold of every journal; `watch`: each run is held against its plan; `leaks`: looking for secrets, `planned_leaks`: where they may be;
//! - `terminal`: a pseudo terminal, and what somebody would see on it;
//! - `hostile`: a plugin that makes the calls it is told to, under a manifest of the test's own.

pub mod builds;
pub mod deployment;
pub mod hostile;
pub mod images;
pub mod journal;
pub mod leaks;
pub mod leftovers;
pub mod planned_leaks;
pub mod program;
pub mod project;
pub mod proxy;
pub mod recorder;
pub mod scale;
pub mod servers;
pub mod service;
pub mod sshd;
pub mod terminal;
pub mod watch;
