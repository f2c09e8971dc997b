//! What names may look like.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Spanned;
pub(super) use crate::suggest::shown;

/// Whether it can be the id of a job or step, or the name of an output or plugin: a letter or `_`, then letters,
/// digits, `_` and `-`.
pub fn is_identifier(name: &str) -> bool {
    starts_well(name)
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Whether it can be the name of a variable or a secret, which is also that of an environment variable: a letter or
/// `_`, then letters, digits and `_`.
pub fn is_variable_name(name: &str) -> bool {
    starts_well(name) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn starts_well(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The pattern of [`is_identifier`], for the schema.
pub(super) const IDENTIFIER_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";
/// The pattern of [`is_variable_name`], for the schema.
pub(super) const VARIABLE_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// The mistake of a name that isn't an identifier. `what` says what it names: `a job's id`.
pub(super) fn check_identifier(name: &Spanned<String>, what: &str) -> Option<Diagnostic> {
    let message = format!("`{}` can't be {what}", shown(&name.value));
    (!is_identifier(&name.value)).then(|| {
        Diagnostic::error(codes::BAD_NAME, name.span, message)
            .help("a letter or `_` first, then letters, digits, `_` and `-`")
    })
}

/// The mistake of a name that can't be a variable's or a secret's.
pub(super) fn check_variable(name: &Spanned<String>, what: &str) -> Option<Diagnostic> {
    let message = format!("`{}` can't be {what}", shown(&name.value));
    (!is_variable_name(&name.value)).then(|| {
        Diagnostic::error(codes::BAD_NAME, name.span, message)
            .help("a letter or `_` first, then letters, digits and `_`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, identifier, variable| {
            assert_eq!(is_identifier(name), identifier, "{name}");
            assert_eq!(is_variable_name(name), variable, "{name}");
        };
        check("build", true, true);
        check("_x9", true, true);
        check("build-image", true, false);
        check("", false, false);
        check("9x", false, false);
        check("-x", false, false);
        check("a b", false, false);
        check("é", false, false);
        check("a.b", false, false);
    }
}
