//! What inputs say of each other: every sink, role, target and condition names an input that is there and is of the
//! right type.

use capstep_envfile::EnvFormat;

use super::methods::{Methods, is_method};
use super::model::{Abi, Input, Kind, Manifest};
use super::problem::ManifestProblem;
use super::siblings::SiblingRef;
use super::words::{Access, Role, SHELLS, Sink};

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

    /// Whether a file's format is known: of the enum beside the secret that is named so, or as a word of its own.
    fn check_format(&self, format: &str) -> Result<(), String> {
        let known = |word: &str| EnvFormat::parse(word).is_some();
        let formats = EnvFormat::ALL.map(EnvFormat::name).join(", ");
        let beside = self.find(&SiblingRef::Input {
            up: 0,
            name: format.to_owned(),
        });
        match beside.map(|input| &input.kind) {
            Ok(Kind::Enum(values)) => match values.iter().find(|value| !known(value)) {
                Some(other) => Err(format!(
                    "`{format}` may be `{other}`, which is no format: {formats}"
                )),
                None => Ok(()),
            },
            Ok(Kind::String { .. }) => Ok(()),
            Ok(other) => Err(format!(
                "`{format}` is a `{}`, not the name of a format",
                other.word()
            )),
            Err(_) if known(format) => Ok(()),
            Err(_) => Err(format!(
                "`{format}` is neither an input beside it nor a format: {formats}"
            )),
        }
    }

    /// Whether the input of this name beside a url can say its method.
    fn check_choice(&self, name: &str) -> Result<(), String> {
        let chosen = self.find(&SiblingRef::Input {
            up: 0,
            name: name.to_owned(),
        })?;
        let Kind::Enum(values) = &chosen.kind else {
            return Err(format!(
                "`methods`: `{name}` is a `{}`, not an enum of methods",
                chosen.kind.word()
            ));
        };
        if let Some(other) = values.iter().find(|value| !is_method(value)) {
            return Err(format!(
                "`methods`: `{name}` may be `{other}`, which is no HTTP method in upper case"
            ));
        }
        if !chosen.required && chosen.default.is_none() {
            return Err(format!(
                "`methods`: `{name}` needs a `default`, or to be `required`: without a value it grants no method"
            ));
        }
        Ok(())
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
        let is_registry = |kind: &Kind| matches!(kind, Kind::Registry);
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
            Some(Sink::RegistryAuth(to)) => expect(to, "a registry", &is_registry),
            // A build context is told by its access, below.
            Some(Sink::BuildSecret(_)) => {}
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
            Some(Role::RegistryUsername(to)) => expect(to, "a registry", &is_registry),
            Some(
                Role::BuildArg(_)
                | Role::Dockerfile(_)
                | Role::BuildTarget(_)
                | Role::CacheFrom(_)
                | Role::CacheTo(_)
                | Role::BuildNetwork(_)
                | Role::Label(_)
                | Role::Platform(_)
                | Role::NoCache(_)
                | Role::PullBase(_),
            )
            | None => {}
            Some(Role::Certificate(to)) => {
                expect(to, "a secret", &|kind| matches!(kind, Kind::Secret))
            }
            Some(Role::Exclude(to) | Role::Include(to)) => {
                expect(to, "a path", &|kind| matches!(kind, Kind::Path))
            }
        }
        match &input.kind {
            Kind::Script { on: Some(on) } => expect(on, "an ssh-target", &is_target),
            Kind::Script { on: None } if self.manifest.abi != Abi::Host => {
                say("a script needs `on`: the input that names where it runs".to_owned());
            }
            Kind::RemotePath { target } => expect(target, "an ssh-target", &is_target),
            Kind::Url {
                methods: Methods::Chosen(name),
                ..
            } => {
                if let Err(message) = self.check_choice(name) {
                    say(message);
                }
            }
            _ => {}
        }
        for context in contexts(input) {
            match self.find(context) {
                Ok(found) if is_context(found) => {}
                Ok(_) => say(format!(
                    "`{context}` is no build context: a path with the access `build`"
                )),
                Err(message) => say(message),
            }
        }
        if let Some(Sink::File(_, format)) = &input.sink
            && let Err(message) = self.check_format(format)
        {
            say(message);
        }
        if matches!(input.kind, Kind::Secret) && input.sink.is_none() {
            say("a secret needs a `sink`: where its value goes".to_owned());
        }
        let needs_words = matches!(
            input.kind,
            Kind::SshTarget | Kind::RemotePath { .. } | Kind::Path | Kind::Image
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
            "a string, or an enum of `auto`, `bash` and `sh`",
            is_text(kind)
                || matches!(kind, Kind::Enum(values) if values.iter().all(|value| SHELLS.contains(&value.as_str()))),
        ),
        Role::BuildArg(_) | Role::Label(_) => (
            "a map of strings",
            matches!(kind, Kind::Map(value) if is_text(&value.kind)),
        ),
        Role::Dockerfile(_) | Role::BuildTarget(_) | Role::RegistryUsername(_) => {
            ("a string", is_text(kind))
        }
        Role::CacheFrom(_) => (
            "a list of images with the access `pull`",
            is_list_of_images(kind, Access::Pull),
        ),
        Role::BuildNetwork(_) | Role::CacheTo(_) => (
            "a string or an enum",
            is_text(kind) || matches!(kind, Kind::Enum(_)),
        ),
        Role::Platform(_) => (
            "a list of strings",
            matches!(kind, Kind::List(item) if is_text(&item.kind)),
        ),
        Role::Errexit(_) | Role::NoCache(_) | Role::PullBase(_) => {
            ("a boolean", matches!(kind, Kind::Boolean))
        }
        Role::Keep(_) | Role::MaxDelete(_) => ("an integer", matches!(kind, Kind::Integer { .. })),
    };
    (!fits).then_some(what)
}

fn is_list_of_images(kind: &Kind, access: Access) -> bool {
    matches!(kind, Kind::List(item) if item.kind == Kind::Image && asks_for(item, access))
}

fn asks_for(input: &Input, access: Access) -> bool {
    input.access.iter().any(|request| request.access == access)
}

/// The build contexts that an input names.
fn contexts(input: &Input) -> impl Iterator<Item = &SiblingRef> {
    let sink = match &input.sink {
        Some(Sink::BuildSecret(to)) => Some(to),
        _ => None,
    };
    let role = match &input.role {
        Some(
            Role::BuildArg(to)
            | Role::Dockerfile(to)
            | Role::BuildTarget(to)
            | Role::CacheFrom(to)
            | Role::CacheTo(to)
            | Role::BuildNetwork(to)
            | Role::Label(to)
            | Role::Platform(to)
            | Role::NoCache(to)
            | Role::PullBase(to),
        ) => Some(to),
        _ => None,
    };
    sink.into_iter().chain(role)
}

/// Whether an input, or each part of a list or map, is a folder that is sent to the engine to be built.
fn is_context(input: &Input) -> bool {
    match &input.kind {
        Kind::List(item) | Kind::Map(item) => is_context(item),
        Kind::Path => asks_for(input, Access::Build),
        _ => false,
    }
}

/// What a reference to a list or map means: each of its parts.
fn part_of(kind: &Kind) -> &Kind {
    match kind {
        Kind::List(item) | Kind::Map(item) => part_of(&item.kind),
        other => other,
    }
}
