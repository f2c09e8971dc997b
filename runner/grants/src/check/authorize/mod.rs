//! The decision.
//!
//! Here are the acts and what every decision begins with: the declaration and the grant at a pointer. `local`,
//! `network`, `remote`, `image`, `state` and `value` decide on paths, connections, targets,
//! images, values between runs and secrets.

mod image;
mod local;
mod network;
mod remote;
mod state;
mod value;

use super::act::Act;
use super::permit::Permit;
use super::rule::{Denial, Refusal, Rule};
use crate::bind::BoundStep;
use crate::grant::{Grant, Place};
use crate::manifest::{Access, Input, Kind, Manifest};
use crate::pointer;

/// A step as the check sees it.
#[derive(Debug, Clone)]
pub struct StepAuthority {
    /// Its plugin's manifest.
    pub manifest: std::sync::Arc<Manifest>,
    /// Its inputs, bound, every value known.
    pub bound: BoundStep,
}

/// May the step do this?
///
/// # Errors
/// The rule that forbids it, or that the input was not set.
pub fn authorize(step: &StepAuthority, act: &Act<'_>) -> Result<Permit, Refusal> {
    let decision = Decision { step, act };
    match act {
        Act::Look { input, entry } => {
            decision.path(input, entry, &[Access::Read, Access::Upload, Access::Write])
        }
        Act::Read { input, entry } => decision.path(input, entry, &[Access::Read]),
        Act::Write { input, entry } => decision.path(input, entry, &[Access::Write]),
        Act::Http { input, url, method } => decision.http(input, *url, method),
        Act::Tcp { input } => decision.tcp(input),
        Act::StateRead { input } => decision.state(input, Access::Read),
        Act::StateWrite { input } => decision.state(input, Access::Write),
        Act::SshConnect { target } => decision
            .ssh(target, &[Access::Script, Access::Files, Access::Exec])
            .map(Permit::Ssh),
        Act::SshExec { target } => decision.ssh(target, &[Access::Exec]).map(Permit::Ssh),
        Act::SshJump { target, through } => decision.jump(target, through).map(Permit::Ssh),
        Act::SshScript { target, script } => decision.script(target, script),
        Act::SshUpload {
            target,
            source,
            destination,
        } => decision.transfer(
            target,
            source,
            &[Access::Upload],
            destination,
            &[Access::Upload],
        ),
        Act::SshDelete {
            target,
            source,
            destination,
        } => decision.transfer(
            target,
            source,
            &[Access::Upload],
            destination,
            &[Access::Delete],
        ),
        Act::SshDownload {
            target,
            source,
            destination,
        } => decision.transfer(
            target,
            destination,
            &[Access::Write],
            source,
            &[Access::Download],
        ),
        Act::SshStat {
            target,
            path,
            entry,
        } => {
            let looks = [Access::Upload, Access::Download];
            decision
                .remote(target, path, entry, &looks)
                .map(Permit::Remote)
        }
        Act::SshRelease { target, release } => decision
            .remote(target, release, "", &[Access::Release])
            .map(Permit::Remote),
        Act::DockerLogin { registry } => decision.registry(registry).map(Permit::Registry),
        Act::DockerPull { image, registry } => decision
            .transferred(image, Access::Pull, *registry)
            .map(Permit::Image),
        Act::DockerPush { image, registry } => decision
            .transferred(image, Access::Push, *registry)
            .map(Permit::Image),
        Act::DockerBuild { context, image } => decision.build(context, *image),
        Act::DockerTag { source, image } => decision.tag(source, image),
        Act::DockerInspect { image } => decision.image(image, &image::ANY).map(Permit::Image),
        Act::Use { input, sink, to } => decision.value(input, *sink, to),
        Act::Reveal { input } => decision.reveal(input),
    }
}

struct Decision<'a> {
    step: &'a StepAuthority,
    act: &'a Act<'a>,
}

impl<'a> Decision<'a> {
    fn deny(&self, rule: Rule, at: &str, message: String, hint: Option<String>) -> Refusal {
        Refusal::Denied(Box::new(Denial {
            rule,
            pointer: at.to_owned(),
            message,
            hint,
            place: self.place(at),
        }))
    }

    fn place(&self, at: &str) -> Option<Place> {
        let bound = &self.step.bound;
        let grant = bound
            .grants
            .iter()
            .find(|grant| grant.pointer == at)
            .map(|grant| grant.place.clone());
        grant.or_else(|| {
            bound
                .secrets
                .iter()
                .find(|secret| secret.pointer == at)
                .map(|secret| secret.place.clone())
        })
    }

    /// The declaration that a pointer leads to.
    fn declared(&self, at: &str) -> Result<&'a Input, Refusal> {
        declared(&self.step.manifest, at).ok_or_else(|| {
            self.deny(
                Rule::UndeclaredInput,
                at,
                format!("`{}` declares no input at `{at}`", self.step.manifest.name),
                None,
            )
        })
    }

    fn no_authority(&self, at: &str, expected: &str) -> Refusal {
        let found = declared(&self.step.manifest, at).map_or("nothing", |input| input.kind.word());
        self.deny(
            Rule::NoAuthority,
            at,
            format!("`{at}` is a {found}, not {expected}"),
            None,
        )
    }

    /// The grant at a pointer, with at least one of the accesses.
    fn grant(&self, at: &str, accesses: &[Access]) -> Result<&'a Grant, Refusal> {
        let input = self.declared(at)?;
        let Some(grant) = self
            .step
            .bound
            .grants
            .iter()
            .find(|grant| grant.pointer == at)
        else {
            return if input.kind.carries_authority() {
                Err(Refusal::NotSet(at.to_owned()))
            } else {
                let wanted = self.act.access().map_or("such", Access::word);
                Err(self.deny(
                    Rule::NoAuthority,
                    at,
                    format!(
                        "`{at}` is a {}; it grants no {wanted} access",
                        input.kind.word()
                    ),
                    None,
                ))
            };
        };
        if grant.access.iter().any(|access| accesses.contains(access)) {
            return Ok(grant);
        }
        let wanted = accesses.first().map_or("", |access| access.word());
        if let Some((_, when)) = grant
            .off
            .iter()
            .find(|(access, _)| accesses.contains(access))
        {
            return Err(self.deny(
                Rule::AccessOff,
                at,
                format!("`{wanted}` on `{at}` needs `{when}: true`"),
                Some(format!("`{when}: true` in the step would grant it")),
            ));
        }
        Err(self.deny(
            Rule::AccessNotRequested,
            at,
            format!(
                "`{}` does not ask for `{wanted}` on `{at}`",
                self.step.manifest.name
            ),
            None,
        ))
    }
}

/// The declaration that a pointer leads to: `requires/NAME`, or through records, lists and maps.
pub(crate) fn declared<'m>(manifest: &'m Manifest, at: &str) -> Option<&'m Input> {
    if let Some(name) = at.strip_prefix("requires/") {
        return manifest
            .requirement(name)
            .map(|requirement| &requirement.input);
    }
    let tokens = pointer::tokens(at)?;
    let (first, rest) = tokens.split_first()?;
    let mut input = manifest.input(first)?;
    for token in rest {
        input = match &input.kind {
            Kind::List(item)
                if token.bytes().all(|byte| byte.is_ascii_digit()) && !token.is_empty() =>
            {
                item
            }
            Kind::Map(value) => value,
            Kind::Record(fields) => fields.iter().find(|field| field.name == *token)?,
            _ => return None,
        };
    }
    Some(input)
}
