//! A client of the demo's servers.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "support of tests; each test binary uses a part"
)]

use std::sync::Arc;

use capstep_demo::DemoServers;
use capstep_ssh::{
    ConnectLimits, Credentials, ExitStatus, HostKeys, Interpreter, Output, Release, ScriptRequest,
    Session, SshError, Target, UploadEntry, UploadReport, UploadRequest, connect,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub async fn connect_as(servers: &DemoServers, user: &str, key: &str) -> Result<Session, SshError> {
    let stream = TcpStream::connect(("127.0.0.1", servers.ssh_port()))
        .await
        .unwrap();
    let target = Target {
        user: user.to_owned(),
        host: "127.0.0.1".to_owned(),
        port: servers.ssh_port(),
    };
    let credentials = Credentials {
        private_key: Zeroizing::new(key.to_owned()),
        passphrase: None,
        certificate: None,
    };
    let host_keys = HostKeys::KnownHosts(servers.known_hosts());
    connect(
        stream,
        &target,
        &host_keys,
        &credentials,
        &ConnectLimits::default(),
    )
    .await
}

pub async fn login(servers: &DemoServers) -> Session {
    connect_as(servers, servers.user(), &servers.user_key())
        .await
        .unwrap()
}

#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

pub async fn collect(
    run: impl Future<Output = Result<ExitStatus, SshError>>,
    mut receiver: mpsc::Receiver<Output>,
) -> Ran {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let gather = async {
        while let Some(piece) = receiver.recv().await {
            match piece {
                Output::Stdout(bytes) => stdout.extend_from_slice(&bytes),
                Output::Stderr(bytes) => stderr.extend_from_slice(&bytes),
            }
        }
    };
    let (status, ()) = tokio::join!(run, gather);
    Ran {
        status: status.unwrap(),
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

pub async fn exec(session: &Session, command: &str, input: &[u8]) -> Ran {
    let (sender, receiver) = mpsc::channel(8);
    collect(session.exec(command, input, sender), receiver).await
}

pub async fn script(
    session: &Session,
    text: &str,
    env: &[(&str, &str)],
    folder: Option<&str>,
) -> Ran {
    let env: Vec<_> = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned())))
        .collect();
    let (sender, receiver) = mpsc::channel(8);
    let request = ScriptRequest {
        script: text,
        env: &env,
        working_directory: folder,
        interpreter: Interpreter::Auto,
        errexit: true,
    };
    collect(session.run_script(request, sender), receiver).await
}

pub async fn upload(
    session: &Session,
    within: &str,
    files: &[(&str, &str)],
) -> Result<UploadReport, SshError> {
    let entries = files
        .iter()
        .map(|(name, text)| UploadEntry {
            local: Arc::new(Zeroizing::new(text.as_bytes().to_vec())),
            remote: format!("{within}/{name}"),
            size: text.len() as u64,
            mode: 0o640,
        })
        .collect();
    let request = UploadRequest {
        within: vec![within.to_owned()],
        entries,
        ..UploadRequest::default()
    };
    session.upload(request, None).await
}

pub async fn fill(session: &Session, release: &Release, files: &[(&str, &str)]) -> UploadReport {
    upload(session, &release.path, files).await.unwrap()
}

/// An HTTP answer: its status and its body.
pub async fn get(servers: &DemoServers, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", servers.http_port()))
        .await
        .unwrap();
    let head = format!("{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}
