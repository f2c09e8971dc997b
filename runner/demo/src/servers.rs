//! Starts both servers, and ends everything with one value.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::root::{Root, SITE};
use crate::ssh::Groups;
use crate::{http, keys, ssh};

/// The one account of the SSH server.
pub const USER: &str = "demo";

/// How often the removal of the root is tried: a process that was just killed may still be writing into it.
const REMOVALS: u32 = 50;

/// The pause between two tries.
const REMOVAL_PAUSE: Duration = Duration::from_millis(10);

/// The demo's servers and their folder. Dropping it ends the servers, the connections and every process that they
/// started, and removes the folder; [`DemoServers::close`] does the same and says whether it worked.
pub struct DemoServers {
    stop: CancellationToken,
    groups: Arc<Groups>,
    root: Arc<Root>,
    folder: Option<TempDir>,
    ssh_port: u16,
    http_port: u16,
    host_key: String,
    user_key: Zeroizing<String>,
}

impl std::fmt::Debug for DemoServers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoServers")
            .field("root", &self.root.path)
            .field("ssh_port", &self.ssh_port)
            .field("http_port", &self.http_port)
            .finish_non_exhaustive()
    }
}

impl DemoServers {
    /// Makes the folder and the keys, and listens. The servers run on the current tokio runtime.
    ///
    /// # Errors
    /// No temporary folder, no random bytes, or no port on the loopback.
    pub async fn start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("capstep-demo-").tempdir()?;
        let root = Arc::new(Root::open(folder.path())?);
        root.dir.create_dir_all(SITE)?;
        let (host_key, user_key) = (keys::generate()?, keys::generate()?);
        let ssh_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let http_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let servers = Self {
            stop: CancellationToken::new(),
            groups: Arc::default(),
            root: Arc::clone(&root),
            folder: Some(folder),
            ssh_port: ssh_listener.local_addr()?.port(),
            http_port: http_listener.local_addr()?.port(),
            host_key: keys::public_text(&host_key)?,
            user_key: keys::private_text(&user_key)?,
        };
        let context = ssh::Context {
            root: Arc::clone(&root),
            groups: Arc::clone(&servers.groups),
            stop: servers.stop.clone(),
            user_key: user_key.public_key().clone(),
        };
        ssh::serve(ssh_listener, host_key, context);
        http::serve(http_listener, root, servers.stop.clone());
        Ok(servers)
    }

    /// The SSH server's port on `127.0.0.1`.
    pub fn ssh_port(&self) -> u16 {
        self.ssh_port
    }

    /// The HTTP server's port on `127.0.0.1`.
    pub fn http_port(&self) -> u16 {
        self.http_port
    }

    /// The real path of the folder in which everything lands.
    pub fn root(&self) -> &Path {
        &self.root.path
    }

    /// The folder that holds the site's releases, as the pipeline names it.
    pub fn release(&self) -> String {
        format!("{}/{SITE}", self.root.path.display())
    }

    /// The account to log in with.
    pub fn user(&self) -> &str {
        USER
    }

    /// The `known_hosts` line of the SSH server, without a line end.
    pub fn known_hosts(&self) -> String {
        format!("[127.0.0.1]:{} {}", self.ssh_port, self.host_key)
    }

    /// The account's private key in OpenSSH's format: a secret of the demo.
    pub fn user_key(&self) -> String {
        self.user_key.to_string()
    }

    /// Ends everything and removes the folder.
    ///
    /// # Errors
    /// The folder could not be removed; what is in the way.
    pub fn close(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.stop.cancel();
        self.groups.kill_all();
        let Some(folder) = self.folder.take() else {
            return Ok(());
        };
        let path = folder.keep();
        for _ in 1..REMOVALS {
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    std::thread::sleep(REMOVAL_PAUSE);
                }
                _ => return Ok(()),
            }
        }
        std::fs::remove_dir_all(&path)
    }
}

impl Drop for DemoServers {
    fn drop(&mut self) {
        // Nobody is left to tell; `close` tells.
        let _ = self.end();
    }
}
