use capstep_grants::manifest::Abi;
use capstep_pipeline::{Source, parse_pipeline};

use super::*;
use crate::file::MAX_PLUGIN_BYTES;

/// A pipeline whose `plugins` are these lines.
fn pipeline(plugins: &str) -> Pipeline {
    let plugins = if plugins.is_empty() {
        String::new()
    } else {
        format!("plugins: {{ {plugins} }}\n")
    };
    let text = format!("version: 1\n{plugins}jobs: {{ a: {{ steps: [ {{ uses: noop }} ] }} }}\n");
    let (pipeline, _) = parse_pipeline(&Source::new("capstep.yml", text));
    pipeline.unwrap()
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

#[test]
fn every_built_in_plugin_can_be_used() {
    let registry = Registry::new(Path::new("."));
    let names: Vec<&str> = Registry::built_in_names().collect();
    assert!(names.contains(&"noop"), "{names:?}");
    for name in names {
        let plugin = registry.resolve(&pipeline(""), name).unwrap();
        assert_eq!(
            (plugin.name.as_str(), &plugin.origin),
            (name, &Origin::BuiltIn)
        );
        assert_eq!(plugin.digest().len(), 64);
        let shape = plugin.shape().unwrap();
        assert!(shape.component, "{name}");
        assert!(
            shape
                .exports
                .iter()
                .any(|export| export.starts_with("capstep:step/") || export == "run"),
            "{shape:?}"
        );
    }
}

#[test]
fn what_cannot_be_found_says_why() {
    let big = vec![0; usize::try_from(MAX_PLUGIN_BYTES).unwrap() + 1];
    let folder = folder_with(&[
        ("tool.wasm", b"\0asm\x01\0\0\0"),
        ("script.wasm", b"#!/bin/sh\n"),
        ("cut.wasm", b"\0asm\x01\0\0\0\x01\x7f"),
        ("big.wasm", &big),
        ("in/capstep.yml", b""),
    ]);
    std::os::unix::fs::symlink(
        folder.path().join("tool.wasm"),
        folder.path().join("in/link.wasm"),
    )
    .unwrap();
    let check = |at: &str, plugins, uses, code, expected: &str| {
        let registry = Registry::new(&folder.path().join(at));
        let problem = registry.resolve(&pipeline(plugins), uses).unwrap_err();
        let help = problem.help.unwrap_or_default();
        assert_eq!(
            (problem.code, format!("{}; {help}", problem.message)),
            (code, expected.to_owned()),
            "{uses}"
        );
    };
    check(
        "",
        "",
        "nop",
        "unknown-plugin",
        "there is no plugin `nop`; did you mean `noop`?",
    );
    check(
        "",
        "scanner: ./tool.wasm",
        "scaner",
        "unknown-plugin",
        "there is no plugin `scaner`; did you mean `scanner`?",
    );
    check(
        "",
        "noop: ./tool.wasm",
        "noop",
        "shadowed-plugin",
        "`noop` under `plugins` has the name of a built-in plugin; give it another name, there and here",
    );
    check(
        "",
        "scan: tool",
        "scan",
        "plugin-file",
        "`scan` comes from `tool`, which is no path to a file; write `./tool`, relative to the pipeline's folder",
    );
    let oci = "`oci://` is not supported yet; put the plugin's file into the repository and name it by its path: `./plugins/name.wasm`";
    check(
        "",
        "scan: 'oci://example.com/a@sha256:00'",
        "scan",
        "not-supported-yet",
        oci,
    );
    check("", "", "oci://example.com/a", "not-supported-yet", oci);
    check(
        "",
        "",
        "./script.wasm",
        "invalid-plugin",
        "`./script.wasm` can't be used as a plugin: it is not WebAssembly in the binary format; it looks like a script",
    );
    check(
        "",
        "",
        "./big.wasm",
        "plugin-file",
        "`./big.wasm` is larger than 128 MiB; ",
    );
    check("", "", "./in/", "plugin-file", "`./in/` is not a file; ");
    let outside = |path: &str| {
        format!(
            "`{path}` is outside the pipeline's folder; a plugin's file is named relative to the pipeline's folder, and lies in it"
        )
    };
    check(
        "in",
        "",
        "../tool.wasm",
        "plugin-file",
        &outside("../tool.wasm"),
    );
    check(
        "in",
        "",
        "/tool.wasm",
        "plugin-file",
        &outside("/tool.wasm"),
    );
    check(
        "in",
        "",
        "./link.wasm",
        "plugin-file",
        &outside("./link.wasm"),
    );
    let registry = Registry::new(folder.path());
    let broken = registry.resolve_alone("cut.wasm").unwrap_err();
    assert!(broken.message.contains("is broken: "), "{broken:?}");
    let missing = registry.resolve_alone("./no.wasm").unwrap_err();
    assert_eq!(missing.message, "there is no file `./no.wasm`");
}

#[test]
fn a_program_without_a_manifest_is_plain() {
    let folder = folder_with(&[("bin/My tool.wasm", b"\0asm\x01\0\0\0")]);
    let registry = Registry::new(folder.path());
    let plugin = registry
        .resolve(&pipeline("tool: './bin/My tool.wasm'"), "tool")
        .unwrap();
    assert_eq!(
        (plugin.name.as_str(), plugin.manifest.abi),
        ("My tool", Abi::Plain)
    );
    assert_eq!(plugin.origin, Origin::Path("bin/My tool.wasm".into()));
    assert_eq!(
        plugin.digest(),
        "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476"
    );
}

#[test]
fn a_plugin_is_read_once() {
    let folder = folder_with(&[("a.wasm", b"\0asm\x01\0\0\0")]);
    let registry = Registry::new(folder.path());
    let first = registry.resolve(&pipeline(""), "./a.wasm").unwrap();
    std::fs::write(folder.path().join("a.wasm"), b"changed").unwrap();
    let second = registry.resolve(&pipeline(""), "./a.wasm").unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn a_manifest_in_the_file_is_read() {
    let with = |json: &str| {
        wat::parse_str(format!("(module (@custom \"capstep:manifest\" {json:?}))")).unwrap()
    };
    let good =
        with(r#"{"name":"scan","version":"1.0.0","description":"d","abi":"command","protocol":1}"#);
    let bad = with(r#"{"name":"scan"}"#);
    let folder = folder_with(&[("good.wasm", &good), ("bad.wasm", &bad)]);
    let registry = Registry::new(folder.path());
    let plugin = registry.resolve_alone("./good.wasm").unwrap();
    assert_eq!(
        (plugin.name.as_str(), plugin.manifest.abi),
        ("scan", Abi::Command)
    );
    let problem = registry.resolve_alone("./bad.wasm").unwrap_err();
    assert!(
        problem.message.starts_with(
            "`./bad.wasm` can't be used as a plugin: the embedded manifest is not valid"
        ),
        "{problem:?}"
    );
}

#[test]
fn the_demos_plugin_is_the_demos_alone() {
    let uses = "demo-curious";
    assert!(Registry::built_in_names().all(|name| name != uses));
    let registry = Registry::new(Path::new("."));
    for problem in [
        registry.resolve(&pipeline(""), uses),
        registry.resolve_alone(uses),
    ] {
        let problem = problem.unwrap_err();
        assert_eq!(problem.message, "there is no plugin `demo-curious`");
    }
    let plugin = Registry::new(Path::new("."))
        .in_demo()
        .resolve(&pipeline(""), uses)
        .unwrap();
    assert_eq!(plugin.origin, Origin::BuiltIn);
}
