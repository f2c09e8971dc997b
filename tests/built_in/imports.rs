//! A plugin that doesn't import an interface can't call it: the list of its imports is its ceiling, whatever its manifest
//! asks for. It is written down here, so that it doesn't grow unseen.

use std::collections::BTreeSet;

use capstep_grants::manifest::{Access, Input, Kind};
use capstep_tests::project::Project;

use crate::{manifest, plugins};

/// Each built-in plugin, and which of the host's interfaces it imports.
const IMPORTS: [(&str, &[&str]); 5] = [
    ("docker-build", &["types", "op", "log", "docker"]),
    ("env-setup", &["types", "log", "files"]),
    (
        "health-check",
        &["types", "op", "log", "time", "http", "tcp"],
    ),
    ("noop", &["types"]),
    ("ssh-deploy", &["types", "op", "log", "ssh"]),
];

/// What touches nothing but the step itself, and needs no declaring.
const FREE: [&str; 4] = ["types", "op", "log", "time"];

/// What the embedded plugin imports of the host, as the program shows it.
fn imports(name: &str) -> Vec<String> {
    let ran = Project::empty()
        .capstep(&["plugin", "inspect", name])
        .expect(0);
    let lines = ran.stdout.lines().skip_while(|line| *line != "Imports");
    let of_host = lines.filter_map(|line| line.trim().strip_prefix("capstep:"));
    of_host
        .flat_map(|line| line.split_once(' ').unwrap().1.split(','))
        .map(|interface| interface.trim().to_owned())
        .collect()
}

/// The interfaces that an input of this type is about.
fn declared(input: &Input, found: &mut BTreeSet<&str>) {
    match &input.kind {
        Kind::List(part) | Kind::Map(part) => declared(part, found),
        Kind::Record(fields) => fields.iter().for_each(|field| declared(field, found)),
        // What the host alone reads is nothing to call for.
        Kind::Path if input.role.is_none() => {
            let built = input
                .access
                .iter()
                .any(|access| access.access == Access::Build);
            found.insert(if built { "docker" } else { "files" });
        }
        Kind::Image | Kind::Registry => {
            found.insert("docker");
        }
        Kind::Url { .. } => {
            found.insert("http");
        }
        Kind::TcpAddress => {
            found.insert("tcp");
        }
        Kind::SshTarget | Kind::RemotePath { .. } | Kind::Script { .. } => {
            found.insert("ssh");
        }
        _ => {}
    }
}

#[test]
fn each_plugin_imports_what_is_written_here() {
    let named: Vec<&str> = IMPORTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(plugins(), named);
    for (name, expected) in IMPORTS {
        assert_eq!(imports(name), expected, "{name}");
    }
}

#[test]
fn each_import_is_declared_by_the_manifest() {
    for name in plugins() {
        let manifest = manifest(&name);
        let mut declares = BTreeSet::from(FREE);
        for input in &manifest.inputs {
            declared(input, &mut declares);
        }
        for import in imports(&name) {
            assert!(
                declares.contains(import.as_str()),
                "`{name}` imports `{import}`, and no input of its manifest is about that"
            );
        }
    }
}
