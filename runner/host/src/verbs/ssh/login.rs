//! Logging in: the address is checked, the host key is checked, the key comes from its sink.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use capstep_grants::check::{Act, Permit};
use capstep_grants::manifest::SinkKind;
use capstep_ssh::{ConnectLimits, Credentials, Release, Session, Target};
use serde_json::json;
use zeroize::Zeroizing;

use super::error;
use crate::fault::Fault;
use crate::ops::Outcome;
use crate::protocol::{Answer, ErrorKind};
use crate::step::{Meta, Shared};
use crate::verbs::{net_error, roles, wrong_permit};

/// For resolving the name and opening the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long tidying up may take when a step ends with a release begun.
const ABORT_TIMEOUT: Duration = Duration::from_secs(8);

/// A login, and the release that was begun on it.
pub(crate) struct SshLogin {
    pub(super) session: Session,
    /// The pointer of its target.
    pub(super) target: String,
    release: Mutex<Option<OpenRelease>>,
    /// Held while a release is begun, switched or removed: each of these runs to its end, and none beside another.
    changing: tokio::sync::Mutex<()>,
}

/// A release that was begun and neither committed nor aborted.
#[derive(Clone)]
pub(super) struct OpenRelease {
    pub(super) release: Release,
    /// The pointer of its folder.
    pub(super) pointer: String,
    /// What was uploaded into it, relative to it.
    pub(super) kept: Vec<String>,
}

impl SshLogin {
    pub(super) fn release(&self) -> Option<OpenRelease> {
        self.lock().clone()
    }

    pub(super) fn set_release(&self, release: Option<OpenRelease>) {
        *self.lock() = release;
    }

    /// Waits until no release is being begun, switched or removed, and lets none begin meanwhile.
    pub(super) async fn change(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<OpenRelease>> {
        self.release.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the login. A release that was begun and not finished is removed: nothing is left half done.
    pub(crate) async fn close(&self) {
        let tidied = async {
            // A switch that the plugin no longer waits for goes on by itself: what it switches to must not be removed.
            let _change = self.change().await;
            let open = self.lock().take();
            if let Some(open) = open {
                let _ = self.session.abort_release(&open.release).await;
            }
        };
        let _ = tokio::time::timeout(ABORT_TIMEOUT, tidied).await;
    }
}

pub(super) fn connect(shared: &Arc<Shared>, meta: Meta, target: String) -> Result<Answer, Fault> {
    let Permit::Ssh(permit) = shared.permit(&Act::SshConnect { target: &target })? else {
        return wrong_permit();
    };
    let endpoint = net_error::endpoint(&permit.host, permit.port, permit.written, &target)?;
    let host_keys = roles::host_keys(shared, &target)?;
    let Some((identity, key)) = roles::secret_for(shared, SinkKind::SshAuth, &target)? else {
        return Err(Fault::error(
            ErrorKind::NotFound,
            "no private key was handed over for this target",
        )
        .map_stage());
    };
    let passphrase = roles::secret_for(shared, SinkKind::Passphrase, &identity)?;
    let pointers = [
        Some(identity.as_str()),
        passphrase.as_ref().map(|(pointer, _)| pointer.as_str()),
    ];
    let meta = meta
        .under(shared.grants(&[&target]))
        .using(shared.secret_names(pointers.into_iter().flatten()));
    let credentials = Credentials {
        private_key: Zeroizing::new(key.expose().to_owned()),
        passphrase: passphrase.map(|(_, value)| Zeroizing::new(value.expose().to_owned())),
    };
    let account = Target {
        user: permit.user,
        host: permit.host,
        port: permit.port,
    };
    let handle = shared.start(meta, move |shared, _, _| async move {
        let dialed = shared
            .dialer
            .dial(&endpoint, CONNECT_TIMEOUT)
            .await
            .map_err(|error| net_error::fault(error, &target))?;
        let peer = dialed.peer.to_string();
        let limits = ConnectLimits::default();
        let session =
            capstep_ssh::connect(dialed.stream, &account, &host_keys, &credentials, &limits)
                .await
                .map_err(|error| error::fault(error, &target))?;
        let summary = json!({ "peer": peer, "note": dialed.note, "warnings": session.warnings() });
        let login = SshLogin {
            session,
            target,
            release: Mutex::new(None),
            changing: tokio::sync::Mutex::new(()),
        };
        Ok((Outcome::Login(Arc::new(login)), summary))
    })?;
    Ok(Answer::Handle(handle))
}

impl Fault {
    /// The stage of what is wrong before anything is sent.
    fn map_stage(self) -> Self {
        match self {
            Self::Error(error) => Self::Error(error.at("authentication")),
            denied @ Self::Denied(_) => denied,
        }
    }
}
