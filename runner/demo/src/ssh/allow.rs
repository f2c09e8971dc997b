//! What the server runs: the commands that `capstep-ssh` sends, by their fixed texts, with operands in the root.
//!
//! A shell program on standard input is read for its values, which are checked; then the program is built from these
//! values and the fixed text by `capstep-ssh`'s own functions and compared with what came, byte by byte. So the only
//! thing in a program that a client chooses is the text within single quotes of values that were checked.

use capstep_ssh::digest::DIGEST_COMMAND;
use capstep_ssh::release::{self, REMOVE_FILES_COMMAND, REMOVE_FOLDERS_COMMAND, programs};
use capstep_ssh::script::{self, BOOTSTRAP_AUTO, BOOTSTRAP_BASH, BOOTSTRAP_SH};
use capstep_ssh::upload::{RENAME_COMMAND, TAKE_COMMAND};
use capstep_ssh::{Interpreter, ScriptRequest};
use zeroize::Zeroizing;

use super::words::{assignments, directory};
use crate::project::{REQUIRED_VARIABLES, SCRIPT};
use crate::root::{Root, SITE};

/// A list of names for one command: 10,000 of them, at some hundred bytes each.
const LIST_LIMIT: usize = 4 * 1024 * 1024;

/// A shell program: the demo's script with its variables, or one that manages releases.
const PROGRAM_LIMIT: usize = 64 * 1024;

/// How each of the programs ends; until that has come there is nothing to look at.
const PROGRAM_END: &[u8] = b"} </dev/null\n";

/// A command that may run, depending on its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// A shell that reads a program.
    Shell,
    /// A program that reads names of files and folders, which it only looks at.
    Look,
    /// A program that reads names of entries to remove, rename or copy.
    Change,
}

/// What is to be done once so much of the input has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Run it, with this input and nothing after it.
    Run,
    /// Read on.
    Wait,
    /// Don't run it, for this reason.
    Refuse(&'static str),
}

impl Command {
    /// The command of this text; none if it is not one of ours.
    pub(super) fn known(text: &str) -> Option<Self> {
        match text {
            BOOTSTRAP_AUTO | BOOTSTRAP_BASH | BOOTSTRAP_SH => Some(Self::Shell),
            DIGEST_COMMAND => Some(Self::Look),
            RENAME_COMMAND | TAKE_COMMAND | REMOVE_FILES_COMMAND | REMOVE_FOLDERS_COMMAND => {
                Some(Self::Change)
            }
            _ => None,
        }
    }

    /// Looks at what has come so far; `ended` says that nothing more comes.
    pub(super) fn judge(self, root: &Root, input: &[u8], ended: bool) -> Verdict {
        let limit = match self {
            Self::Shell => PROGRAM_LIMIT,
            Self::Look | Self::Change => LIST_LIMIT,
        };
        if input.len() > limit {
            return Verdict::Refuse("its input is too long");
        }
        match self {
            Self::Shell if input.ends_with(PROGRAM_END) && is_ours(root, input) => Verdict::Run,
            // A client leaves a script's input open: this is the moment to say no.
            Self::Shell if ended || input.ends_with(PROGRAM_END) => {
                Verdict::Refuse("the program is neither the demo's script nor one for releases")
            }
            Self::Look | Self::Change if ended => self.judge_names(root, input),
            _ => Verdict::Wait,
        }
    }

    fn judge_names(self, root: &Root, input: &[u8]) -> Verdict {
        let Some(names) = input.strip_suffix(b"\0") else {
            return Verdict::Refuse("its input is no list of names");
        };
        let inside = |name: &[u8]| {
            std::str::from_utf8(name).is_ok_and(|name| match self {
                Self::Change => root.holds_entry(name),
                Self::Look | Self::Shell => root.holds(name),
            })
        };
        if names.split(|&byte| byte == 0).all(inside) {
            Verdict::Run
        } else {
            Verdict::Refuse("a name leads out of the demo's folder")
        }
    }
}

fn is_ours(root: &Root, input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(|text| is_script(root, text) || is_release(root, text))
}

/// Whether a program is the demo's script, with variables of the demo's names and in a folder of the site.
fn is_script(root: &Root, text: &str) -> bool {
    let Some(text_of_values) = text.strip_prefix(script::PROGRAM_START) else {
        return false;
    };
    let (variables, rest) = assignments(text_of_values, "export ", "; ");
    let known = |name: &str| REQUIRED_VARIABLES.contains(&name);
    if !variables.iter().all(|(name, _)| known(name)) {
        return false;
    }
    let Some(folder) = directory(rest) else {
        return false;
    };
    let releases = root.path.join(SITE).join("releases");
    if !root.holds(&folder) || !std::path::Path::new(&folder).starts_with(releases) {
        return false;
    }
    let env: Vec<(String, Zeroizing<String>)> = variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Zeroizing::new(value)))
        .collect();
    let request = ScriptRequest {
        script: SCRIPT,
        env: &env,
        working_directory: Some(&folder),
        interpreter: Interpreter::Auto,
        errexit: true,
    };
    script::program(&request).is_ok_and(|program| *program == text)
}

/// Whether a program is one of those that manage releases, for a folder in the root.
fn is_release(root: &Root, text: &str) -> bool {
    let Some((values, _)) = text
        .strip_prefix(release::PROGRAM_START)
        .map(|rest| assignments(rest, "", "\n"))
    else {
        return false;
    };
    let valid = values.iter().all(|(name, value)| match *name {
        "base" | "folder" => root.holds(value),
        "name" => release::is_release_name(value),
        "shared" => is_below(value),
        _ => false,
    });
    let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let is =
        |program: &str| release::program_text(program, &values).is_ok_and(|built| *built == text);
    valid
        && programs::ALL.iter().any(|(program, names)| {
            names
                .iter()
                .copied()
                .eq(values.iter().map(|(name, _)| *name))
                && is(program)
        })
}

/// A path below something, by its text.
fn is_below(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
