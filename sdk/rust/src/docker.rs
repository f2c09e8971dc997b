//! Images, on the Docker engine of the machine that runs the step. What steers a build (Dockerfile, arguments, target,
//! network, caches) the host reads from the inputs; the step says when, and never has the context's bytes or a password.

use crate::error::Error;
use crate::ops::{Event, Ops};

pub use crate::bindings::capstep::step::docker::{
    BuildOptions, BuildReport as Built, ImageReport as Image, Label, TransferReport as Transferred,
};

/// A host with a Docker engine.
pub trait Docker: Ops {
    /// Starts to check the password for the `registry` input at this pointer.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_login(&self, registry: &str) -> Result<Self::Op, Error>;
    /// Starts to build the folder that the `path` input at this pointer designates; the image gets the names of the
    /// `image` inputs at these pointers.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_build(
        &self,
        context: &str,
        tags: &[String],
        options: BuildOptions,
    ) -> Result<Self::Op, Error>;
    /// Starts to fetch the image that the `image` input at this pointer names.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_pull(&self, image: &str) -> Result<Self::Op, Error>;
    /// Starts to send it to its registry.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_push(&self, image: &str) -> Result<Self::Op, Error>;
    /// Starts to give the image that `source` names the name of `image`, too.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_tag(&self, source: &str, image: &str) -> Result<Self::Op, Error>;
    /// Starts to look at an image on the engine.
    ///
    /// # Errors
    /// `denied`, `not-found`.
    fn start_inspect(&self, image: &str) -> Result<Self::Op, Error>;
    /// Whether a login or a tag succeeded.
    ///
    /// # Errors
    /// `unauthorized`, `not-found`, `unreachable`, `peer`.
    fn completed(&self, op: &Self::Op) -> Result<(), Error>;
    /// What a build made.
    ///
    /// # Errors
    /// `peer` where the build failed, `unauthorized`, `unreachable`, `cancelled`, `timeout`; its `stage` says how far
    /// it came.
    fn built(&self, op: &Self::Op) -> Result<Built, Error>;
    /// What a pull or a push moved.
    ///
    /// # Errors
    /// `not-found` where the registry has no such image, `unauthorized`, `unreachable`, `peer`, `cancelled`.
    fn transferred(&self, op: &Self::Op) -> Result<Transferred, Error>;
    /// What is known of an image; `None`: there is none of that name.
    ///
    /// # Errors
    /// `unreachable`, `peer`.
    fn inspected(&self, op: &Self::Op) -> Result<Option<Image>, Error>;

    /// Checks the password for a registry.
    ///
    /// # Errors
    /// As [`Docker::start_login`] and [`Docker::completed`]; `unauthorized` where it is wrong.
    fn login(&self, registry: &str) -> Result<(), Error> {
        let op = self.start_login(registry)?;
        self.wait(&op)?;
        self.completed(&op)
    }

    /// Builds, and shows the events to `each`.
    ///
    /// # Errors
    /// As [`Docker::start_build`] and [`Docker::built`].
    fn build(
        &self,
        context: &str,
        tags: &[String],
        options: BuildOptions,
        each: impl FnMut(Event),
    ) -> Result<Built, Error> {
        let op = self.start_build(context, tags, options)?;
        self.finish(&op, each)?;
        self.built(&op)
    }

    /// Fetches an image, and shows the events to `each`.
    ///
    /// # Errors
    /// As [`Docker::start_pull`] and [`Docker::transferred`].
    fn pull(&self, image: &str, each: impl FnMut(Event)) -> Result<Transferred, Error> {
        let op = self.start_pull(image)?;
        self.finish(&op, each)?;
        self.transferred(&op)
    }

    /// Sends an image to its registry, and shows the events to `each`.
    ///
    /// # Errors
    /// As [`Docker::start_push`] and [`Docker::transferred`].
    fn push(&self, image: &str, each: impl FnMut(Event)) -> Result<Transferred, Error> {
        let op = self.start_push(image)?;
        self.finish(&op, each)?;
        self.transferred(&op)
    }

    /// Gives an image another name.
    ///
    /// # Errors
    /// As [`Docker::start_tag`] and [`Docker::completed`].
    fn tag(&self, source: &str, image: &str) -> Result<(), Error> {
        let op = self.start_tag(source, image)?;
        self.wait(&op)?;
        self.completed(&op)
    }

    /// Looks at an image on the engine.
    ///
    /// # Errors
    /// As [`Docker::start_inspect`] and [`Docker::inspected`].
    fn inspect(&self, image: &str) -> Result<Option<Image>, Error> {
        let op = self.start_inspect(image)?;
        self.wait(&op)?;
        self.inspected(&op)
    }
}
