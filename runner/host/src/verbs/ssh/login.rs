//! Logging in: the address is checked, the host key is checked, the key comes from its sink.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use capstep_grants::check::{Act, Permit, SshPermit};
use capstep_grants::manifest::SinkKind;
use capstep_ssh::{ConnectLimits, Credentials, HostKeys, Release, Session, SshError, Target};
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
    /// The logins on the way there. They end after the session, which runs through them.
    _jumps: Vec<Session>,
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

/// One login on the way: the account, what it must show and what it is shown.
struct Hop {
    pointer: String,
    account: Target,
    host_keys: HostKeys,
    credentials: Credentials,
}

pub(super) fn connect(shared: &Arc<Shared>, meta: Meta, target: String) -> Result<Answer, Fault> {
    let Permit::Ssh(permit) = shared.permit(&Act::SshConnect { target: &target })? else {
        return wrong_permit();
    };
    let jumps = roles::jumps(shared, &target);
    let mut permits = Vec::with_capacity(jumps.len() + 1);
    for through in &jumps {
        let act = Act::SshJump {
            target: &target,
            through,
        };
        let Permit::Ssh(permit) = shared.permit(&act)? else {
            return wrong_permit();
        };
        permits.push(permit);
    }
    permits.push(permit);
    // The rules about addresses hold for the connection that is opened here; where the ways beyond it lead is for the
    // hosts on the way to say.
    let endpoint = match permits.first() {
        Some(first) => net_error::endpoint(&first.host, first.port, first.written, &first.grant)?,
        None => return wrong_permit(),
    };
    let (mut hops, mut pointers) = (Vec::new(), Vec::new());
    for permit in permits {
        hops.push(hop(shared, permit, &mut pointers)?);
    }
    let granted: Vec<&str> = hops.iter().map(|hop| hop.pointer.as_str()).collect();
    let meta = meta
        .under(shared.grants(&granted))
        .using(shared.secret_names(pointers.iter().map(String::as_str)));
    let handle = shared.start(meta, move |shared, _, _| async move {
        let first = hops.first().map_or("", |hop| hop.pointer.as_str());
        let dialed = shared
            .dialer
            .dial(&endpoint, CONNECT_TIMEOUT)
            .await
            .map_err(|error| net_error::unconnected(error, first))?;
        let peer = dialed.peer.to_string();
        let through: Vec<String> = jumps_of(&hops);
        let (session, jumps) = travel(dialed.stream, &hops).await?;
        let mut summary =
            json!({ "peer": peer, "note": dialed.note, "warnings": session.warnings() });
        if let (false, Some(summary)) = (through.is_empty(), summary.as_object_mut()) {
            summary.insert("through".to_owned(), json!(through));
        }
        let login = SshLogin {
            session,
            _jumps: jumps,
            target,
            release: Mutex::new(None),
            changing: tokio::sync::Mutex::new(()),
        };
        Ok((Outcome::Login(Arc::new(login)), summary))
    })?;
    Ok(Answer::Handle(handle))
}

/// The accounts on the way, for the journal.
fn jumps_of(hops: &[Hop]) -> Vec<String> {
    let (_, way) = hops
        .split_last()
        .map_or((None, &[][..]), |(last, way)| (Some(last), way));
    way.iter().map(|hop| hop.account.to_string()).collect()
}

/// Logs in at each host, the next one through the one before.
async fn travel(
    stream: tokio::net::TcpStream,
    hops: &[Hop],
) -> Result<(Session, Vec<Session>), Fault> {
    let limits = ConnectLimits::default();
    let mut way = Vec::new();
    let mut at: Option<Session> = None;
    let mut stream = Some(stream);
    for (index, hop) in hops.iter().enumerate() {
        let on_the_way = |mut error: SshError| {
            if index + 1 < hops.len() {
                error.message = format!("on the way, at {}: {}", hop.account, error.message);
            }
            error::fault(error, &hop.pointer)
        };
        let (account, keys, credentials) = (&hop.account, &hop.host_keys, &hop.credentials);
        let session = match (at.take(), stream.take()) {
            (Some(before), _) => {
                let tunnel = before
                    .tunnel(&account.host, account.port)
                    .await
                    .map_err(on_the_way)?;
                way.push(before);
                capstep_ssh::connect(tunnel, account, keys, credentials, &limits).await
            }
            (None, Some(stream)) => {
                capstep_ssh::connect(stream, account, keys, credentials, &limits).await
            }
            (None, None) => return wrong_permit(),
        };
        at = Some(session.map_err(on_the_way)?);
    }
    match at {
        Some(session) => Ok((session, way)),
        None => wrong_permit(),
    }
}

/// What a login needs, from the inputs whose sinks and roles are for it.
fn hop(shared: &Shared, permit: SshPermit, pointers: &mut Vec<String>) -> Result<Hop, Fault> {
    let pointer = permit.grant;
    let host_keys = roles::host_keys(shared, &pointer)?;
    let Some((identity, key)) = roles::secret_for(shared, SinkKind::SshAuth, &pointer)? else {
        return Err(Fault::error(
            ErrorKind::NotFound,
            format!(
                "no private key was handed over for {}@{}",
                permit.user, permit.host
            ),
        )
        .map_stage());
    };
    let passphrase = roles::secret_for(shared, SinkKind::Passphrase, &identity)?;
    let certificate = roles::certificate(shared, &identity)?;
    pointers.push(identity);
    pointers.extend(passphrase.iter().map(|(pointer, _)| pointer.clone()));
    Ok(Hop {
        pointer,
        account: Target {
            user: permit.user,
            host: permit.host,
            port: permit.port,
        },
        host_keys,
        credentials: Credentials {
            private_key: Zeroizing::new(key.expose().to_owned()),
            passphrase: passphrase.map(|(_, value)| Zeroizing::new(value.expose().to_owned())),
            certificate,
        },
    })
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
