//! Plugins, each found, checked and compiled once, before anything runs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use capstep_grants::manifest::{Abi, Access, Input, Kind, Manifest, Sink};
use capstep_host::sandbox::{AbiKind, DeclaredInterfaces, Interface, LoadedPlugin, Sandbox};
use capstep_pipeline::Pipeline;
use capstep_registry::{Plugin, Registry};

use crate::error::{PluginFailure, RunError};

/// A plugin that is ready to run.
pub(crate) struct Ready {
    pub(crate) plugin: Arc<Plugin>,
    /// Compiled; none where the step has a script of the pipeline's own.
    pub(crate) loaded: Option<Arc<LoadedPlugin>>,
}

/// Loads what the given jobs use.
pub(crate) async fn load(
    pipeline: &Pipeline,
    jobs: &[usize],
    registry: &Registry,
    sandbox: &Sandbox,
) -> Result<HashMap<String, Arc<Ready>>, RunError> {
    let mut ready: HashMap<String, Arc<Ready>> = HashMap::new();
    let mut failures = Vec::new();
    let steps = jobs
        .iter()
        .filter_map(|index| pipeline.jobs.get(*index))
        .flat_map(|job| job.steps.iter());
    // The jobs of a matrix have their steps in common: what is wrong with one is told once.
    let mut seen = HashSet::new();
    for step in steps {
        let uses = &step.uses.value;
        if ready.contains_key(uses) || !seen.insert(step.uses.span) {
            continue;
        }
        let failed = |message, help| PluginFailure {
            span: step.uses.span,
            message,
            help,
        };
        match registry.resolve(pipeline, uses) {
            Err(problem) => failures.push(failed(problem.message, problem.help)),
            Ok(plugin) if plugin.manifest.abi == Abi::Host => {
                let loaded = None;
                ready.insert(uses.clone(), Arc::new(Ready { plugin, loaded }));
            }
            Ok(plugin) => {
                let declared = declared(&plugin.manifest);
                match sandbox.load(&plugin.bytes, &declared).await {
                    Ok(loaded) => {
                        let loaded = Some(loaded);
                        ready.insert(uses.clone(), Arc::new(Ready { plugin, loaded }));
                    }
                    Err(error) => failures.push(failed(format!("`{uses}`: {error}"), None)),
                }
            }
        }
    }
    if failures.is_empty() {
        Ok(ready)
    } else {
        Err(RunError::Plugins(failures))
    }
}

/// The interfaces that a manifest's inputs call for: a component may import no other.
pub fn declared(manifest: &Manifest) -> DeclaredInterfaces {
    let mut interfaces = BTreeSet::new();
    for input in manifest.inputs.iter().chain(
        manifest
            .requires
            .iter()
            .map(|requirement| &requirement.input),
    ) {
        collect(input, &mut interfaces);
    }
    let abi = match manifest.abi {
        Abi::World => AbiKind::World,
        Abi::Command => AbiKind::Command,
        // What the host runs itself imports nothing.
        Abi::Plain | Abi::Host => AbiKind::Plain,
    };
    DeclaredInterfaces::new(manifest.name.clone(), abi, interfaces)
}

fn collect(input: &Input, interfaces: &mut BTreeSet<Interface>) {
    match &input.kind {
        Kind::List(part) | Kind::Map(part) => collect(part, interfaces),
        Kind::Record(fields) => fields.iter().for_each(|field| collect(field, interfaces)),
        // A path that only the host reads gives the plugin nothing to call for; one that is built is the engine's.
        Kind::Path => {
            for granted in &input.access {
                interfaces.insert(match granted.access {
                    Access::Build => Interface::Docker,
                    _ => Interface::Files,
                });
            }
        }
        Kind::Image | Kind::Registry => {
            interfaces.insert(Interface::Docker);
        }
        Kind::Url { .. } => {
            interfaces.insert(Interface::Http);
        }
        Kind::State => {
            interfaces.insert(Interface::State);
        }
        Kind::TcpAddress => {
            interfaces.insert(Interface::Tcp);
        }
        Kind::SshTarget | Kind::RemotePath { .. } | Kind::Script { .. } => {
            interfaces.insert(Interface::Ssh);
        }
        _ => {}
    }
    // Whether a secret is revealed is the pipeline's choice, step by step; asking is not having.
    if matches!(input.kind, Kind::Secret)
        || matches!(
            input.sink,
            Some(Sink::File(..) | Sink::RemoteEnv(_) | Sink::HttpHeader(_) | Sink::HttpBody(_))
        )
    {
        interfaces.insert(Interface::Secrets);
    }
}
