//! What `capstep demo` deploys to: an SSH and an HTTP server inside the command itself, and the project it deploys.
//!
//! Neither docker nor sshd is needed, and nothing stays behind: keys live in memory, both servers listen on
//! `127.0.0.1` on ports that the system picks, and everything that is deployed lands in one temporary folder, the
//! *root*, which goes with [`DemoServers`]. The remote paths of the project are real paths in that folder.
//!
//! A server that runs shell commands is a door, however small. So one account with one fresh key may log in; files
//! are confined to the root; and of commands the server takes only those that `capstep-ssh` itself sends, with
//! operands in the root. A script is run only if it is the demo's own: the shell program that arrives on standard
//! input is taken apart, built again from the embedded text by the very function that the client uses, and has to be
//! the same to the byte. Everything else exits with 126.
//!
//! Layout:
//!
//! - `servers`: [`DemoServers`], which starts and ends everything
//! - `root`: the temporary folder and what may be named in it
//! - `keys`: the host's and the account's keys
//! - `ssh`: the SSH server: `serve`, `connection`, `sftp`, `allow` (what may run), `words` (reading shell programs),
//!   `process` and `groups` (running it)
//! - `http`: the deployed service: `serve`, `site` (its files), `health` (whether it is up)
//! - `project`: [`DemoProject`], the files of the project that is deployed

mod http;
mod keys;
mod project;
mod root;
mod servers;
mod ssh;

pub use project::{DENIED_FILE, DemoProject, PIPELINE_FILE, SCRIPT, SECRET_NAMES};
pub use servers::{DemoServers, USER};
