//! Where a secret's value comes from, as written on a command line or in a configuration.
//!
//! Nothing is read here: the caller opens the file or looks at the environment.

use std::path::PathBuf;

use zeroize::Zeroize;

use crate::SecretValue;

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderSpec {
    /// `file:PATH`: the content of a file, see [`value_from_file`].
    File(PathBuf),
    /// `env:VAR`: an environment variable, exactly as it is.
    Env(String),
    /// `age:FILE`: the value of that name in an age-encrypted file.
    Age(PathBuf),
}

/// Why a text is no [`ProviderSpec`].
///
/// None of these shows the text: somebody who writes the secret itself where its source belongs would find it in the
/// log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Neither `file:`, `env:` nor `age:` begins the text.
    #[error("a secret's source begins with `file:`, `env:` or `age:`")]
    Scheme,
    /// Nothing follows `file:` or `age:`, or it contains a NUL.
    #[error("`file:` and `age:` are followed by a path")]
    Path,
    /// What follows `env:` is not a name of letters, digits and `_` that doesn't begin with a digit.
    #[error("`env:` is followed by the name of an environment variable")]
    Variable,
}

/// Why a file's content is no secret value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileValueError {
    /// Values are texts; bytes of another kind are carried as base64.
    #[error("the file is not UTF-8 text")]
    NotText,
}

/// Reads `file:PATH`, `env:VAR` or `age:FILE`.
///
/// # Errors
/// [`SpecError`] says which part is wrong, never what was written.
pub fn parse_spec(text: &str) -> Result<ProviderSpec, SpecError> {
    let path_after = |prefix: &str| {
        let path = text.strip_prefix(prefix)?;
        let whole = !path.is_empty() && !path.contains('\0');
        Some(whole.then(|| PathBuf::from(path)).ok_or(SpecError::Path))
    };
    if let Some(path) = path_after("file:") {
        return path.map(ProviderSpec::File);
    }
    if let Some(path) = path_after("age:") {
        return path.map(ProviderSpec::Age);
    }
    let name = text.strip_prefix("env:").ok_or(SpecError::Scheme)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(fits)
    {
        return Err(SpecError::Variable);
    }
    Ok(ProviderSpec::Env(name.to_owned()))
}

/// The value in a file with this content: the content without exactly one newline at its end (`\n` or `\r\n`), which
/// editors and `echo` add. A second one belongs to the value.
///
/// # Errors
/// [`FileValueError`] when the content is not text; the bytes are overwritten.
pub fn value_from_file(content: Vec<u8>) -> Result<SecretValue, FileValueError> {
    let mut text = String::from_utf8(content).map_err(|error| {
        error.into_bytes().zeroize();
        FileValueError::NotText
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(SecretValue::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs() {
        let check = |text: &str, expected: Result<ProviderSpec, SpecError>| {
            assert_eq!(parse_spec(text), expected, "{text}");
        };
        check(
            "file:/run/secrets/a:b",
            Ok(ProviderSpec::File("/run/secrets/a:b".into())),
        );
        check("file:key", Ok(ProviderSpec::File("key".into())));
        check("file:", Err(SpecError::Path));
        check(
            "age:ci/secrets.age",
            Ok(ProviderSpec::Age("ci/secrets.age".into())),
        );
        check("age:", Err(SpecError::Path));
        check("file:a\0b", Err(SpecError::Path));
        check(
            "env:DB_PASSWORD",
            Ok(ProviderSpec::Env("DB_PASSWORD".into())),
        );
        check("env:_x9", Ok(ProviderSpec::Env("_x9".into())));
        check("env:", Err(SpecError::Variable));
        check("env:9x", Err(SpecError::Variable));
        check("env:A=B", Err(SpecError::Variable));
        check("hunter2", Err(SpecError::Scheme));
        check("FILE:x", Err(SpecError::Scheme));
    }

    #[test]
    fn errors_do_not_show_the_text() {
        for text in ["hunter2", "env:hunter-2"] {
            assert!(!parse_spec(text).unwrap_err().to_string().contains("hunter"));
        }
    }

    #[test]
    fn one_newline_goes() {
        let check = |content: &[u8], expected: &str| {
            assert_eq!(
                value_from_file(content.to_vec()).unwrap().expose(),
                expected
            );
        };
        check(b"a", "a");
        check(b"a\n", "a");
        check(b"a\r\n", "a");
        check(b"a\n\n", "a\n");
        check(b"a\r", "a\r");
        check(b"", "");
        check(b"\n", "");
        assert_eq!(
            value_from_file(vec![0xff]).unwrap_err(),
            FileValueError::NotText
        );
    }
}
