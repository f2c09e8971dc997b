//! SSH to the accounts that were handed over. Which key, which known hosts, which environment and directory the host
//! uses follow from the manifest's sinks and roles, never from the step.

use crate::error::Error;
use crate::ops::{Event, Ops};

pub use crate::bindings::capstep::step::ssh::{
    ExitStatus as Exit, ReleaseReport as Released, RemoteStat, RunOptions, Transfer,
    UploadReport as Uploaded,
};

/// A host with SSH.
pub trait Ssh: Ops {
    /// A login. Dropping it closes the connection.
    type Session;

    /// Starts to log in to the `ssh-target` input at this pointer.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_connect(&self, target: &str) -> Result<Self::Op, Error>;
    /// The login of an operation that is done.
    ///
    /// # Errors
    /// Why there is none; its `stage` says how far it came.
    fn session(&self, op: &Self::Op) -> Result<Self::Session, Error>;
    /// Starts the `script` input at this pointer.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_run(
        &self,
        session: &Self::Session,
        script: &str,
        options: RunOptions,
    ) -> Result<Self::Op, Error>;
    /// Starts to copy files there. All are put in place together at the end.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_upload(
        &self,
        session: &Self::Session,
        transfers: &[Transfer],
    ) -> Result<Self::Op, Error>;
    /// Starts to copy a remote file to a `path` input.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_download(
        &self,
        session: &Self::Session,
        source: &str,
        destination: &str,
    ) -> Result<Self::Op, Error>;
    /// Starts to look at a `remote-path` input, or at an entry below it.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_stat(
        &self,
        session: &Self::Session,
        path: &str,
        entry: &str,
    ) -> Result<Self::Op, Error>;
    /// Starts to make a new release folder below the `remote-path` input at this pointer.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_begin_release(
        &self,
        session: &Self::Session,
        release: &str,
    ) -> Result<Self::Op, Error>;
    /// Starts to switch `current` to the new release.
    ///
    /// # Errors
    /// `invalid` where none was begun.
    fn start_commit_release(&self, session: &Self::Session) -> Result<Self::Op, Error>;
    /// Starts to remove the new release; `current` stays as it was.
    ///
    /// # Errors
    /// `invalid` where none was begun.
    fn start_abort_release(&self, session: &Self::Session) -> Result<Self::Op, Error>;
    /// Starts a command of the step's own, which needs the access `exec`.
    ///
    /// # Errors
    /// `denied`.
    fn start_exec(
        &self,
        session: &Self::Session,
        command: &[String],
        options: RunOptions,
    ) -> Result<Self::Op, Error>;
    /// How `run` or `exec` ended.
    ///
    /// # Errors
    /// `timeout`, `cancelled`, or the connection's own trouble.
    fn exit(&self, op: &Self::Op) -> Result<Exit, Error>;
    /// What `upload` did; of `download`: the one file.
    ///
    /// # Errors
    /// `denied`, `peer`, `cancelled`, or the connection's own trouble.
    fn uploaded(&self, op: &Self::Op) -> Result<Uploaded, Error>;
    /// What `stat` found; `None`: nothing is there.
    ///
    /// # Errors
    /// As [`Ssh::uploaded`].
    fn found(&self, op: &Self::Op) -> Result<Option<RemoteStat>, Error>;
    /// What `begin-release`, `commit-release` or `abort-release` did.
    ///
    /// # Errors
    /// As [`Ssh::uploaded`].
    fn released(&self, op: &Self::Op) -> Result<Released, Error>;

    /// Logs in.
    ///
    /// # Errors
    /// As [`Ssh::start_connect`] and [`Ssh::session`].
    fn connect(&self, target: &str) -> Result<Self::Session, Error> {
        let op = self.start_connect(target)?;
        self.wait(&op)?;
        self.session(&op)
    }

    /// Runs a script of the pipeline, and shows its events to `each`.
    ///
    /// # Errors
    /// As [`Ssh::start_run`] and [`Ssh::exit`]; a script that ends in an error is none.
    fn run(
        &self,
        session: &Self::Session,
        script: &str,
        options: RunOptions,
        each: impl FnMut(Event),
    ) -> Result<Exit, Error> {
        let op = self.start_run(session, script, options)?;
        self.finish(&op, each)?;
        self.exit(&op)
    }

    /// Copies files there, and shows the events to `each`.
    ///
    /// # Errors
    /// As [`Ssh::start_upload`] and [`Ssh::uploaded`].
    fn upload(
        &self,
        session: &Self::Session,
        transfers: &[Transfer],
        each: impl FnMut(Event),
    ) -> Result<Uploaded, Error> {
        let op = self.start_upload(session, transfers)?;
        self.finish(&op, each)?;
        self.uploaded(&op)
    }

    /// Copies a remote file to a `path` input.
    ///
    /// # Errors
    /// As [`Ssh::start_download`] and [`Ssh::uploaded`].
    fn download(
        &self,
        session: &Self::Session,
        source: &str,
        destination: &str,
    ) -> Result<Uploaded, Error> {
        let op = self.start_download(session, source, destination)?;
        self.wait(&op)?;
        self.uploaded(&op)
    }

    /// Looks at a remote entry.
    ///
    /// # Errors
    /// As [`Ssh::start_stat`] and [`Ssh::found`].
    fn remote_stat(
        &self,
        session: &Self::Session,
        path: &str,
        entry: &str,
    ) -> Result<Option<RemoteStat>, Error> {
        let op = self.start_stat(session, path, entry)?;
        self.wait(&op)?;
        self.found(&op)
    }

    /// Makes a new release folder.
    ///
    /// # Errors
    /// As [`Ssh::start_begin_release`] and [`Ssh::released`].
    fn begin_release(&self, session: &Self::Session, release: &str) -> Result<Released, Error> {
        let op = self.start_begin_release(session, release)?;
        self.wait(&op)?;
        self.released(&op)
    }

    /// Switches `current` to the new release and removes the oldest.
    ///
    /// # Errors
    /// As [`Ssh::start_commit_release`] and [`Ssh::released`].
    fn commit_release(&self, session: &Self::Session) -> Result<Released, Error> {
        let op = self.start_commit_release(session)?;
        self.wait(&op)?;
        self.released(&op)
    }

    /// Removes the new release.
    ///
    /// # Errors
    /// As [`Ssh::start_abort_release`] and [`Ssh::released`].
    fn abort_release(&self, session: &Self::Session) -> Result<Released, Error> {
        let op = self.start_abort_release(session)?;
        self.wait(&op)?;
        self.released(&op)
    }

    /// Runs a command of the step's own, and shows its events to `each`.
    ///
    /// # Errors
    /// As [`Ssh::start_exec`] and [`Ssh::exit`].
    fn exec(
        &self,
        session: &Self::Session,
        command: &[String],
        options: RunOptions,
        each: impl FnMut(Event),
    ) -> Result<Exit, Error> {
        let op = self.start_exec(session, command, options)?;
        self.finish(&op, each)?;
        self.exit(&op)
    }
}
