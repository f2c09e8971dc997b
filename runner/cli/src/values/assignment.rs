//! `NAME=VALUE` on the command line.

use capstep_pipeline::did_you_mean;

use crate::error::CliError;

/// Splits `NAME=VALUE` of the flag, and checks that the pipeline declares the name.
///
/// The value is never shown: what follows `=` may be a secret in the wrong place.
pub(crate) fn split<'a>(
    flag: &str,
    written: &'a str,
    declared: &[&str],
    what: &str,
) -> Result<(&'a str, &'a str), CliError> {
    let Some((name, value)) = written.split_once('=') else {
        return Err(
            CliError::usage(format!("`{flag}` needs a name and a value")).hint(format!(
                "write `{flag} NAME=…`, with the name of one of the pipeline's `{what}`"
            )),
        );
    };
    if declared.contains(&name) {
        return Ok((name, value));
    }
    let error = CliError::usage(format!(
        "`{flag} {name}`: the pipeline's `{what}` have no `{name}`"
    ));
    Err(match did_you_mean(name, declared.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if declared.is_empty() => error.hint(format!("the pipeline declares no `{what}`")),
        None => error.hint(format!("it declares `{}`", declared.join("`, `"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_be_declared() {
        let check = |written, declared: &[&str], expected: Result<(&str, &str), &str>| {
            let found = split("--var", written, declared, "vars");
            let found =
                found.map_err(|error| format!("{}; {}", error.message, error.hints.join("; ")));
            assert_eq!(found, expected.map_err(str::to_owned), "{written}");
        };
        let declared = ["TARGET", "PORT"];
        check("TARGET=a=b", &declared, Ok(("TARGET", "a=b")));
        check("PORT=", &declared, Ok(("PORT", "")));
        check(
            "TARGT=x",
            &declared,
            Err("`--var TARGT`: the pipeline's `vars` have no `TARGT`; did you mean `TARGET`?"),
        );
        check(
            "X=hunter2",
            &declared,
            Err("`--var X`: the pipeline's `vars` have no `X`; it declares `TARGET`, `PORT`"),
        );
        check(
            "X=1",
            &[],
            Err("`--var X`: the pipeline's `vars` have no `X`; the pipeline declares no `vars`"),
        );
        check(
            "hunter2",
            &declared,
            Err(
                "`--var` needs a name and a value; write `--var NAME=…`, with the name of one of the pipeline's `vars`",
            ),
        );
    }
}
