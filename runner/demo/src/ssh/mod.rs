//! The SSH server.

mod allow;
mod connection;
mod groups;
mod process;
mod serve;
mod sftp;
mod words;

pub(crate) use groups::Groups;
pub(crate) use serve::{Context, serve};
