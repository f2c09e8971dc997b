//! Docker.

use super::Guest;
use crate::bindings::capstep::step::{docker, op};
use crate::docker::{BuildOptions, Built, Docker, Image, Transferred};
use crate::error::Error;

impl Docker for Guest {
    fn start_login(&self, registry: &str) -> Result<op::Op, Error> {
        Ok(docker::login(registry)?)
    }

    fn start_build(
        &self,
        context: &str,
        tags: &[String],
        options: BuildOptions,
    ) -> Result<op::Op, Error> {
        Ok(docker::build(context, tags, options)?)
    }

    fn start_pull(&self, image: &str) -> Result<op::Op, Error> {
        Ok(docker::pull(image)?)
    }

    fn start_push(&self, image: &str) -> Result<op::Op, Error> {
        Ok(docker::push(image)?)
    }

    fn start_tag(&self, source: &str, image: &str) -> Result<op::Op, Error> {
        Ok(docker::tag(source, image)?)
    }

    fn start_inspect(&self, image: &str) -> Result<op::Op, Error> {
        Ok(docker::inspect(image)?)
    }

    fn completed(&self, op: &op::Op) -> Result<(), Error> {
        Ok(docker::completed(op)?)
    }

    fn built(&self, op: &op::Op) -> Result<Built, Error> {
        Ok(docker::built(op)?)
    }

    fn transferred(&self, op: &op::Op) -> Result<Transferred, Error> {
        Ok(docker::transferred(op)?)
    }

    fn inspected(&self, op: &op::Op) -> Result<Option<Image>, Error> {
        Ok(docker::inspected(op)?)
    }
}
