//! The manifest of a `run:` step: no plugin, but the pipeline's own script, run by the host. What such a step takes is
//! declared like any plugin's inputs, so that grants, secrets, races and the plan need no word of their own for it.

use capstep_grants::manifest::UrlMatch;
use capstep_grants::manifest::{
    AbiName, AccessDeclaration, InputDeclaration, Manifest, ManifestDeclaration, ManifestError,
    MethodsDeclaration,
};
use indexmap::IndexMap;

/// A tunnel is not looked into: whatever is asked for in it is granted with its origin.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The manifest.
///
/// # Errors
/// None but a mistake in this function's own declaration, which a test excludes.
pub(crate) fn manifest() -> Result<Manifest, ManifestError> {
    let role = |kind: &str, role: &str, doc: &str| InputDeclaration {
        role: Some(role.to_owned()),
        ..input(kind, doc)
    };
    let script = InputDeclaration {
        required: true,
        ..input("script", "The script.")
    };
    let env = InputDeclaration {
        sink: Some("remote-env(run)".to_owned()),
        ..role("map<string>", "script-env(run)", "Its environment.")
    };
    let shell = InputDeclaration {
        values: vec!["bash".to_owned(), "sh".to_owned()],
        default: Some("bash".into()),
        ..role("enum", "shell(run)", "Who reads it.")
    };
    let allow = InputDeclaration {
        url_match: Some(UrlMatch::Origin),
        methods: MethodsDeclaration::Listed(METHODS.map(str::to_owned).to_vec()),
        ..input("list<url>", "The origins that it may connect to.")
    };
    let paths = |word: &str, doc: &str| InputDeclaration {
        access: vec![AccessDeclaration {
            word: word.to_owned(),
            when: None,
        }],
        ..input("list<path>", doc)
    };
    let declaration = ManifestDeclaration {
        name: "run".to_owned(),
        version: "0.0.0".to_owned(),
        description: "A script of the pipeline, in the sandbox for programs.".to_owned(),
        world: None,
        abi: Some(AbiName::Host),
        protocol: None,
        any_of: Vec::new(),
        inputs: IndexMap::from([
            ("run".to_owned(), script),
            ("env".to_owned(), env),
            ("shell".to_owned(), shell),
            (
                "working-directory".to_owned(),
                role("string", "working-directory(run)", "Where it starts."),
            ),
            ("reads".to_owned(), paths("read", "What it may read.")),
            ("writes".to_owned(), paths("write", "What it may change.")),
            ("allow".to_owned(), allow),
        ]),
        requires: IndexMap::new(),
        outputs: IndexMap::new(),
    };
    Manifest::compile(&declaration)
}

fn input(kind: &str, doc: &str) -> InputDeclaration {
    InputDeclaration {
        kind: kind.to_owned(),
        doc: doc.to_owned(),
        ..InputDeclaration::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_right() {
        let manifest = manifest().unwrap();
        let names: Vec<&str> = manifest
            .inputs
            .iter()
            .map(|input| input.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "run",
                "env",
                "shell",
                "working-directory",
                "reads",
                "writes",
                "allow"
            ]
        );
    }
}
