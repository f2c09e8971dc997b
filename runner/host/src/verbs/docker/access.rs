//! The machine's engine, connected to when the first step of a run asks for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use capstep_docker::transport::connector::Dialing;
use capstep_docker::{DockerError, Endpoint, Engine, EngineInfo, TcpDialer};
use capstep_net::{Dialer, NetworkPolicy};
use tokio::sync::OnceCell;

use super::error;
use crate::fault::Fault;

/// For resolving the engine's name and opening the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Which engine a run uses. Which one that is, is the machine's matter; plugins have no word in it.
pub struct DockerAccess {
    found: Result<Endpoint, DockerError>,
    dialer: Arc<Dialer>,
    engine: OnceCell<Engine>,
}

impl DockerAccess {
    /// The engine that was found, or why none was; an engine over TCP is dialed within the address rules.
    pub fn new(found: Result<Endpoint, DockerError>, dialer: Arc<Dialer>) -> Self {
        Self {
            found,
            dialer,
            engine: OnceCell::new(),
        }
    }

    /// The same for a look at a machine, without a run.
    pub fn of_machine(found: Result<Endpoint, DockerError>) -> Self {
        Self::new(found, Arc::new(Dialer::new(NetworkPolicy::default())))
    }

    /// What the engine is.
    ///
    /// # Errors
    /// None was found, or it can't be reached.
    pub async fn look(&self) -> Result<EngineInfo, DockerError> {
        Ok(self.connected().await?.info().clone())
    }

    /// The engine. A failure is not kept: the next step may find it up.
    pub(super) async fn engine(&self) -> Result<Engine, Fault> {
        self.connected().await.map_err(error::fault)
    }

    async fn connected(&self) -> Result<Engine, DockerError> {
        let endpoint = self.found.as_ref().map_err(Clone::clone)?;
        let connect = || async {
            let dialer = Arc::new(Checked(Arc::clone(&self.dialer)));
            Engine::connect(endpoint, dialer).await
        };
        self.engine.get_or_try_init(connect).await.cloned()
    }

    /// What the environment says builds are for, where it says something (`DOCKER_DEFAULT_PLATFORM`).
    pub(super) fn default_platform(&self) -> Option<&str> {
        self.found.as_ref().ok()?.default_platform.as_deref()
    }

    /// Waits until nothing is left in the engine of builds that were given up.
    pub(crate) async fn tidied(&self) {
        if let Some(engine) = self.engine.get() {
            engine.tidied().await;
        }
    }
}

/// Opens connections as all others are opened. The engine's address is written by the machine's owner.
struct Checked(Arc<Dialer>);

impl TcpDialer for Checked {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
        Box::pin(async move {
            let endpoint = capstep_net::Endpoint::written(host, port).map_err(io::Error::other)?;
            let dialed = self.0.dial(&endpoint, CONNECT_TIMEOUT).await;
            Ok(dialed.map_err(io::Error::other)?.stream)
        })
    }
}
