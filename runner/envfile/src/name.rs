//! Which names each reader takes.

use crate::{EncodeError, EnvFormat};

/// Names that bash keeps to itself: assigning them fails (and ends a POSIX shell), is ignored, or
/// doesn't read back. A shell file that set one would stop or lie, so writing it is an error.
const SHELL_OWNED: &[&str] = &[
    "BASHOPTS",
    "BASHPID",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_COMMAND",
    "BASH_LINENO",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "LINENO",
    "OPTIND",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SRANDOM",
    "UID",
    "_",
];

/// Whether `c` may begin a name, in every format but JSON.
pub(crate) const fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Whether `c` may stand in a name after its first character, for compose and docker.
pub(crate) const fn continues_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Checks `name` against what the format's reader takes.
pub(crate) fn check(format: EnvFormat, name: &str) -> Result<(), EncodeError> {
    match format {
        EnvFormat::Json if name.is_empty() => Err(EncodeError::new(
            name,
            "the name is empty",
            "give the variable a name",
        )),
        EnvFormat::Json => Ok(()),
        EnvFormat::Compose | EnvFormat::Docker if is_dotted_name(name) => Ok(()),
        EnvFormat::Compose | EnvFormat::Docker => Err(EncodeError::new(
            name,
            format!("the {format} format doesn't take this name"),
            "use a letter or `_`, then letters, digits, `_`, `.` or `-` (ASCII); \
             the json format takes any name",
        )),
        EnvFormat::Shell if !is_identifier(name) => Err(EncodeError::new(
            name,
            "the shell can't assign to this name",
            "use a letter or `_`, then letters, digits or `_` (ASCII); \
             the compose and docker formats also take `.` and `-`",
        )),
        EnvFormat::Shell if SHELL_OWNED.contains(&name) => Err(EncodeError::new(
            name,
            "bash keeps this variable to itself, so an assignment fails or doesn't last",
            "choose another name; the compose, docker and json formats can hold this one",
        )),
        EnvFormat::Shell => Ok(()),
    }
}

fn is_dotted_name(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}

fn is_identifier(name: &str) -> bool {
    is_dotted_name(name) && !name.contains(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_has_its_names() {
        // Columns: compose and docker, shell, json.
        let table = [
            ("A", true, true, true),
            ("_x9", true, true, true),
            ("a.b-c", true, false, true),
            ("9a", false, false, true),
            ("", false, false, false),
            ("a b", false, false, true),
            ("a=b", false, false, true),
            ("a\nB", false, false, true),
            ("é", false, false, true),
            (".a", false, false, true),
            ("UID", true, false, true),
            ("export", true, true, true),
        ];
        for (name, dotted, shell, json) in table {
            let takes = |format| check(format, name).is_ok();
            assert_eq!(takes(EnvFormat::Compose), dotted, "compose {name:?}");
            assert_eq!(takes(EnvFormat::Docker), dotted, "docker {name:?}");
            assert_eq!(takes(EnvFormat::Shell), shell, "shell {name:?}");
            assert_eq!(takes(EnvFormat::Json), json, "json {name:?}");
        }
    }
}
