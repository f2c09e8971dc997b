//! One host: log in, copy, run, and where there are releases all of that or nothing.

use capstep_sdk::Failure;
use capstep_sdk::log::{Level, Log};
use capstep_sdk::ssh::Ssh;
use capstep_sdk::together::Together;

use crate::inputs::Inputs;
use crate::outputs::HostResult;
use crate::{release, script, transfers};

/// What a deployment to one of the hosts works with.
pub(crate) struct Deployment<'a, H: Ssh + Log> {
    pub(crate) host: &'a H,
    pub(crate) together: &'a Together<'a, H>,
    pub(crate) inputs: &'a Inputs,
    /// The host's name before each line, where several are deployed to at once.
    pub(crate) label: Option<String>,
}

impl<H: Ssh + Log> Deployment<'_, H> {
    /// Deploys to the target at this pointer. The connection is closed at the end, whatever that is.
    pub(crate) async fn deploy(&self, pointer: &str, target: &str) -> Result<HostResult, Failure> {
        if self.label.is_none() {
            self.host.group(target);
        }
        let result = self.deploy_in_group(pointer, target).await;
        if self.label.is_none() {
            self.host.end_group();
        }
        result
    }

    async fn deploy_in_group(&self, pointer: &str, target: &str) -> Result<HostResult, Failure> {
        let connecting = async {
            let op = self.host.start_connect(pointer)?;
            let op = self.together.finish(op, |_| {}).await?;
            self.host.session(&op)
        };
        let session = connecting
            .await
            .map_err(|error| Failure::from(error).while_doing(target))?;
        let mut result = HostResult {
            target: target.to_owned(),
            ..HostResult::default()
        };
        if self.inputs.release.is_some() {
            release::within(self, &session, &mut result).await?;
        } else {
            self.work(&session, &mut result).await?;
        }
        Ok(result)
    }

    /// What is done on the host, in a release or without.
    pub(crate) async fn work(
        &self,
        session: &H::Session,
        result: &mut HostResult,
    ) -> Result<(), Failure> {
        if !self.inputs.upload.is_empty() {
            transfers::upload(self, session, result).await?;
        }
        if let Some(text) = &self.inputs.run {
            script::run(self, session, text, result).await?;
        }
        Ok(())
    }

    pub(crate) fn say(&self, level: Level, message: impl std::fmt::Display) {
        match &self.label {
            Some(label) => self.host.line(level, &format!("{label}: {message}")),
            None => self.host.line(level, &message.to_string()),
        }
    }

    pub(crate) fn info(&self, message: impl std::fmt::Display) {
        self.say(Level::Info, message);
    }
}
