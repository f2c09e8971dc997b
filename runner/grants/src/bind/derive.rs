//! From values to authority: each leaf that designates something becomes a grant, each secret a flow to its sink, each
//! input that the host reads a role.

use capstep_pipeline::expr::SecretText;
use capstep_pipeline::{Diagnostic, Source, Span, first_line};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bound::Bound;
use super::build;
use super::host_keys::{HostKey, host_keys};
use super::leaf::{Leaf, LeafValue, Provenance};
use super::roles::{RoleBinding, RoleFinder, RoleKind};
use super::script;
use super::siblings::{leaves_of, pointer_of};
use super::steering;
use crate::authority::Authority;
use crate::grant::{Grant, Place};
use crate::manifest::{Abi, Access, Input, Kind, Manifest, Methods, Sink, SinkKind};
use crate::{pointer, remote_path, text};

/// How much of a script's first line a plan shows.
const FIRST_LINE: usize = 80;

/// A step's inputs, bound: what its plugin gets and what that allows.
#[derive(Debug, Clone, Default)]
pub struct BoundStep {
    /// The inputs as the plugin will see them; null where a secret or a value not known yet will stand.
    pub values: Value,
    /// What the inputs designate.
    pub grants: Vec<Grant>,
    /// The secrets among them.
    pub secrets: Vec<SecretBinding>,
    /// What the host reads for the plugin.
    pub roles: Vec<RoleBinding>,
    /// The host keys that are pinned.
    pub host_keys: Vec<HostKey>,
}

impl BoundStep {
    /// Whether a script says what it reads or writes, be it nothing. One that doesn't has the whole folder.
    pub fn says_its_paths(&self) -> bool {
        let written = |list: &str| self.values.get(list).is_some_and(|value| !value.is_null());
        written("reads") || written("writes")
    }
}

/// A secret in an input.
#[derive(Debug, Clone)]
pub struct SecretBinding {
    /// The input.
    pub pointer: String,
    /// Its value; empty in a plan.
    pub text: SecretText,
    /// Where its value goes; none where it is only revealed.
    pub sink: Option<SinkBinding>,
    /// Whether the plugin may see it.
    pub reveal: bool,
    /// Where it was written.
    pub place: Place,
}

/// Where a secret goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkBinding {
    /// The kind of sink.
    pub kind: SinkKind,
    /// The inputs it is for: the far ends.
    pub to: Vec<String>,
    /// For a file: its format.
    pub format: Option<String>,
}

pub(super) fn derive(
    source: &Source,
    manifest: &Manifest,
    values: Value,
    leaves: Vec<Leaf<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BoundStep {
    let mut deriver = Deriver {
        source,
        leaves: &leaves,
        values: &values,
        diagnostics,
    };
    let mut bound = BoundStep::default();
    for leaf in &leaves {
        if leaf.input.kind.carries_authority()
            && let Some(grant) = deriver.grant(leaf)
        {
            bound.grants.push(grant);
        }
        if let LeafValue::Secret(text) = &leaf.value {
            bound.secrets.push(SecretBinding {
                pointer: leaf.pointer.clone(),
                text: text.clone(),
                sink: leaf
                    .input
                    .sink
                    .as_ref()
                    .map(|sink| deriver.sink(leaf, sink)),
                reveal: leaf.reveal,
                place: Place::of(source, leaf.span),
            });
        }
    }
    let mut finder = RoleFinder {
        leaves: &leaves,
        records: vec![String::new()],
        found: Vec::new(),
    };
    finder.fields(&manifest.inputs, "", &values);
    bound.roles = finder.found;
    bound.host_keys = host_keys(source, &bound.roles, &leaves);
    for role in &bound.roles {
        match role.kind {
            RoleKind::Shared => shared_paths(&leaves, &role.pointer, diagnostics),
            RoleKind::Dockerfile => build::dockerfile(&leaves, &role.pointer, diagnostics),
            RoleKind::Shell => steering::shell(&leaves, &role.pointer, diagnostics),
            RoleKind::Keep => steering::at_least(1, &leaves, &role.pointer, diagnostics),
            RoleKind::MaxDelete => steering::at_least(0, &leaves, &role.pointer, diagnostics),
            RoleKind::BuildNetwork => {
                build::word(&leaves, &role.pointer, build::NETWORK, diagnostics);
            }
            RoleKind::CacheTo => build::word(&leaves, &role.pointer, build::CACHE, diagnostics),
            RoleKind::Platform => build::platforms(&leaves, &role.pointer, diagnostics),
            _ => {}
        }
    }
    if manifest.abi == Abi::Host {
        script::no_wildcards(&leaves, &bound.grants, diagnostics);
    }
    for grant in &mut bound.grants {
        grant.build = build::settings(grant, &bound.roles, &leaves, &values);
    }
    bound.values = values;
    bound
}

struct Deriver<'a, 'm> {
    source: &'a Source,
    leaves: &'a [Leaf<'m>],
    values: &'a Value,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Deriver<'_, '_> {
    fn error(&mut self, code: &'static str, span: Span, message: String, help: Option<String>) {
        self.diagnostics
            .push(Diagnostic::error(code, span, message).maybe_help(help));
    }

    fn grant(&mut self, leaf: &Leaf<'_>) -> Option<Grant> {
        let authority = match leaf.text() {
            Some(text) => Some(self.authority(leaf, text)?),
            None => None,
        };
        let within = self.bound(leaf, authority.as_ref())?;
        let (access, off) = self.access(leaf);
        Some(Grant {
            pointer: leaf.pointer.clone(),
            kind: leaf.input.kind.word(),
            authority,
            access,
            off,
            role: leaf.input.role_of_all().map(RoleKind::from),
            build: None,
            provenance: leaf.provenance.clone(),
            within,
            place: Place::of(self.source, leaf.span),
        })
    }

    fn authority(&mut self, leaf: &Leaf<'_>, text: &str) -> Option<Authority> {
        let targets = |reference| {
            leaves_of(self.leaves, leaf, reference)
                .iter()
                .map(|leaf| leaf.pointer.clone())
                .collect::<Vec<_>>()
        };
        match &leaf.input.kind {
            Kind::Script { on } => Some(Authority::Script {
                first_line: first_line(text, FIRST_LINE),
                sha256: hex(&Sha256::digest(text.as_bytes())),
                targets: on.as_ref().map(targets).unwrap_or_default(),
            }),
            Kind::RemotePath { target } => {
                let targets = targets(target);
                let path = remote_path::parse(text).ok()?;
                if leaf
                    .input
                    .access
                    .iter()
                    .any(|request| request.access == Access::Release)
                    && !path.starts_with('/')
                {
                    self.error(
                        "invalid-value",
                        leaf.span,
                        format!("`{text}`: a release folder is an absolute path"),
                        None,
                    );
                    return None;
                }
                let release = if path.starts_with('/') {
                    None
                } else {
                    self.release(&targets, leaf)
                };
                if !path.starts_with('/') && release.is_none() {
                    self.error(
                        "relative-without-release",
                        leaf.span,
                        format!("`{text}` is relative, and there is no release for it to be relative to"),
                        Some("write an absolute path, or set `release` to the folder that holds the releases".to_owned()),
                    );
                    return None;
                }
                Some(Authority::RemotePath {
                    path,
                    targets,
                    release,
                })
            }
            kind => {
                let mut authority = text::authority(kind, text).ok().flatten();
                if let Some(Authority::Url { methods, .. }) = &mut authority
                    && let Kind::Url {
                        methods: Methods::Chosen(name),
                        ..
                    } = kind
                {
                    *methods = self.chosen_methods(leaf, name);
                }
                if matches!(&authority, Some(Authority::Path { path }) if self.is_pipeline(path.as_str()))
                {
                    let message = format!(
                        "`{text}` is a part of the pipeline, which is never handed to a step"
                    );
                    self.error("invalid-value", leaf.span, message, None);
                    return None;
                }
                authority
            }
        }
    }

    /// The method that the enum beside a url is set to; all that it could be where that isn't known yet: the plan shows
    /// the most.
    fn chosen_methods(&self, leaf: &Leaf<'_>, name: &str) -> Vec<String> {
        let Some(record) = leaf.records.last() else {
            return Vec::new();
        };
        let at = pointer::join(record, name);
        let later = self
            .leaves
            .iter()
            .find(|leaf| leaf.pointer == at && matches!(leaf.value, LeafValue::NotYet));
        if let Some(Leaf {
            input:
                Input {
                    kind: Kind::Enum(values),
                    ..
                },
            ..
        }) = later
        {
            return values.clone();
        }
        let set = self.values.pointer(&at).and_then(Value::as_str);
        set.map(str::to_owned).into_iter().collect()
    }

    /// Whether a path is that of the pipeline's file, which paths are relative to the folder of, or of one that it includes.
    fn is_pipeline(&self, path: &str) -> bool {
        let own = self.source.name.rsplit('/').next();
        own == Some(path) || self.source.included().paths().any(|file| file == path)
    }

    /// The set `release` input of the same targets, which relative remote paths are below.
    fn release(&self, targets: &[String], of: &Leaf<'_>) -> Option<String> {
        self.leaves
            .iter()
            .filter(|leaf| leaf.pointer != of.pointer)
            .filter(|leaf| {
                leaf.input
                    .access
                    .iter()
                    .any(|request| request.access == Access::Release)
            })
            .find(|leaf| match &leaf.input.kind {
                Kind::RemotePath { target } => {
                    let theirs: Vec<_> = leaves_of(self.leaves, leaf, target)
                        .iter()
                        .map(|leaf| leaf.pointer.as_str())
                        .collect();
                    theirs == targets
                }
                _ => false,
            })
            .map(|leaf| leaf.pointer.clone())
    }

    /// Checks provenance against the bound. None: a mistake was reported.
    fn bound(&mut self, leaf: &Leaf<'_>, authority: Option<&Authority>) -> Option<Option<String>> {
        let Some(written) = &leaf.bound else {
            if leaf.provenance.is_written() {
                return Some(None);
            }
            let example = match &leaf.input.kind {
                Kind::SshTarget => "root@203.0.113.0/24",
                Kind::TcpAddress => "10.0.0.0/8:5432",
                Kind::Url { .. } => "https://*.example.com/",
                Kind::Path => "dist/",
                Kind::Image => "registry.example.com/webapp",
                Kind::Registry => "registry.example.com",
                Kind::State => "releases-*",
                _ => "/srv/app/",
            };
            let source = self
                .source
                .slice(leaf.span)
                .trim_matches(['"', '\''])
                .to_owned();
            self.error(
                "unbounded-run-time-value",
                leaf.span,
                match &leaf.provenance {
                    Provenance::Environment { .. } => format!(
                        "`{source}` comes from the environment and grants whatever stands there"
                    ),
                    _ => format!(
                        "`{source}` is known only at run time and grants whatever it turns out to be"
                    ),
                },
                Some(format!(
                    "say what it must lie in: `{{ value: \"{source}\", within: \"{example}\" }}`"
                )),
            );
            return None;
        };
        let bound = match Bound::parse(&leaf.input.kind, &written.value) {
            Ok(bound) => bound,
            Err(message) => {
                self.error("invalid-bound", written.span, message, None);
                return None;
            }
        };
        if let Some(authority) = authority
            && !bound.permits(authority)
        {
            self.error(
                "outside-bound",
                leaf.span,
                format!("`{authority}` does not lie within `{}`", written.value),
                Some("the value, or its bound, is wrong".to_owned()),
            );
            return None;
        }
        Some(Some(written.value.clone()))
    }

    fn access(&self, leaf: &Leaf<'_>) -> (Vec<Access>, Vec<(Access, String)>) {
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for request in &leaf.input.access {
            match &request.when {
                Some(when) if !self.is_true(leaf, when) => off.push((request.access, when.clone())),
                _ => on.push(request.access),
            }
        }
        (on, off)
    }

    /// Whether the boolean beside a leaf is true; one that isn't known yet counts as true: the plan shows the most.
    fn is_true(&self, leaf: &Leaf<'_>, name: &str) -> bool {
        let Some(record) = leaf.records.last() else {
            return false;
        };
        let at = pointer::join(record, name);
        if self
            .leaves
            .iter()
            .any(|leaf| leaf.pointer == at && matches!(leaf.value, LeafValue::NotYet))
        {
            return true;
        }
        self.values
            .pointer(&at)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    fn sink(&self, leaf: &Leaf<'_>, sink: &Sink) -> SinkBinding {
        let to: Vec<String> = leaves_of(self.leaves, leaf, sink.sibling())
            .iter()
            .map(|leaf| leaf.pointer.clone())
            .collect();
        let format = match sink {
            Sink::File(_, format) => {
                // The format names an input beside the secret, or is a word of its own.
                let reference = crate::manifest::SiblingRef::Input {
                    up: 0,
                    name: format.clone(),
                };
                let value = pointer_of(leaf, &reference)
                    .and_then(|at| self.values.pointer(&at))
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                Some(value.unwrap_or_else(|| format.clone()))
            }
            _ => None,
        };
        SinkBinding {
            kind: sink.kind(),
            to,
            format,
        }
    }
}

/// What releases share is below each of them: relative, in one spelling, and none within another.
fn shared_paths(leaves: &[Leaf<'_>], at: &str, diagnostics: &mut Vec<Diagnostic>) {
    let known: Vec<(&Leaf<'_>, &str)> = leaves
        .iter()
        .filter(|leaf| pointer::is_within(&leaf.pointer, at))
        .filter_map(|leaf| Some((leaf, leaf.text()?.trim_end_matches('/'))))
        .collect();
    for (leaf, path) in &known {
        let plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && !path.chars().any(char::is_control);
        let around = known.iter().find(|(other, outer)| {
            other.pointer != leaf.pointer && path != outer && is_below(path, outer)
        });
        let message = match around {
            _ if !plain => format!(
                "`{}` is not a relative path without `.`, `..` and empty parts",
                path.escape_debug()
            ),
            Some((_, outer)) => format!("`{path}` is shared already with `{outer}`"),
            None => continue,
        };
        diagnostics.push(
            Diagnostic::error("invalid-value", leaf.span, message).help(
                "releases share paths below themselves, such as `log` or `config/master.key`",
            ),
        );
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
