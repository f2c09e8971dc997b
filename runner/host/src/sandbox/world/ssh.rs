//! `capstep:step/ssh`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::ssh::{
    ExitStatus, Host, HostLogin, ReleaseReport, RemoteStat, RunOptions, Transfer, UploadReport,
};
use super::convert;
use super::view::{CallError, OpHandle, SessionHandle, View, mismatch, own};
use crate::protocol::{self, Answer, Call};

type Session = Resource<SessionHandle>;
type Op = Resource<OpHandle>;

impl HostLogin for View<'_> {
    async fn run(
        &mut self,
        this: Session,
        script: String,
        options: RunOptions,
    ) -> Result<Op, CallError> {
        self.start(Call::SshRun {
            this: this.rep(),
            script,
            options: convert::run_options(options),
        })
        .await
    }

    async fn upload(&mut self, this: Session, transfers: Vec<Transfer>) -> Result<Op, CallError> {
        let transfers = transfers
            .into_iter()
            .map(
                |Transfer {
                     source,
                     destination,
                 }| protocol::Transfer {
                    source,
                    destination,
                },
            )
            .collect();
        self.start(Call::SshUpload {
            this: this.rep(),
            transfers,
        })
        .await
    }

    async fn download(
        &mut self,
        this: Session,
        source: String,
        destination: String,
    ) -> Result<Op, CallError> {
        self.start(Call::SshDownload {
            this: this.rep(),
            source,
            destination,
        })
        .await
    }

    async fn stat(&mut self, this: Session, path: String, entry: String) -> Result<Op, CallError> {
        self.start(Call::SshStat {
            this: this.rep(),
            path,
            entry,
        })
        .await
    }

    async fn begin_release(&mut self, this: Session, release: String) -> Result<Op, CallError> {
        self.start(Call::SshBeginRelease {
            this: this.rep(),
            release,
        })
        .await
    }

    async fn commit_release(&mut self, this: Session) -> Result<Op, CallError> {
        self.start(Call::SshCommitRelease { this: this.rep() })
            .await
    }

    async fn abort_release(&mut self, this: Session) -> Result<Op, CallError> {
        self.start(Call::SshAbortRelease { this: this.rep() }).await
    }

    async fn exec(
        &mut self,
        this: Session,
        command: Vec<String>,
        options: RunOptions,
    ) -> Result<Op, CallError> {
        self.start(Call::SshExec {
            this: this.rep(),
            command,
            options: convert::run_options(options),
        })
        .await
    }

    async fn drop(&mut self, this: Session) -> wasmtime::Result<()> {
        // The login ends whatever the host answers; the guest could do nothing about it.
        let _ = self.call(Call::SshDrop { this: this.rep() }).await;
        Ok(())
    }
}

impl Host for View<'_> {
    async fn connect(&mut self, target: String) -> Result<Op, CallError> {
        self.start(Call::SshConnect { target }).await
    }

    async fn session(&mut self, op: Op) -> Result<Session, CallError> {
        match self.call(Call::SshSession { op: op.rep() }).await? {
            Answer::Handle(handle) => Ok(own(handle)),
            _ => Err(mismatch()),
        }
    }

    async fn exit(&mut self, op: Op) -> Result<ExitStatus, CallError> {
        match self.call(Call::SshExit { op: op.rep() }).await? {
            Answer::Exit(protocol::Exit { code, signal }) => Ok(ExitStatus { code, signal }),
            _ => Err(mismatch()),
        }
    }

    async fn uploaded(&mut self, op: Op) -> Result<UploadReport, CallError> {
        match self.call(Call::SshUploaded { op: op.rep() }).await? {
            Answer::Uploaded(protocol::Uploaded {
                files,
                unchanged,
                bytes,
            }) => Ok(UploadReport {
                files,
                unchanged,
                bytes,
            }),
            _ => Err(mismatch()),
        }
    }

    async fn found(&mut self, op: Op) -> Result<Option<RemoteStat>, CallError> {
        match self.call(Call::SshFound { op: op.rep() }).await? {
            Answer::Found(found) => Ok(found.map(
                |protocol::RemoteStat {
                     size,
                     mode,
                     folder,
                     link,
                 }| RemoteStat {
                    size,
                    mode,
                    folder,
                    link,
                },
            )),
            _ => Err(mismatch()),
        }
    }

    async fn released(&mut self, op: Op) -> Result<ReleaseReport, CallError> {
        match self.call(Call::SshReleased { op: op.rep() }).await? {
            Answer::Released(protocol::Released {
                name,
                previous,
                pruned,
            }) => Ok(ReleaseReport {
                name,
                previous,
                pruned,
            }),
            _ => Err(mismatch()),
        }
    }
}
