//! A whole manifest, and its way into a file and back.

use super::*;
use crate::testing::BUILT_IN;

/// The example of `interface.md`.
pub(super) const SSH_DEPLOY: &str = r#"
name        = "ssh-deploy"
version     = "0.1.0"
description = "Copies files to a server over SSH and runs the pipeline's script there."
world       = "capstep:step@0.1.0"

[inputs.target]
type   = "list<ssh-target>"
access = ["script", "files"]
required = true
doc    = "The account and host to deploy to: `user@host` or `user@host:port`; several, in this order."

[inputs.identity]
type   = "secret"
sink   = "ssh-auth(target)"

[inputs.passphrase]
type   = "secret"
sink   = "passphrase(identity)"

[inputs.known-hosts]
type   = "path"
role   = "known-hosts(target)"

[inputs.release]
type   = "remote-path(target)"
access = ["release"]

[inputs.upload]
type = "list"
[inputs.upload.item.fields.from]
type   = "path"
access = ["upload"]
[inputs.upload.item.fields.to]
type   = "remote-path(../target)"
access = ["upload"]

[inputs.run]
type = "script"
on   = "target"

[inputs.env]
type   = "map<string>"
role   = "script-env(run)"
sink   = "remote-env(run)"

[outputs.release]
type = "string"
doc  = "The release that is now current."
"#;

#[test]
fn the_example_is_read() {
    let (_, manifest) = Manifest::from_toml(SSH_DEPLOY).unwrap();
    let target = manifest.input("target").unwrap();
    assert!(target.required && target.access.is_empty());
    let Kind::List(item) = &target.kind else {
        panic!("{target:?}")
    };
    let words: Vec<_> = item.access.iter().map(|request| request.access).collect();
    assert_eq!(words, [Access::Script, Access::Files]);
    let Kind::Map(value) = &manifest.input("env").unwrap().kind else {
        panic!()
    };
    let run = SiblingRef::Input {
        up: 0,
        name: "run".to_owned(),
    };
    assert_eq!(value.sink, Some(Sink::RemoteEnv(run.clone())));
    assert_eq!(value.role, Some(Role::ScriptEnv(run)));
    assert_eq!(
        manifest.outputs,
        [(
            "release".to_owned(),
            OutputKind::String,
            "The release that is now current.".to_owned()
        )]
    );
}

#[test]
fn manifests_survive_the_custom_section() {
    for text in BUILT_IN.iter().chain(&[SSH_DEPLOY]) {
        let (declaration, manifest) = Manifest::from_toml(text).unwrap();
        let json = declaration.to_section();
        assert_eq!(Manifest::from_json(&json).unwrap(), manifest);
        let again: ManifestDeclaration = serde_json::from_slice(&json).unwrap();
        assert_eq!(again, declaration);
        let section = declaration.to_custom_section();
        assert_eq!(section[0], 0, "a custom section");
        assert!(section.ends_with(&json));
        let name = section.windows(SECTION_NAME.len());
        assert!(name.clone().any(|bytes| bytes == SECTION_NAME.as_bytes()));
    }
}
