//! Listens, and runs a connection for each client.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{PrivateKey, PublicKey};
use russh::server::Config;
use russh::{MethodKind, MethodSet};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::groups::Groups;
use crate::root::Root;

/// A refused login is answered after so long; there is one key and nothing to guess.
const REJECTION_TIME: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) root: Arc<Root>,
    pub(crate) groups: Arc<Groups>,
    /// Ends everything.
    pub(crate) stop: CancellationToken,
    /// The one key that may log in.
    pub(crate) user_key: PublicKey,
}

/// Answers until the context's `stop`.
pub(crate) fn serve(listener: TcpListener, host_key: PrivateKey, context: Context) {
    let config = Arc::new(Config {
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: REJECTION_TIME,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![host_key],
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    });
    let stop = context.stop.clone();
    let accepting = accept(listener, config, context);
    tokio::spawn(async move { stop.run_until_cancelled(accepting).await });
}

async fn accept(listener: TcpListener, config: Arc<Config>, context: Context) {
    while let Ok((stream, _)) = listener.accept().await {
        let (config, context) = (Arc::clone(&config), context.clone());
        let stop = context.stop.clone();
        tokio::spawn(async move {
            stop.run_until_cancelled(connection(stream, config, context))
                .await
        });
    }
}

async fn connection(stream: TcpStream, config: Arc<Config>, context: Context) {
    let Ok((stream, _cut)) = with_cut(stream) else {
        return;
    };
    // However a connection ends, there is nobody to tell but the client.
    if let Ok(session) = russh::server::run_stream(config, stream, Connection::new(context)).await {
        let _ = session.await;
    }
}

/// Closes a connection when it is dropped: russh goes on in a task of its own, which ends only with its stream.
struct Cut(std::net::TcpStream);

impl Drop for Cut {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

fn with_cut(stream: TcpStream) -> std::io::Result<(TcpStream, Cut)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let cut = Cut(stream.try_clone()?);
    Ok((TcpStream::from_std(stream)?, cut))
}
