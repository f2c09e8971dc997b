//! From the declaration to the checked manifest: every word known, every reference resolved, all mistakes at once.

use indexmap::IndexMap;
use serde_json::Value;

use super::declaration::{AbiName, AccessDeclaration, InputDeclaration, ManifestDeclaration};
use super::keys;
use super::methods::MethodsDeclaration;
use super::model::{Abi, AccessRequest, Input, Kind, Manifest, OutputKind, Requirement};
use super::problem::{ManifestError, ManifestProblem};
use super::references;
use super::types::{TypeText, parse_type, vocabulary};
use super::words::{Access, Role, Sink};
use crate::bind::check_scalar;
use crate::text;

/// How deep inputs may nest: manifests are written by people, and every walk over them is recursive.
const MAX_DEPTH: usize = 8;

/// The world that components export.
const WORLD: &str = "capstep:step@0.1.0";

impl Manifest {
    /// Reads `plugin.toml`.
    ///
    /// # Errors
    /// TOML that isn't, an unknown key, or the manifest's own mistakes, all of them.
    pub fn from_toml(text: &str) -> Result<(ManifestDeclaration, Self), ManifestError> {
        let declaration: ManifestDeclaration = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            ManifestError::Toml(match before {
                Some(before) => {
                    let line = before.matches('\n').count() + 1;
                    format!("line {line}: {}", error.message())
                }
                None => error.message().to_owned(),
            })
        })?;
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
                    methods: MethodsDeclaration::Listed(requirement.methods.clone()),
                    doc: requirement.doc.clone(),
                    ..InputDeclaration::default()
                };
                if !is_name(name) {
                    self.problem(
                        &at,
                        "a requirement's name is lower-case words joined by `-`",
                    );
                }
                if requirement.doc.trim().is_empty() {
                    self.problem(&at, "a requirement's `doc` says why the plugin needs it");
                }
                let input = self.input(name, &as_input, &at, 0)?;
                if matches!(input.kind, Kind::Url { .. } | Kind::TcpAddress) {
                    if let Err(message) = text::authority(&input.kind, &requirement.value) {
                        self.problem(&at, message);
                    }
                } else {
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
        references::check(&manifest, &mut self.problems);
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
            for key in keys::meaningless(declared, &kind) {
                self.problem(
                    at,
                    format!("`{key}` says nothing of a `{}`: leave it out", kind.word()),
                );
            }
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
        } else if let Some(default) = &input.default {
            if input.required {
                self.problem(at, "an input that is `required` has no use for a `default`");
            }
            if let Err(message) = fits(&input.kind, default) {
                self.problem(at, format!("the default does not fit: {message}"));
            }
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
                for (is_set, key) in [
                    (item.required, "required"),
                    (item.default.is_some(), "default"),
                ] {
                    if is_set {
                        self.problem(
                            &format!("{at}.{word}"),
                            format!(
                                "`{key}` says nothing of what a list or map holds: leave it out"
                            ),
                        );
                    }
                }
                // `type = "list"` with `item.fields` is a list of records: the word may be left out.
                let mut item = item.clone();
                (item.required, item.default) = (false, None);
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

/// Whether a default is what a step could have set, in the form that plugins see.
fn fits(kind: &Kind, default: &Value) -> Result<(), String> {
    let expected = |what: &str| format!("`{default}` is not {what}");
    match kind {
        Kind::List(item) => default
            .as_array()
            .ok_or_else(|| expected("a list"))?
            .iter()
            .try_for_each(|value| fits(&item.kind, value)),
        Kind::Map(item) => default
            .as_object()
            .ok_or_else(|| expected("a map"))?
            .values()
            .try_for_each(|value| fits(&item.kind, value)),
        Kind::Record(fields) => default
            .as_object()
            .ok_or_else(|| expected("a map"))?
            .iter()
            .try_for_each(
                |(key, value)| match fields.iter().find(|field| field.name == *key) {
                    Some(field) => fits(&field.kind, value),
                    None => Err(format!("there is no field `{key}`")),
                },
            ),
        _ => match check_scalar(kind, default, None)? {
            same if same == *default => Ok(()),
            text => Err(format!("write it as `{text}`")),
        },
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
