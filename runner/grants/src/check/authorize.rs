//! The decision.

use super::act::Act;
use super::permit::{Permit, RemotePermit, SshPermit, UrlPermit};
use super::rule::{Denial, Refusal, Rule};
use super::url_permit;
use crate::authority::Authority;
use crate::bind::BoundStep;
use crate::grant::{Grant, Place};
use crate::manifest::{Access, Input, Kind, Manifest};
use crate::pointer;
use crate::remote_path;
use crate::workspace_path::WorkspacePath;

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
        Act::Tcp { input } => {
            let grant = decision.grant(input, &[Access::Connect])?;
            match &grant.authority {
                Some(Authority::TcpAddress { host, port }) => Ok(Permit::Tcp {
                    grant: grant.pointer.clone(),
                    host: host.clone(),
                    port: *port,
                    written: grant.provenance.is_written(),
                    place: grant.place.clone(),
                }),
                _ => Err(decision.no_authority(input, "a tcp-address")),
            }
        }
        Act::SshConnect { target } => decision
            .ssh(target, &[Access::Script, Access::Files, Access::Exec])
            .map(Permit::Ssh),
        Act::SshExec { target } => decision.ssh(target, &[Access::Exec]).map(Permit::Ssh),
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
            let looks = [
                Access::Upload,
                Access::Download,
                Access::Read,
                Access::Write,
            ];
            decision
                .remote(target, path, entry, &looks)
                .map(Permit::Remote)
        }
        Act::SshRelease { target, release } => decision
            .remote(target, release, "", &[Access::Release])
            .map(Permit::Remote),
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

    fn path(&self, at: &str, entry: &str, accesses: &[Access]) -> Result<Permit, Refusal> {
        let grant = self.grant(at, accesses)?;
        let Some(Authority::Path { path: root }) = &grant.authority else {
            return Err(self.no_authority(at, "a path"));
        };
        let path = self.below(at, root, entry)?;
        Ok(Permit::Path {
            grant: at.to_owned(),
            root: root.clone(),
            path,
            place: grant.place.clone(),
        })
    }

    fn below(&self, at: &str, root: &WorkspacePath, entry: &str) -> Result<WorkspacePath, Refusal> {
        if root.is_glob() && !entry.is_empty() {
            return glob_entry(root, entry).ok_or_else(|| {
                self.deny(
                    Rule::OutsidePath,
                    at,
                    format!("`{entry}` is not matched by `{root}`"),
                    None,
                )
            });
        }
        root.below(entry).map_err(|why| {
            let rule = if why.contains("never handed") {
                Rule::ReservedPath
            } else {
                Rule::OutsidePath
            };
            self.deny(rule, at, format!("`{entry}` below `{root}` {why}"), None)
        })
    }

    fn http(&self, at: &str, url: Option<&str>, method: &str) -> Result<Permit, Refusal> {
        let grant = self.grant(at, &[Access::Request])?;
        let Some(Authority::Url {
            url: granted,
            url_match,
            methods,
        }) = &grant.authority
        else {
            return Err(self.no_authority(at, "a url"));
        };
        let bad = |_| {
            self.deny(
                Rule::OtherOrigin,
                at,
                "the URL can't be read".to_owned(),
                None,
            )
        };
        let granted = url::Url::parse(granted).map_err(bad)?;
        let url = match url {
            None => granted.clone(),
            Some(text) => url::Url::parse(text).map_err(bad)?,
        };
        url_permit::permits(&granted, *url_match, methods, &url, method).map_err(
            |(rule, message)| {
                let hint = match rule {
                    Rule::OtherOrigin | Rule::OtherPath => {
                        Some("hand that URL over as an input of the step".to_owned())
                    }
                    _ => None,
                };
                self.deny(rule, at, message, hint)
            },
        )?;
        Ok(Permit::Url(UrlPermit {
            grant: at.to_owned(),
            url,
            granted,
            url_match: *url_match,
            methods: methods.clone(),
            written: grant.provenance.is_written(),
            place: grant.place.clone(),
        }))
    }

    fn ssh(&self, at: &str, accesses: &[Access]) -> Result<SshPermit, Refusal> {
        let grant = self.grant(at, accesses)?;
        match &grant.authority {
            Some(Authority::SshTarget { user, host, port }) => Ok(SshPermit {
                grant: at.to_owned(),
                user: user.clone(),
                host: host.clone(),
                port: *port,
                written: grant.provenance.is_written(),
                place: grant.place.clone(),
            }),
            _ => Err(self.no_authority(at, "an ssh-target")),
        }
    }

    fn script(&self, target: &str, script: &str) -> Result<Permit, Refusal> {
        self.ssh(target, &[Access::Script])?;
        let grant = self.grant(script, &[Access::Script])?;
        let Some(Authority::Script { targets, .. }) = &grant.authority else {
            return Err(self.no_authority(script, "a script"));
        };
        self.belongs(script, targets, target)?;
        let text = self
            .step
            .bound
            .values
            .pointer(script)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        Ok(Permit::Script {
            grant: script.to_owned(),
            text: text.to_owned(),
            place: grant.place.clone(),
        })
    }

    fn belongs(&self, at: &str, targets: &[String], target: &str) -> Result<(), Refusal> {
        if targets.iter().any(|owner| owner == target) {
            return Ok(());
        }
        Err(self.deny(
            Rule::OtherTarget,
            at,
            format!("`{at}` was not handed over for `{target}`"),
            None,
        ))
    }

    fn remote(
        &self,
        target: &str,
        at: &str,
        entry: &str,
        accesses: &[Access],
    ) -> Result<RemotePermit, Refusal> {
        self.ssh(target, &[Access::Files])?;
        let grant = self.grant(at, accesses)?;
        let Some(Authority::RemotePath {
            path: root,
            targets,
            release,
        }) = &grant.authority
        else {
            return Err(self.no_authority(at, "a remote-path"));
        };
        self.belongs(at, targets, target)?;
        let path = if entry.is_empty() {
            root.clone()
        } else {
            let outside = |_| {
                self.deny(
                    Rule::OutsidePath,
                    at,
                    format!("`{entry}` leads out of `{root}`"),
                    None,
                )
            };
            let entry = remote_path::parse(entry).map_err(outside)?;
            if entry.starts_with('/') {
                return Err(outside(String::new()));
            }
            remote_path::join(root, &entry)
        };
        Ok(RemotePermit {
            grant: at.to_owned(),
            root: root.clone(),
            path,
            release: release.clone(),
            place: grant.place.clone(),
        })
    }

    fn transfer(
        &self,
        target: &str,
        local: &str,
        local_access: &[Access],
        remote: &str,
        remote_access: &[Access],
    ) -> Result<Permit, Refusal> {
        let Permit::Path { root, .. } = self.path(local, "", local_access)? else {
            return Err(self.no_authority(local, "a path"));
        };
        let permit = self.remote(target, remote, "", remote_access)?;
        if parent(local) != parent(remote) {
            return Err(self.deny(
                Rule::NotSiblings,
                remote,
                format!("`{local}` and `{remote}` were not handed over together"),
                None,
            ));
        }
        Ok(Permit::Transfer {
            local: local.to_owned(),
            root,
            remote: permit,
        })
    }

    fn value(
        &self,
        at: &str,
        sink: crate::manifest::SinkKind,
        to: &str,
    ) -> Result<Permit, Refusal> {
        self.declared(at)?;
        let Some(secret) = self
            .step
            .bound
            .secrets
            .iter()
            .find(|secret| secret.pointer == at)
        else {
            return match self.step.bound.values.pointer(at) {
                Some(value) if !value.is_null() => Ok(Permit::Value { secret: false }),
                _ => Err(Refusal::NotSet(at.to_owned())),
            };
        };
        let fits = secret.sink.as_ref().is_some_and(|bound| {
            bound.kind == sink && bound.to.iter().any(|far_end| far_end == to)
        });
        if fits {
            return Ok(Permit::Value { secret: true });
        }
        let goes = secret.sink.as_ref().map_or_else(
            || "nowhere".to_owned(),
            |sink| format!("to {} of {}", sink.kind.word(), sink.to.join(", ")),
        );
        Err(self.deny(
            Rule::OtherSink,
            at,
            format!(
                "the secret at `{at}` goes {goes}, not to {} of {to}",
                sink.word()
            ),
            None,
        ))
    }

    fn reveal(&self, at: &str) -> Result<Permit, Refusal> {
        let input = self.declared(at)?;
        match self
            .step
            .bound
            .secrets
            .iter()
            .find(|secret| secret.pointer == at)
        {
            Some(secret) if secret.reveal => Ok(Permit::Value { secret: true }),
            Some(_) => Err(self.deny(
                Rule::NotRevealed,
                at,
                format!("the secret at `{at}` is for its sink, not for the plugin"),
                Some(format!(
                    "`{}: {{ value: …, reveal: true }}` in the step would hand over its bytes",
                    input.name
                )),
            )),
            None => match self.step.bound.values.pointer(at) {
                Some(value) if !value.is_null() => Ok(Permit::Value { secret: false }),
                _ => Err(Refusal::NotSet(at.to_owned())),
            },
        }
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

/// The record that a pointer's value stands in: `/upload/0` of `/upload/0/from`.
fn parent(at: &str) -> &str {
    at.rfind('/')
        .map_or("", |slash| at.get(..slash).unwrap_or_default())
}

/// A glob's entries are whole paths of the workspace; only what it matches is designated.
fn glob_entry(root: &WorkspacePath, entry: &str) -> Option<WorkspacePath> {
    let path = WorkspacePath::parse(entry).ok()?;
    root.holds(&path).then_some(path)
}
