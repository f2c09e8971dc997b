//! The manifest of a plain program: any WASI program, as it is.

use capstep_grants::manifest::{
    Abi, AccessDeclaration, InputDeclaration, Manifest, ManifestDeclaration, ManifestError,
    OutputDeclaration,
};
use indexmap::IndexMap;

/// The manifest that a program without one is given: `args`, `stdin`, `env` and `files` in, `stdout` and `exit-code`
/// out. It asks for nothing but the paths that `files` hands over, and takes no secrets.
///
/// # Errors
/// None but a mistake in this function's own declaration, which a test excludes.
pub(crate) fn manifest(name: &str) -> Result<Manifest, ManifestError> {
    let declaration = ManifestDeclaration {
        // What a file is called need not be a plugin's name; it is put in below.
        name: "plain".to_owned(),
        version: "0.0.0".to_owned(),
        description: "A WASI program without a manifest.".to_owned(),
        world: Some("capstep:step@0.1.0".to_owned()),
        abi: None,
        protocol: None,
        any_of: Vec::new(),
        inputs: named([
            (
                "args",
                input("list<string>", "The program's arguments, without its name."),
            ),
            (
                "stdin",
                input("string", "What it reads from standard input."),
            ),
            (
                "env",
                input(
                    "map<string>",
                    "Its environment variables: these and no others.",
                ),
            ),
            ("files", files()),
        ]),
        requires: IndexMap::new(),
        outputs: named([
            (
                "stdout",
                output("string", "What it wrote to standard output."),
            ),
            ("exit-code", output("integer", "Its exit code.")),
        ]),
    };
    Ok(Manifest {
        name: name.to_owned(),
        abi: Abi::Plain,
        ..Manifest::compile(&declaration)?
    })
}

fn files() -> InputDeclaration {
    let path = InputDeclaration {
        access: vec![access("mount", None), access("write", Some("write"))],
        required: true,
        ..input("path", "A folder of the workspace.")
    };
    let at = InputDeclaration {
        required: true,
        ..input("string", "Where the program sees it: an absolute path.")
    };
    let write = InputDeclaration {
        default: Some(false.into()),
        ..input("boolean", "Whether the program may change it.")
    };
    let item = InputDeclaration {
        fields: named([("path", path), ("at", at), ("write", write)]),
        ..input("record", "")
    };
    InputDeclaration {
        item: Some(Box::new(item)),
        ..input("list", "What the program sees of the workspace.")
    }
}

fn named<T, const N: usize>(entries: [(&str, T); N]) -> IndexMap<String, T> {
    let owned = entries.map(|(name, value)| (name.to_owned(), value));
    owned.into_iter().collect()
}

fn input(kind: &str, doc: &str) -> InputDeclaration {
    InputDeclaration {
        kind: kind.to_owned(),
        doc: doc.to_owned(),
        ..InputDeclaration::default()
    }
}

fn output(kind: &str, doc: &str) -> OutputDeclaration {
    OutputDeclaration {
        kind: kind.to_owned(),
        doc: doc.to_owned(),
    }
}

fn access(word: &str, when: Option<&str>) -> AccessDeclaration {
    AccessDeclaration {
        word: word.to_owned(),
        when: when.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_right() {
        let manifest = manifest("My Tool").unwrap();
        assert_eq!(
            (manifest.name.as_str(), manifest.abi),
            ("My Tool", Abi::Plain)
        );
        let names: Vec<&str> = manifest
            .inputs
            .iter()
            .map(|input| input.name.as_str())
            .collect();
        assert_eq!(names, ["args", "stdin", "env", "files"]);
        let outputs: Vec<&str> = manifest
            .outputs
            .iter()
            .map(|(name, ..)| name.as_str())
            .collect();
        assert_eq!(outputs, ["stdout", "exit-code"]);
    }
}
