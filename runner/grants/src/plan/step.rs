//! A step's part of the plan.

use capstep_pipeline::{Backoff, Source, Step};

use super::describe::{beside, describe, describe_unknown, shown};
use super::{SecretFlow, StepPlan, step_name};
use crate::authority::Authority;
use crate::bind::{BoundStep, Provenance, RoleKind, SecretBinding};
use crate::grant::{Grant, Place};
use crate::manifest::{Abi, Access, Manifest, SinkKind};
use crate::workspace_path::WorkspacePath;

pub(super) fn step_plan(
    source: &Source,
    index: usize,
    step: &Step,
    manifest: &Manifest,
    bound: BoundStep,
) -> StepPlan {
    let secrets = bound
        .secrets
        .iter()
        .map(|secret| flow(secret, &bound.grants, manifest.abi))
        .collect();
    let mut notes = Vec::new();
    let whole_folder = (manifest.abi == Abi::Host && !bound.says_its_paths())
        .then(|| whole_folder(source, step))
        .flatten();
    if whole_folder.is_some() {
        notes.push(
            "may read and change the whole folder; `reads` and `writes` say less, and let races be found"
                .to_owned(),
        );
    }
    if step.finally {
        notes.push("runs at the end, however the steps before went".to_owned());
    }
    if let Some(retry) = step.retry.as_ref().filter(|retry| retry.attempts > 1) {
        let waits = match retry.backoff {
            Backoff::Constant => "apart",
            Backoff::Exponential => "apart, then twice as long each time",
        };
        notes.push(format!(
            "is tried up to {} times, {:?} {waits}: each try may touch the same",
            retry.attempts, retry.delay
        ));
    }
    if step.continue_on_error {
        notes.push("may fail: the job goes on".to_owned());
    }
    let mut runs_project_code = Vec::new();
    for grant in &bound.grants {
        if let Some(Authority::Script {
            first_line,
            targets,
            ..
        }) = &grant.authority
        {
            runs_project_code.push(if manifest.abi == Abi::Host {
                format!("{first_line} on this machine")
            } else {
                format!("{first_line} on {}", shown(&bound.grants, targets))
            });
        }
        if let Some(build) = &grant.build {
            let context = grant
                .authority
                .as_ref()
                .map_or_else(|| describe_unknown(grant), ToString::to_string);
            runs_project_code.push(format!("{context}/{build}"));
        }
        if grant.access.contains(&Access::Exec) {
            notes.push(format!(
                "the plugin may run commands of its own on {}",
                describe(grant)
            ));
        }
        if grant.access.contains(&Access::Delete) {
            notes.push(format!(
                "what is at {} and not in {} is removed there",
                describe(grant),
                beside(&bound.grants, grant)
            ));
        }
        if grant.access.contains(&Access::Mount) {
            notes.push(format!(
                "{} is seen directly: this step can't be replayed",
                describe(grant)
            ));
        }
        if grant.authority.is_none() {
            notes.push(format!("{} is known when the step starts", grant.pointer));
        }
    }
    for role in bound
        .roles
        .iter()
        .filter(|role| role.kind == RoleKind::Jump)
    {
        notes.push(format!(
            "{} is reached through {}",
            shown(&bound.grants, &role.serves),
            shown(&bound.grants, std::slice::from_ref(&role.pointer))
        ));
    }
    StepPlan {
        number: index + 1,
        id: step.id.as_ref().map(|id| id.value.clone()),
        name: step_name(step),
        uses: step.uses.value.clone(),
        plugin: match manifest.abi {
            Abi::Plain => format!("{} (plain program)", manifest.name),
            Abi::Command => format!("{} {} (command)", manifest.name, manifest.version),
            Abi::World => format!("{} {}", manifest.name, manifest.version),
            Abi::Host => "a script of the pipeline, run by the host".to_owned(),
        },
        place: Place::of(source, step.uses.span),
        included: step
            .included
            .iter()
            .map(|span| Place::of(source, *span))
            .collect(),
        authority: bound.grants,
        whole_folder,
        host_keys: bound.host_keys,
        secrets,
        runs_project_code,
        notes,
    }
}

/// What a script may touch that does not say what it reads or writes: the folder, but for what no step is handed. It is judged for no race, so
/// it stands beside the other grants.
fn whole_folder(source: &Source, step: &Step) -> Option<Grant> {
    Some(Grant {
        pointer: "/writes".to_owned(),
        kind: "path",
        authority: Some(Authority::Path {
            path: WorkspacePath::parse(".").ok()?,
        }),
        access: vec![Access::Read, Access::Write],
        off: Vec::new(),
        role: None,
        build: None,
        provenance: Provenance::Written,
        within: None,
        place: Place::of(source, step.uses.span),
    })
}

fn flow(secret: &SecretBinding, grants: &[Grant], abi: Abi) -> SecretFlow {
    // Whatever a script on this machine is given, the project's own code has.
    let reveal = secret.reveal || abi == Abi::Host;
    let to = match &secret.sink {
        None => "the plugin itself (revealed)".to_owned(),
        Some(sink) => {
            let far_ends = shown(grants, &sink.to);
            match sink.kind {
                SinkKind::SshAuth => format!("SSH login {far_ends}"),
                SinkKind::Passphrase => "passphrase of the private key".to_owned(),
                SinkKind::RemoteEnv => format!("environment of the script `{far_ends}`"),
                SinkKind::HttpHeader => format!("request header to {far_ends}"),
                SinkKind::HttpBody => format!("request body to {far_ends}"),
                SinkKind::RegistryAuth => format!("login {far_ends}"),
                SinkKind::BuildSecret => format!("secret of the build of {far_ends}"),
                SinkKind::File => format!(
                    "file {far_ends} ({})",
                    sink.format.as_deref().unwrap_or("text")
                ),
            }
        }
    };
    let to = if abi == Abi::Host {
        format!("{to} (revealed)")
    } else if secret.reveal && secret.sink.is_some() {
        format!("{to}, and the plugin itself (revealed)")
    } else {
        to
    };
    SecretFlow {
        secrets: secret.text.names.iter().cloned().collect(),
        pointer: secret.pointer.clone(),
        to,
        sink: secret.sink.as_ref().map(|sink| sink.kind),
        far_ends: secret
            .sink
            .as_ref()
            .map(|sink| sink.to.clone())
            .unwrap_or_default(),
        revealed: reveal,
        place: secret.place.clone(),
    }
}
