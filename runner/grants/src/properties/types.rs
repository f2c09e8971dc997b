//! The types of inputs: what manifests may ask for on each, and values that steps can set them to.

use super::slots::everything;
use crate::manifest::{Access, Kind, vocabulary};

/// A type as manifests write it, and what can be written for it.
#[derive(Debug)]
pub(super) struct Type {
    /// `TARGET` in it stands for the way to the target.
    pub(super) text: &'static str,
    /// More keys of the declaration.
    pub(super) more: &'static str,
    /// The access words that the manifest may ask for.
    pub(super) words: &'static [&'static str],
    /// What it asks for where it says nothing.
    pub(super) implied: &'static [&'static str],
    /// Values as they are written, and what they designate.
    pub(super) values: &'static [(&'static str, &'static str)],
}

/// Each type.
pub(super) const TYPES: &[Type] = &[
    Type {
        text: "string",
        more: "",
        words: &[],
        implied: &[],
        values: &[("hello", ""), ("a/b", ""), ("root@x", "")],
    },
    Type {
        text: "path",
        more: "",
        words: &["read", "write", "upload", "mount", "build"],
        implied: &[],
        values: &[
            ("src", "src"),
            ("./out//a/", "out/a"),
            ("dist/*.txt", "dist/*.txt"),
            (".", "."),
        ],
    },
    Type {
        text: "url",
        more: "",
        words: &["request"],
        implied: &["request"],
        values: &[
            ("\"https://a.example/v2/\"", "https://a.example/v2/"),
            ("\"HTTP://B.example:80\"", "http://b.example/"),
        ],
    },
    Type {
        text: "tcp-address",
        more: "",
        words: &["connect"],
        implied: &["connect"],
        values: &[("\"db:5432\"", "db:5432"), ("\"[::1]:80\"", "::1:80")],
    },
    Type {
        text: "ssh-target",
        more: "",
        words: &["script", "files", "exec"],
        implied: &[],
        values: &[
            ("a@b", "a@b:22"),
            ("\"root@Web.Example.com:2222\"", "root@web.example.com:2222"),
        ],
    },
    // A host on the way has no words: its role says all.
    Type {
        text: "ssh-target",
        more: ", role = \"jump(TARGET)\"",
        words: &[],
        implied: &[],
        values: &[("j@bastion", "j@bastion:22")],
    },
    Type {
        text: "remote-path(TARGET)",
        more: "",
        words: &["upload", "download", "release", "delete"],
        implied: &[],
        values: &[("/srv", "/srv"), ("/srv//web/", "/srv/web")],
    },
    Type {
        text: "script",
        more: ", on = \"TARGET\"",
        words: &[],
        implied: &["script"],
        values: &[("make", "make"), ("bash deploy.sh", "bash deploy.sh")],
    },
    Type {
        text: "image",
        more: "",
        words: &["pull", "build", "push"],
        implied: &[],
        values: &[
            ("ruby", "docker.io/library/ruby:latest"),
            (
                "\"Registry.example.com/webapp:web\"",
                "registry.example.com/webapp:web",
            ),
        ],
    },
    Type {
        text: "registry",
        more: "",
        words: &["login"],
        implied: &["login"],
        values: &[
            ("docker.io", "docker.io"),
            ("Registry.example.com", "registry.example.com"),
        ],
    },
    Type {
        text: "state",
        more: "",
        words: &["read", "write"],
        implied: &[],
        values: &[("releases", "releases"), ("last-good", "last-good")],
    },
];

#[test]
fn the_types_here_are_those_of_manifests() {
    let manifest = everything().manifest().unwrap();
    for (index, of) in TYPES.iter().enumerate() {
        let input = manifest.input(&format!("i{index}")).unwrap();
        let vocabulary = vocabulary(&input.kind);
        let words = |words: &[Access]| words.iter().map(|word| word.word()).collect::<Vec<_>>();
        // A role says what an input is for; words beside it would say more.
        if of.more.contains("role") {
            continue;
        }
        assert_eq!(words(vocabulary.words), of.words, "{}", of.text);
        assert_eq!(words(vocabulary.implied), of.implied, "{}", of.text);
    }
    // And what the documentation says, as people read it.
    let docs = include_str!("../../../../docs/grants.md");
    for of in TYPES
        .iter()
        .filter(|of| !of.words.is_empty() && of.implied.is_empty())
    {
        let words: Vec<String> = of.words.iter().map(|word| format!("`{word}`")).collect();
        let name = of.text.replace("TARGET", "T");
        let row = docs
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("`{name}` is not in docs/grants.md"));
        assert!(row.contains(&format!("| {} |", words.join(", "))), "{row}");
    }
    // Every type that carries authority is among them; what does not compile here is a new one.
    let there = |kind: &Kind| {
        let word = kind.word();
        TYPES
            .iter()
            .any(|of| of.text.split('(').next() == Some(word))
    };
    for input in &manifest.inputs {
        match &input.kind {
            Kind::Path
            | Kind::Url { .. }
            | Kind::TcpAddress
            | Kind::SshTarget
            | Kind::RemotePath { .. }
            | Kind::Script { .. }
            | Kind::Image
            | Kind::Registry
            | Kind::State => assert!(there(&input.kind)),
            Kind::String { .. }
            | Kind::Boolean
            | Kind::Integer { .. }
            | Kind::Number { .. }
            | Kind::Duration
            | Kind::Size
            | Kind::Enum(_)
            | Kind::Regex
            | Kind::Json
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Record(_)
            | Kind::Secret => {}
        }
    }
}
