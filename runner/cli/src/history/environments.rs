//! Where a project's jobs have deployed to.

use capstep_engine::{Deployment, environments};
use schemars::JsonSchema;
use serde::Serialize;

use super::Scope;
use crate::context::Context;
use crate::directories;
use crate::error::CliError;

/// The version of this shape.
const ENVIRONMENTS_VERSION: u32 = 1;

/// The environments of a project.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EnvironmentList {
    /// The version of this shape.
    pub(crate) version: u32,
    /// The environments, by name.
    pub(crate) environments: Vec<EnvironmentView>,
}

/// What was deployed to an environment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EnvironmentView {
    /// What it is called.
    pub(crate) name: String,
    /// The deployments that are remembered, the newest first: that one is there now.
    pub(crate) deployments: Vec<Deployment>,
}

impl EnvironmentList {
    /// Those of the project.
    pub(crate) fn read(scope: &Scope, context: &Context) -> Result<Self, CliError> {
        let state = directories::state(&context.environment)?;
        let found = environments(&state, scope.key()).map_err(|error| {
            CliError::infrastructure(format!("the project's environments can't be read: {error}"))
        })?;
        let newest_first = |mut deployments: Vec<Deployment>| {
            deployments.reverse();
            deployments
        };
        let environments = found.into_iter().map(|found| EnvironmentView {
            name: found.name,
            deployments: newest_first(found.deployments),
        });
        Ok(Self {
            version: ENVIRONMENTS_VERSION,
            environments: environments.collect(),
        })
    }

    /// Leaves the one of this name; where there is none, the names that there are.
    pub(crate) fn only(&mut self, name: &str) -> Result<(), Vec<String>> {
        let names = |list: &Self| {
            list.environments
                .iter()
                .map(|one| one.name.clone())
                .collect()
        };
        if !self.environments.iter().any(|one| one.name == name) {
            return Err(names(self));
        }
        self.environments.retain(|one| one.name == name);
        Ok(())
    }
}
