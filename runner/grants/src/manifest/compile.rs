//! From the declaration to the checked manifest: every word known, every reference resolved, all mistakes at once.

use indexmap::IndexMap;
use thiserror::Error;

use super::declaration::{AbiName, AccessDeclaration, InputDeclaration, ManifestDeclaration};
use super::model::{Abi, AccessRequest, Input, Kind, Manifest, OutputKind, Requirement};
use super::siblings::SiblingRef;
use super::types::{TypeText, methods, parse_type, vocabulary};
use super::words::{Access, Role, Sink};

/// How deep inputs may nest: manifests are written by people, and every walk over them is recursive.
const MAX_DEPTH: usize = 8;

/// The world that components export.
const WORLD: &str = "capstep:step@0.1.0";

/// A manifest that can't be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not TOML of the manifest's shape.
    #[error("the manifest is not valid TOML: {0}")]
    Toml(String),
    /// Not JSON of the manifest's shape.
    #[error("the embedded manifest is not valid: {0}")]
    Json(String),
    /// Of the right shape, with mistakes in it.
    #[error("the manifest has {} mistake(s): {}", .0.len(), join(.0))]
    Problems(Vec<ManifestProblem>),
}

/// One mistake, by where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestProblem {
    /// Where: `inputs.upload.item.fields.from`.
    pub at: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

fn join(problems: &[ManifestProblem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl Manifest {
    /// Reads `plugin.toml`.
    ///
    /// # Errors
    /// TOML that isn't, an unknown key, or the manifest's own mistakes, all of them.
    pub fn from_toml(text: &str) -> Result<(ManifestDeclaration, Self), ManifestError> {
        let declaration: ManifestDeclaration = toml::from_str(text)
            .map_err(|error| ManifestError::Toml(error.message().to_owned()))?;
        let manifest = Self::compile(&declaration)?;
        Ok((declaration, manifest))
    }

    /// Reads the canonical JSON of the custom section.
    ///
    /// # Errors
    /// As [`Manifest::from_toml`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        let declaration: ManifestDeclaration = serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Json(error.to_string()))?;
        Self::compile(&declaration)
    }

    /// Checks a declaration.
    ///
    /// # Errors
    /// Every mistake in it, at once.
    pub fn compile(declaration: &ManifestDeclaration) -> Result<Self, ManifestError> {
        let mut compiler = Compiler {
            problems: Vec::new(),
        };
        let manifest = compiler.manifest(declaration);
        if compiler.problems.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Problems(compiler.problems))
        }
    }
}

struct Compiler {
    problems: Vec<ManifestProblem>,
}

impl Compiler {
    fn problem(&mut self, at: &str, message: impl Into<String>) {
        self.problems.push(ManifestProblem {
            at: at.to_owned(),
            message: message.into(),
        });
    }

    fn manifest(&mut self, declaration: &ManifestDeclaration) -> Manifest {
        if !is_name(&declaration.name) {
            self.problem("name", "a plugin's name is lower-case words joined by `-`");
        }
        let abi = match (&declaration.world, declaration.abi, declaration.protocol) {
            (Some(world), None, None) if world == WORLD => Abi::World,
            (Some(world), None, None) => {
                self.problem(
                    "world",
                    format!("this capstep offers `{WORLD}`, not `{world}`"),
                );
                Abi::World
            }
            (None, Some(AbiName::Command), Some(1)) => Abi::Command,
            (None, Some(AbiName::Command), _) => {
                self.problem(
                    "protocol",
                    "the command protocol's version is needed: `protocol = 1`",
                );
                Abi::Command
            }
            _ => {
                self.problem("world", format!("say one way in: `world = \"{WORLD}\"`, or `abi = \"command\"` with `protocol = 1`"));
                Abi::World
            }
        };
        let inputs = self.fields(&declaration.inputs, "inputs", 0);
        let requires = declaration
            .requires
            .iter()
            .filter_map(|(name, requirement)| {
                let at = format!("requires.{name}");
                let as_input = InputDeclaration {
                    kind: requirement.kind.clone(),
                    access: requirement.access.clone(),
                    url_match: requirement.url_match,
                    methods: methods(&requirement.methods),
                    doc: requirement.doc.clone(),
                    ..InputDeclaration::default()
                };
                let input = self.input(name, &as_input, &at, 0)?;
                if !matches!(input.kind, Kind::Url { .. } | Kind::TcpAddress) {
                    self.problem(&at, "a requirement is a `url` or a `tcp-address`");
                }
                Some(Requirement {
                    input,
                    value: requirement.value.clone(),
                })
            })
            .collect();
        let outputs = declaration
            .outputs
            .iter()
            .filter_map(|(name, output)| match OutputKind::parse(&output.kind) {
                Some(kind) => Some((name.clone(), kind, output.doc.clone())),
                None => {
                    self.problem(
                        &format!("outputs.{name}"),
                        "an output is a string, boolean, integer, number or json",
                    );
                    None
                }
            })
            .collect();
        let manifest = Manifest {
            name: declaration.name.clone(),
            version: declaration.version.clone(),
            description: declaration.description.clone(),
            abi,
            inputs,
            requires,
            outputs,
        };
        let root = Scope {
            records: vec![&manifest.inputs],
            manifest: &manifest,
        };
        root.check_fields(&manifest.inputs, "inputs", &mut self.problems);
        manifest
    }

    fn fields(
        &mut self,
        declared: &IndexMap<String, InputDeclaration>,
        at: &str,
        depth: usize,
    ) -> Vec<Input> {
        declared
            .iter()
            .filter_map(|(name, field)| {
                let at = format!("{at}.{name}");
                if !is_name(name) {
                    self.problem(&at, "an input's name is lower-case words joined by `-`");
                }
                self.input(name, field, &at, depth)
            })
            .collect()
    }

    fn input(
        &mut self,
        name: &str,
        declared: &InputDeclaration,
        at: &str,
        depth: usize,
    ) -> Option<Input> {
        if depth > MAX_DEPTH {
            self.problem(at, format!("inputs may nest {MAX_DEPTH} deep"));
            return None;
        }
        let parsed = match parse_type(&declared.kind, declared) {
            Ok(parsed) => parsed,
            Err(message) => {
                self.problem(at, message);
                return None;
            }
        };
        // What the author wrote beside `list<T>` is about its items; the list itself has its name, default and doc.
        let mut on_item = false;
        let kind = match parsed {
            TypeText::Scalar(kind) => kind,
            TypeText::List(short) => {
                on_item = short.is_some();
                Kind::List(Box::new(self.part(
                    short,
                    declared.item.as_deref(),
                    declared,
                    at,
                    "item",
                    depth,
                )?))
            }
            TypeText::Map(short) => {
                on_item = short.is_some();
                Kind::Map(Box::new(self.part(
                    short,
                    declared.value.as_deref(),
                    declared,
                    at,
                    "value",
                    depth,
                )?))
            }
            TypeText::Record => {
                Kind::Record(self.fields(&declared.fields, &format!("{at}.fields"), depth + 1))
            }
        };
        if matches!(&kind, Kind::Enum(values) if values.is_empty()) {
            self.problem(at, "an enum needs `values`");
        }
        if let Kind::String {
            pattern: Some(pattern),
            ..
        } = &kind
            && regex::Regex::new(pattern).is_err()
        {
            self.problem(at, "`pattern` is not a regular expression");
        }
        let (access, sink, role) = if on_item {
            (Vec::new(), None, None)
        } else {
            (
                self.access(&declared.access, &kind, at),
                self.sink(declared, &kind, at),
                self.role(declared, at),
            )
        };
        let input = Input {
            name: name.to_owned(),
            kind,
            required: declared.required,
            default: declared.default.clone(),
            doc: declared.doc.clone(),
            access,
            sink,
            role,
        };
        if input.default.is_some() && input.is_sensitive() {
            self.problem(at, "an input that carries authority or a secret has no default: the publisher can't grant");
        }
        Some(input)
    }

    fn part(
        &mut self,
        short: Option<&str>,
        long: Option<&InputDeclaration>,
        declared: &InputDeclaration,
        at: &str,
        word: &str,
        depth: usize,
    ) -> Option<Input> {
        match (short, long) {
            (Some(kind), None) => {
                let item = InputDeclaration {
                    kind: kind.to_owned(),
                    default: None,
                    required: false,
                    doc: String::new(),
                    ..declared.clone()
                };
                self.input("", &item, at, depth + 1)
            }
            (None, Some(item)) => {
                // `type = "list"` with `item.fields` is a list of records: the word may be left out.
                let mut item = item.clone();
                if item.kind.is_empty() && !item.fields.is_empty() {
                    "record".clone_into(&mut item.kind);
                }
                self.input("", &item, &format!("{at}.{word}"), depth + 1)
            }
            (None, None) => {
                self.problem(
                    at,
                    format!(
                        "say what it holds: `{word}`, or the short form such as `list<string>`"
                    ),
                );
                None
            }
            (Some(_), Some(_)) => {
                self.problem(
                    at,
                    format!("say what it holds once: in the type, or in `{word}`"),
                );
                None
            }
        }
    }

    fn access(
        &mut self,
        declared: &[AccessDeclaration],
        kind: &Kind,
        at: &str,
    ) -> Vec<AccessRequest> {
        let vocabulary = vocabulary(kind);
        let mut requests: Vec<AccessRequest> = Vec::new();
        for access in declared {
            match Access::parse(&access.word).filter(|word| vocabulary.words.contains(word)) {
                Some(word) => requests.push(AccessRequest {
                    access: word,
                    when: access.when.clone(),
                }),
                None if vocabulary.words.is_empty() => {
                    self.problem(at, format!("`{}` takes no `access`", kind.word()));
                }
                None => {
                    let known: Vec<_> = vocabulary.words.iter().map(|word| word.word()).collect();
                    self.problem(
                        at,
                        format!(
                            "`{}` is no access of `{}`; its words are {}",
                            access.word,
                            kind.word(),
                            known.join(", ")
                        ),
                    );
                }
            }
        }
        if requests.is_empty() {
            requests.extend(vocabulary.implied.iter().map(|word| AccessRequest {
                access: *word,
                when: None,
            }));
        }
        requests
    }

    fn sink(&mut self, declared: &InputDeclaration, kind: &Kind, at: &str) -> Option<Sink> {
        let text = declared.sink.as_deref()?;
        if !matches!(kind, Kind::Secret | Kind::String { .. }) {
            self.problem(at, "only a `secret` or a `string` has a sink");
        }
        Sink::parse(text)
            .map_err(|message| self.problem(at, message))
            .ok()
    }

    fn role(&mut self, declared: &InputDeclaration, at: &str) -> Option<Role> {
        Role::parse(declared.role.as_deref()?)
            .map_err(|message| self.problem(at, message))
            .ok()
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
            Some(Role::KnownHosts(to) | Role::HostKey(to)) => {
                expect(to, "an ssh-target", &is_target)
            }
            Some(
                Role::ScriptEnv(to)
                | Role::WorkingDirectory(to)
                | Role::Shell(to)
                | Role::Errexit(to),
            ) => {
                expect(to, "a script", &is_script);
            }
            Some(Role::Shared(to) | Role::Keep(to)) => {
                expect(to, "a remote-path", &|kind| {
                    matches!(kind, Kind::RemotePath { .. })
                });
            }
            Some(Role::Ca(to)) => expect(to, "a url", &is_url),
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

/// What a reference to a list or map means: each of its parts.
fn part_of(kind: &Kind) -> &Kind {
    match kind {
        Kind::List(item) | Kind::Map(item) => part_of(&item.kind),
        other => other,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
