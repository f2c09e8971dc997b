//! SSH.

use super::Guest;
use crate::bindings::capstep::step::{op, ssh};
use crate::error::Error;
use crate::ssh::{Exit, Released, RemoteStat, RunOptions, Ssh, Transfer, Uploaded};

impl Ssh for Guest {
    type Session = ssh::Login;

    fn start_connect(&self, target: &str) -> Result<op::Op, Error> {
        Ok(ssh::connect(target)?)
    }

    fn session(&self, op: &op::Op) -> Result<ssh::Login, Error> {
        Ok(ssh::session(op)?)
    }

    fn start_run(
        &self,
        session: &ssh::Login,
        script: &str,
        options: RunOptions,
    ) -> Result<op::Op, Error> {
        Ok(session.run(script, options)?)
    }

    fn start_upload(&self, session: &ssh::Login, transfers: &[Transfer]) -> Result<op::Op, Error> {
        Ok(session.upload(transfers)?)
    }

    fn start_download(
        &self,
        session: &ssh::Login,
        source: &str,
        destination: &str,
    ) -> Result<op::Op, Error> {
        Ok(session.download(source, destination)?)
    }

    fn start_stat(&self, session: &ssh::Login, path: &str, entry: &str) -> Result<op::Op, Error> {
        Ok(session.stat(path, entry)?)
    }

    fn start_begin_release(&self, session: &ssh::Login, release: &str) -> Result<op::Op, Error> {
        Ok(session.begin_release(release)?)
    }

    fn start_commit_release(&self, session: &ssh::Login) -> Result<op::Op, Error> {
        Ok(session.commit_release()?)
    }

    fn start_abort_release(&self, session: &ssh::Login) -> Result<op::Op, Error> {
        Ok(session.abort_release()?)
    }

    fn start_exec(
        &self,
        session: &ssh::Login,
        command: &[String],
        options: RunOptions,
    ) -> Result<op::Op, Error> {
        Ok(session.exec(command, options)?)
    }

    fn exit(&self, op: &op::Op) -> Result<Exit, Error> {
        Ok(ssh::exit(op)?)
    }

    fn uploaded(&self, op: &op::Op) -> Result<Uploaded, Error> {
        Ok(ssh::uploaded(op)?)
    }

    fn found(&self, op: &op::Op) -> Result<Option<RemoteStat>, Error> {
        Ok(ssh::found(op)?)
    }

    fn released(&self, op: &op::Op) -> Result<Released, Error> {
        Ok(ssh::released(op)?)
    }
}
