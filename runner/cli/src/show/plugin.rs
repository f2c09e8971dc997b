//! Plugins for people.

use std::sync::Arc;

use capstep_grants::manifest::{Abi, AccessRequest, Input, Kind, Requirement};
use capstep_registry::{Plugin, Shape};

use super::table::{pad, width_of, wrap};
use crate::printer::{Look, Style};

/// How wide explanations are, in characters.
const WIDTH: usize = 92;

/// A line for each plugin.
pub(crate) fn plugin_list(plugins: &[Arc<Plugin>], look: Look) -> String {
    let names = plugins
        .iter()
        .map(|plugin| width_of(&plugin.name))
        .max()
        .unwrap_or(0);
    let versions = plugins
        .iter()
        .map(|plugin| width_of(&plugin.manifest.version))
        .max()
        .unwrap_or(0);
    let line = |plugin: &Arc<Plugin>| {
        format!(
            "{}  {}  {}\n",
            look.paint(Style::Strong, pad(&plugin.name, names)),
            pad(&plugin.manifest.version, versions),
            plugin.manifest.description
        )
    };
    plugins.iter().map(line).collect()
}

/// Everything that a plugin declares and imports.
pub(crate) fn plugin(plugin: &Plugin, shape: &Shape, look: Look) -> String {
    let manifest = &plugin.manifest;
    let way_in = match manifest.abi {
        Abi::World => "component of the world `capstep:step`",
        Abi::Command => "command that speaks JSON-RPC",
        Abi::Plain => "plain program, without a manifest",
        Abi::Host => "script of the pipeline",
    };
    let version = match manifest.abi {
        Abi::Plain | Abi::Host => String::new(),
        Abi::World | Abi::Command => format!(" {}", manifest.version),
    };
    let mut text = format!(
        "{}{version}\n{}\n\n{way_in}, {}, {} bytes\nsha256:{}\n",
        look.paint(Style::Strong, &plugin.name),
        manifest.description,
        plugin.origin,
        plugin.bytes.len(),
        plugin.digest()
    );
    if !manifest.inputs.is_empty() {
        text.push_str(&heading("Inputs", look));
        inputs(&manifest.inputs, &manifest.any_of, 1, look, &mut text);
    }
    if !manifest.requires.is_empty() {
        text.push_str(&heading(
            "Requires (granted by repeating the value under `allow`)",
            look,
        ));
        for requirement in &manifest.requires {
            text.push_str(&required(requirement, look));
        }
    }
    if !manifest.outputs.is_empty() {
        text.push_str(&heading("Outputs", look));
        for (name, kind, doc) in &manifest.outputs {
            text.push_str(&entry(name, kind.word(), doc, 1, look));
        }
    }
    text.push_str(&heading("Imports", look));
    text.push_str(&imports(&shape.imports));
    text
}

/// A line for each package, with its interfaces: `wasi:cli@0.2.6  environment, exit`.
fn imports(names: &[String]) -> String {
    let mut packages: Vec<(String, Vec<&str>)> = Vec::new();
    for name in names {
        let (path, version) = name.split_once('@').unwrap_or((name, ""));
        let (package, interface) = path.split_once('/').unwrap_or((path, ""));
        let package = match version {
            "" => package.to_owned(),
            _ => format!("{package}@{version}"),
        };
        match packages.iter_mut().find(|(known, _)| *known == package) {
            Some((_, interfaces)) => interfaces.push(interface),
            None => packages.push((package, vec![interface])),
        }
    }
    if packages.is_empty() {
        return "  none\n".to_owned();
    }
    packages.sort();
    let width = packages
        .iter()
        .map(|(package, _)| width_of(package))
        .max()
        .unwrap_or(0);
    packages
        .iter()
        .map(|(package, interfaces)| {
            let text = format!("  {}  {}", pad(package, width), interfaces.join(", "));
            format!("{}\n", text.trim_end())
        })
        .collect()
}

fn heading(title: &str, look: Look) -> String {
    format!("\n{}\n", look.paint(Style::Strong, title))
}

/// The inputs of a record, of which each group of `any_of` needs one.
fn inputs(list: &[Input], any_of: &[Vec<String>], depth: usize, look: Look, text: &mut String) {
    for input in list {
        let about = about(input, any_of);
        text.push_str(&entry(&input.name, &about, &input.doc, depth, look));
        let part = leaf(input);
        if let Kind::Record(fields) = &part.kind {
            inputs(fields, &part.any_of, depth + 1, look, text);
        }
    }
}

fn required(requirement: &Requirement, look: Look) -> String {
    let input = &requirement.input;
    let about = format!("{} = {}", about(input, &[]), requirement.value);
    entry(&input.name, &about, &input.doc, 1, look)
}

/// A name with its type on a line, and what it means below.
fn entry(name: &str, about: &str, doc: &str, depth: usize, look: Look) -> String {
    let margin = "  ".repeat(depth);
    let name = look.paint(Style::Name, name);
    let mut text = format!("{margin}{name}  {about}\n");
    for line in wrap(doc, WIDTH.saturating_sub(margin.len())) {
        text.push_str(&format!("{margin}    {}\n", look.paint(Style::Faint, line)));
    }
    text
}

/// Type, need, access, sink and role: `list<ssh-target>, required, grants script, files`.
fn about(input: &Input, any_of: &[Vec<String>]) -> String {
    let mut words = vec![type_of(&input.kind)];
    if input.required {
        words.push("required".to_owned());
    }
    for group in any_of.iter().filter(|group| group.contains(&input.name)) {
        let others = group.iter().filter(|name| **name != input.name);
        let others: Vec<String> = others.map(|name| format!("`{name}`")).collect();
        words.push(format!("required without {}", others.join(" or ")));
    }
    if let Some(default) = &input.default {
        words.push(format!("default {default}"));
    }
    let leaf = leaf(input);
    if !leaf.access.is_empty() {
        let access: Vec<String> = leaf.access.iter().map(access).collect();
        words.push(format!("grants {}", access.join(", ")));
    }
    if let Some(sink) = input.sink.as_ref().or(leaf.sink.as_ref()) {
        words.push(format!(
            "secrets go to {}({})",
            sink.kind().word(),
            sink.sibling()
        ));
    }
    if let Some(role) = input.role.as_ref().or(leaf.role.as_ref()) {
        words.push(format!(
            "the host reads it as {}({})",
            role.word(),
            role.sibling()
        ));
    }
    words.join(", ")
}

/// What a list or map is of; anything else is itself.
fn leaf(input: &Input) -> &Input {
    match &input.kind {
        Kind::List(inner) | Kind::Map(inner) => leaf(inner),
        _ => input,
    }
}

fn access(request: &AccessRequest) -> String {
    match &request.when {
        Some(when) => format!("{} (if `{when}`)", request.access),
        None => request.access.to_string(),
    }
}

fn type_of(kind: &Kind) -> String {
    match kind {
        Kind::List(item) => format!("list<{}>", type_of(&item.kind)),
        Kind::Map(value) => format!("map<{}>", type_of(&value.kind)),
        Kind::Enum(values) => values.join(" | "),
        Kind::Url { url_match, methods } => {
            format!("url ({}, {methods})", url_match.word())
        }
        Kind::Script { on: Some(on) } => format!("script run on {on}"),
        Kind::RemotePath { target } => format!("remote-path({target})"),
        other => other.word().to_owned(),
    }
}
