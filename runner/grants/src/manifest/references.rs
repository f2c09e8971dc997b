//! What inputs say of each other: every sink, role, target and condition names an input that is there and is of the
//! right type.

use super::model::{Input, Kind, Manifest};
use super::problem::ManifestProblem;
use super::siblings::SiblingRef;
use super::words::{Role, Sink};

/// Checks all references of a manifest.
pub(super) fn check(manifest: &Manifest, problems: &mut Vec<ManifestProblem>) {
    let root = Scope {
        records: vec![&manifest.inputs],
        manifest,
    };
    root.check_fields(&manifest.inputs, "inputs", problems);
    for requirement in &manifest.requires {
        let at = format!("requires.{}", requirement.input.name);
        root.check(&requirement.input, &at, problems);
    }
}

/// The records around a field, outermost first: what sibling references are looked up in.
struct Scope<'a> {
    records: Vec<&'a [Input]>,
    manifest: &'a Manifest,
}

impl<'a> Scope<'a> {
    fn find(&self, reference: &SiblingRef) -> Result<&'a Input, String> {
        match reference {
            SiblingRef::Requirement(name) => self
                .manifest
                .requirement(name)
                .map(|requirement| &requirement.input)
                .ok_or_else(|| format!("`requires/{name}`: the manifest requires no `{name}`")),
            SiblingRef::Input { up, name } => {
                let record = self
                    .records
                    .len()
                    .checked_sub(up + 1)
                    .and_then(|index| self.records.get(index))
                    .ok_or_else(|| format!("`{reference}` leads out of the inputs"))?;
                record
                    .iter()
                    .find(|input| input.name == *name)
                    .ok_or_else(|| format!("`{reference}`: there is no input `{name}` beside it"))
            }
        }
    }

    fn check_fields(&self, fields: &'a [Input], at: &str, problems: &mut Vec<ManifestProblem>) {
        for field in fields {
            if let Some(role) = field.role_of_all()
                && let Some(what) = misfit(role, &field.kind)
            {
                problems.push(ManifestProblem {
                    at: format!("{at}.{}", field.name),
                    message: format!("the role `{}` is for {what}", role.word()),
                });
            }
            self.check(field, &format!("{at}.{}", field.name), problems);
        }
    }

    fn check(&self, input: &'a Input, at: &str, problems: &mut Vec<ManifestProblem>) {
        let mut say = |message: String| {
            problems.push(ManifestProblem {
                at: at.to_owned(),
                message,
            })
        };
        let mut expect =
            |reference: &SiblingRef, what: &str, fits: &dyn Fn(&Kind) -> bool| match self
                .find(reference)
            {
                Ok(found) if fits(part_of(&found.kind)) => {}
                Ok(found) => say(format!(
                    "`{reference}` is a `{}`, not {what}",
                    found.kind.word()
                )),
                Err(message) => say(message),
            };
        let is_target = |kind: &Kind| matches!(kind, Kind::SshTarget);
        let is_script = |kind: &Kind| matches!(kind, Kind::Script { .. });
        let is_url = |kind: &Kind| matches!(kind, Kind::Url { .. });
        match &input.sink {
            Some(Sink::SshAuth(to)) => expect(to, "an ssh-target", &is_target),
            Some(Sink::Passphrase(to)) => {
                expect(to, "a secret", &|kind| matches!(kind, Kind::Secret))
            }
            Some(Sink::RemoteEnv(to)) => expect(
                to,
                "a script: only the pipeline's own text may see a secret",
                &is_script,
            ),
            Some(Sink::HttpHeader(to) | Sink::HttpBody(to)) => expect(to, "a url", &is_url),
            Some(Sink::File(to, _)) => expect(to, "a path", &|kind| matches!(kind, Kind::Path)),
            None => {}
        }
        match &input.role {
            Some(Role::KnownHosts(to) | Role::HostKey(to) | Role::Jump(to)) => {
                expect(to, "an ssh-target", &is_target)
            }
            Some(
                Role::ScriptEnv(to)
                | Role::WorkingDirectory(to)
                | Role::Shell(to)
                | Role::Errexit(to)
                | Role::HostEnv(to),
            ) => {
                expect(to, "a script", &is_script);
            }
            Some(Role::Shared(to) | Role::Keep(to) | Role::MaxDelete(to)) => {
                expect(to, "a remote-path", &|kind| {
                    matches!(kind, Kind::RemotePath { .. })
                });
            }
            Some(Role::Ca(to)) => expect(to, "a url", &is_url),
            Some(Role::Certificate(to)) => {
                expect(to, "a secret", &|kind| matches!(kind, Kind::Secret))
            }
            Some(Role::Exclude(to) | Role::Include(to)) => {
                expect(to, "a path", &|kind| matches!(kind, Kind::Path))
            }
            None => {}
        }
        match &input.kind {
            Kind::Script { on } => expect(on, "an ssh-target", &is_target),
            Kind::RemotePath { target } => expect(target, "an ssh-target", &is_target),
            _ => {}
        }
        if matches!(input.kind, Kind::Secret) && input.sink.is_none() {
            say("a secret needs a `sink`: where its value goes".to_owned());
        }
        let needs_words = matches!(
            input.kind,
            Kind::SshTarget | Kind::RemotePath { .. } | Kind::Path
        );
        if needs_words && input.access.is_empty() && input.role.is_none() {
            say(format!(
                "a `{}` needs `access`: what the plugin does with it",
                input.kind.word()
            ));
        }
        for request in &input.access {
            if let Some(when) = &request.when {
                let reference = SiblingRef::Input {
                    up: 0,
                    name: when.clone(),
                };
                match self.find(&reference) {
                    Ok(found) if matches!(found.kind, Kind::Boolean) => {}
                    Ok(_) => say(format!("`if {when}`: `{when}` is not a boolean")),
                    Err(message) => say(message),
                }
            }
        }
        match &input.kind {
            Kind::List(item) | Kind::Map(item) => self.check(item, at, problems),
            Kind::Record(fields) => {
                let mut records = self.records.clone();
                records.push(fields);
                Scope {
                    records,
                    manifest: self.manifest,
                }
                .check_fields(fields, &format!("{at}.fields"), problems);
            }
            _ => {}
        }
    }
}

/// What a role stands on, where that is not what it stands on here.
fn misfit(role: &Role, kind: &Kind) -> Option<&'static str> {
    let is_text = |kind: &Kind| matches!(kind, Kind::String { .. });
    let (what, fits) = match role {
        Role::KnownHosts(_) | Role::Ca(_) => ("a path", matches!(kind, Kind::Path)),
        Role::Certificate(_) => (
            "a path or a string",
            is_text(kind) || matches!(kind, Kind::Path),
        ),
        Role::Jump(_) => (
            "an ssh-target or a list of them",
            matches!(part_of(kind), Kind::SshTarget),
        ),
        Role::HostEnv(_) => (
            "a map of maps of strings",
            matches!(kind, Kind::Map(host) if matches!(&host.kind, Kind::Map(value) if is_text(&value.kind))),
        ),
        Role::HostKey(_) | Role::Shared(_) | Role::Exclude(_) | Role::Include(_) => (
            "a list of strings",
            matches!(kind, Kind::List(item) if is_text(&item.kind)),
        ),
        Role::ScriptEnv(_) => (
            "a map of strings",
            matches!(kind, Kind::Map(value) if is_text(&value.kind)),
        ),
        Role::WorkingDirectory(_) => (
            "a string or a remote-path",
            is_text(kind) || matches!(kind, Kind::RemotePath { .. }),
        ),
        Role::Shell(_) => (
            "a string or an enum",
            is_text(kind) || matches!(kind, Kind::Enum(_)),
        ),
        Role::Errexit(_) => ("a boolean", matches!(kind, Kind::Boolean)),
        Role::Keep(_) | Role::MaxDelete(_) => ("an integer", matches!(kind, Kind::Integer { .. })),
    };
    (!fits).then_some(what)
}

/// What a reference to a list or map means: each of its parts.
fn part_of(kind: &Kind) -> &Kind {
    match kind {
        Kind::List(item) | Kind::Map(item) => part_of(&item.kind),
        other => other,
    }
}
