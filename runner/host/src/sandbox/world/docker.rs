//! `capstep:step/docker`.

use wasmtime::component::Resource;

use super::bindings::capstep::step::docker::{
    BuildOptions, BuildReport, Host, ImageReport, Label, TransferReport,
};
use super::convert;
use super::view::{CallError, OpHandle, View, mismatch};
use crate::protocol::{self, Answer, Call};

impl Host for View<'_> {
    async fn login(&mut self, registry: String) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::DockerLogin { registry }).await
    }

    async fn build(
        &mut self,
        context: String,
        tags: Vec<String>,
        options: BuildOptions,
    ) -> Result<Resource<OpHandle>, CallError> {
        let options = protocol::BuildOptions {
            log: options.log,
            timeout: convert::duration(options.timeout),
        };
        self.start(Call::DockerBuild {
            context,
            tags,
            options,
        })
        .await
    }

    async fn pull(&mut self, image: String) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::DockerPull { image }).await
    }

    async fn push(&mut self, image: String) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::DockerPush { image }).await
    }

    async fn tag(
        &mut self,
        source: String,
        image: String,
    ) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::DockerTag { source, image }).await
    }

    async fn inspect(&mut self, image: String) -> Result<Resource<OpHandle>, CallError> {
        self.start(Call::DockerInspect { image }).await
    }

    async fn completed(&mut self, op: Resource<OpHandle>) -> Result<(), CallError> {
        self.tell(Call::DockerCompleted { op: op.rep() }).await
    }

    async fn built(&mut self, op: Resource<OpHandle>) -> Result<BuildReport, CallError> {
        match self.call(Call::DockerBuilt { op: op.rep() }).await? {
            Answer::Built(built) => Ok(BuildReport {
                image: built.image,
                builder: built.builder,
                cached: built.cached,
                steps: built.steps,
            }),
            _ => Err(mismatch()),
        }
    }

    async fn transferred(&mut self, op: Resource<OpHandle>) -> Result<TransferReport, CallError> {
        match self.call(Call::DockerTransferred { op: op.rep() }).await? {
            Answer::Transferred(transferred) => Ok(TransferReport {
                reference: transferred.reference,
                digest: transferred.digest,
                image: transferred.image,
            }),
            _ => Err(mismatch()),
        }
    }

    async fn inspected(
        &mut self,
        op: Resource<OpHandle>,
    ) -> Result<Option<ImageReport>, CallError> {
        match self.call(Call::DockerInspected { op: op.rep() }).await? {
            Answer::Inspected(image) => Ok(image.map(report)),
            _ => Err(mismatch()),
        }
    }
}

fn report(image: protocol::Image) -> ImageReport {
    ImageReport {
        image: image.image,
        digests: image.digests,
        size: image.size,
        created: image.created,
        os: image.os,
        architecture: image.architecture,
        labels: image
            .labels
            .into_iter()
            .map(|protocol::Label { name, value }| Label { name, value })
            .collect(),
    }
}
