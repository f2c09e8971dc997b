//! The manifest's own keys, its requirements and outputs.

use indexmap::IndexMap;

use super::{Compiler, is_name};
use crate::manifest::declaration::{AbiName, InputDeclaration, ManifestDeclaration};
use crate::manifest::methods::MethodsDeclaration;
use crate::manifest::model::{Abi, Input, Kind, Manifest, OutputKind, Requirement};
use crate::manifest::references;
use crate::manifest::version::is_version;
use crate::text;

/// The world that components export.
const WORLD: &str = "capstep:step@0.1.0";

impl Compiler {
    pub(super) fn manifest(&mut self, declaration: &ManifestDeclaration) -> Manifest {
        if !is_name(&declaration.name) {
            self.problem("name", "a plugin's name is lower-case words joined by `-`");
        }
        if !is_version(&declaration.version) {
            self.problem(
                "version",
                format!(
                    "`{}` is no semantic version: write `MAJOR.MINOR.PATCH`, as `1.0.0`",
                    declaration.version
                ),
            );
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
            (None, Some(AbiName::Host), None) => Abi::Host,
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
        self.any_of(&declaration.any_of, &inputs, "any-of");
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
            any_of: declaration.any_of.clone(),
            requires,
            outputs,
        };
        references::check(&manifest, &mut self.problems);
        manifest
    }

    pub(super) fn fields(
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
}
