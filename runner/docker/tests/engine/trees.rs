//! Awkward contexts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

/// A context: `a/` is a folder, `a -> b` a link, `a |` a pipe, `a =4755` a file with that mode, all else files.
pub(crate) struct Tree {
    pub(crate) name: &'static str,
    pub(crate) entries: &'static [&'static str],
    pub(crate) ignore: Option<&'static str>,
    /// `Dockerfile` where it is empty.
    pub(crate) dockerfile: &'static str,
}

const fn tree(name: &'static str, entries: &'static [&'static str], ignore: &'static str) -> Tree {
    Tree {
        name,
        entries,
        ignore: Some(ignore),
        dockerfile: "",
    }
}

const DEEP: &[&str] = &[
    "a",
    "b",
    "dir/a",
    "dir/b.md",
    "dir/keep",
    "dir/sub/a",
    "dir/sub/keep",
    "dir/sub/deep/keep",
    "dir/sub/deep/x.log",
    "x.log",
    "other/keep",
    "other/x.log",
];

pub(crate) const TREES: &[Tree] = &[
    Tree {
        name: "no ignore file",
        entries: &["a", "dir/b", ".hidden", ".git/config"],
        ignore: None,
        dockerfile: "",
    },
    tree("empty ignore file", DEEP, ""),
    tree("plain name", DEEP, "a\n"),
    tree("plain folder", DEEP, "dir\n"),
    tree("star", DEEP, "*\n!other\n"),
    tree("star with a deep exception", DEEP, "*\n!dir/sub/keep\n"),
    tree(
        "star with a deeper exception and one taken back",
        DEEP,
        "*\n!dir/sub\ndir/sub/deep\n!dir/sub/deep/keep\n",
    ),
    tree("leading double star", DEEP, "**/*.log\n"),
    tree("double star and name", DEEP, "**/keep\n"),
    tree("double star without a slash", DEEP, "**keep\n"),
    tree("double star in the middle", DEEP, "dir/**/keep\n"),
    tree("trailing double star", DEEP, "dir/**\n"),
    tree(
        "trailing double star with an exception",
        DEEP,
        "dir/**\n!dir/sub/a\n",
    ),
    tree("everything by double star", DEEP, "**\n!b\n"),
    tree("folder with a wildcard exception", DEEP, "dir\n!dir/*.md\n"),
    tree(
        "folder with a trailing star exception",
        DEEP,
        "dir\n!dir/sub/*\n",
    ),
    tree(
        "exception that begins with double star",
        DEEP,
        "dir\n!**/keep\n",
    ),
    tree(
        "star and an exception that begins with double star",
        DEEP,
        "*\n!**/keep\n",
    ),
    tree("order", DEEP, "!a\na\n!dir/a\ndir\n!dir/keep\n!dir/sub/\n"),
    tree(
        "comments, blank lines, byte order mark, carriage returns",
        &["a", "b", "#c", "d"],
        "\u{feff}a\r\n\r\n# b\n#c\n   \n  d\t\r\n",
    ),
    tree("slashes", DEEP, "/a\nother/\n//x.log\n"),
    tree("dots", DEEP, "./a\nother/../b\n./dir/./sub\n.\n/\n"),
    tree("outside", DEEP, "../a\n..\n"),
    tree(
        "blanks",
        &["a b", "a", " lead", "trail "],
        "  a b  \n! \ta\n",
    ),
    tree(
        "question marks and brackets",
        &["ax", "bx", "dx", "a", "axx", "é", "ab/x"],
        "[a-c]?\n?\n",
    ),
    tree(
        "brackets that are turned round",
        &["ax", "bx", "-x", "^x"],
        "[^a]x\n!b*\n",
    ),
    tree(
        "escapes",
        &["*", "a", "!b", "#c", "[d]", "e"],
        "\\*\n\\!b\n\\#c\n\\[d\\]\n",
    ),
    tree("a backslash in a name", &["a\\b", "ab"], "a\\\\b\n"),
    tree(
        "characters of expressions",
        &["a+b.c(d)", "aab.c(d)", "a+bXc(d)", "x{2}", "xx", "$", "^"],
        "a+b.c(d)\nx{2}\n$\n",
    ),
    tree("stars between slashes", DEEP, "*/*/keep\n*/a\n"),
    tree(
        "stars next to names",
        &["ab", "ba", "d/ab", "d/ba", "a/b"],
        "a**\n!**b\n",
    ),
    tree(
        "mixed",
        &["dar/s/x1", "dar/x2", "dir/x", "dor/s/t/x3"],
        "d?r/**/x[0-9]\n!dor/**/x3\n",
    ),
    tree(
        "the Dockerfile and the ignore file left out",
        &["a"],
        "Dockerfile\n.dockerignore\n",
    ),
    tree("all but folders", &["a/1", "b/2", "c"], "*\n!*/\n"),
    tree(
        "upper and lower case",
        &["A", "a", "Dir/x", "dir/x"],
        "a\nDIR\n",
    ),
    tree(
        "links",
        &[
            "file",
            "dir/x",
            "to-file -> file",
            "to-dir -> dir",
            "dangling -> nowhere",
            "out -> ../../etc/passwd",
            "absolute -> /etc/hostname",
            "loop -> loop",
        ],
        "to-dir/x\n",
    ),
    tree(
        "a link that is left out",
        &["dir/x", "link -> dir", "dir/inner -> ../dir"],
        "link\n**/inner\n",
    ),
    tree("empty folders", &["a/", "b/c/d/", "e/f/"], "b/c\n**/f\n"),
    tree(
        "an excluded folder that holds an exception",
        &["a/b/c/d", "a/b/c/e", "a/b/x", "a/y"],
        "a\n!a/b\na/b/c\n!a/b/c/d\n",
    ),
    tree(
        "node modules",
        &[
            "node_modules/x",
            "app/node_modules/y",
            "app/src",
            "app/node_modules/keep/z",
        ],
        "**/node_modules\n!**/node_modules/keep\n",
    ),
    tree(
        "odd names",
        &[
            "with blank",
            "ünïcode/ñ",
            "new\nline",
            "tab\there",
            "pipe |",
            "-dash",
            "quote\"'",
            "%41",
        ],
        "ün*\n!ünïcode/ñ\n",
    ),
    tree(
        "long names",
        &[
            "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll/mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
            "link -> llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll/mmmmmm",
        ],
        "",
    ),
    tree(
        "modes",
        &["run =755", "suid =4755", "none =000", "sticky =1644"],
        "",
    ),
    Tree {
        name: "a Dockerfile in a folder that is left out",
        entries: &["docker/extra", "a"],
        ignore: Some("docker\n"),
        dockerfile: "docker/app.Dockerfile",
    },
    Tree {
        name: "an ignore file of the Dockerfile's own",
        entries: &["a", "b"],
        ignore: Some("a\n"),
        dockerfile: "own.Dockerfile",
    },
];

impl Tree {
    pub(crate) fn dockerfile(&self) -> &str {
        if self.dockerfile.is_empty() {
            "Dockerfile"
        } else {
            self.dockerfile
        }
    }

    /// Makes it below a folder.
    pub(crate) fn plant(&self, root: &Path) {
        for entry in self.entries {
            let (path, rest) = match entry.rsplit_once(' ') {
                Some((path, "|")) => (path, "|"),
                Some((path, mode)) if mode.starts_with('=') => (path, mode),
                _ => entry.split_once(" -> ").unwrap_or((entry, "")),
            };
            let at = root.join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            if path.ends_with('/') {
                fs::create_dir_all(&at).unwrap();
            } else if rest == "|" {
                assert!(Command::new("mkfifo").arg(&at).status().unwrap().success());
            } else if let Some(mode) = rest.strip_prefix('=') {
                fs::write(&at, path).unwrap();
                let mode = u32::from_str_radix(mode, 8).unwrap();
                fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
            } else if rest.is_empty() {
                fs::write(&at, path).unwrap();
            } else {
                symlink(rest, &at).unwrap();
            }
        }
        let dockerfile = root.join(self.dockerfile());
        fs::write(&dockerfile, "FROM scratch\nCOPY . /\n").unwrap();
        if let Some(ignore) = self.ignore {
            fs::write(root.join(".dockerignore"), ignore).unwrap();
        }
        if self.dockerfile == "own.Dockerfile" {
            fs::write(root.join("own.Dockerfile.dockerignore"), "b\n").unwrap();
        }
    }
}
