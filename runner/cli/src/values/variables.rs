//! The values of the pipeline's `vars`.

use std::collections::HashMap;

use capstep_grants::bind::Knowledge;
use capstep_grants::plan::Variables;
use capstep_pipeline::{Diagnostic, Node, Value as Tree, VarDecl};
use serde_json::Value;

use super::assignment;
use super::env_file::EnvFile;
use crate::arguments::VariableArguments;
use crate::codes;
use crate::context::{Context, Environment};
use crate::error::CliError;
use crate::project::Project;

/// The values for a plan or a run: `--var`, else `--env-file`, else the environment, else the default. Without an
/// environment it is not looked at: what an untrusted file declares says which variables of the caller it would see.
pub(crate) fn resolve(
    project: &Project,
    arguments: &VariableArguments,
    env_file: &EnvFile,
    environment: Option<&Environment>,
) -> Result<Variables, CliError> {
    let given = Given::read(project, arguments, env_file)?;
    let mut variables = Variables::default();
    let mut mistakes = Vec::new();
    for declared in declared(project) {
        match given.value(declared, environment) {
            Ok(Some(value)) => {
                variables.values.insert(declared.name.value.clone(), value);
            }
            Ok(None) => mistakes.push(missing(declared, environment.is_some())),
            Err(mistake) => mistakes.push(*mistake),
        }
    }
    if mistakes.is_empty() {
        Ok(variables)
    } else {
        mistakes.extend(project.mistakes.iter().cloned());
        Err(CliError::located(project.source.clone(), mistakes))
    }
}

/// The values for a check of the file alone: the environment is not looked at, and what has no value is not known yet.
pub(crate) fn for_lint(
    project: &Project,
    arguments: &VariableArguments,
    env_file: &EnvFile,
) -> Result<Variables, CliError> {
    let given = Given::read(project, arguments, env_file)?;
    let mut variables = Variables::default();
    for declared in declared(project) {
        let value = given
            .value(declared, None)
            .map_err(|mistake| CliError::located(project.source.clone(), vec![*mistake]))?;
        let value = value.unwrap_or((Value::Null, Knowledge::NotYet));
        variables.values.insert(declared.name.value.clone(), value);
    }
    Ok(variables)
}

/// The values for a plan of an earlier version of the file: what it doesn't declare is not asked of it, and what has no
/// value is not known.
pub(crate) fn for_earlier(
    project: &Project,
    arguments: &VariableArguments,
    env_file: &EnvFile,
    context: &Context,
) -> Result<Variables, CliError> {
    let is_declared = |written: &String| {
        let name = written.split_once('=').map_or("", |(name, _)| name);
        declared(project).any(|var| var.name.value == name)
    };
    let flags = VariableArguments {
        variables: arguments
            .variables
            .iter()
            .filter(|written| is_declared(written))
            .cloned()
            .collect(),
        env_file: None,
    };
    let given = Given::read(project, &flags, env_file)?;
    let mut variables = Variables::default();
    for declared in declared(project) {
        let value = given.value(declared, Some(&context.environment));
        let unknown = (Value::Null, Knowledge::NotYet);
        let value = value.ok().flatten().unwrap_or(unknown);
        variables.values.insert(declared.name.value.clone(), value);
    }
    Ok(variables)
}

fn declared(project: &Project) -> impl Iterator<Item = &VarDecl> {
    project.pipeline.iter().flat_map(|pipeline| &pipeline.vars)
}

/// What flags and files say.
struct Given<'a> {
    flags: HashMap<&'a str, &'a str>,
    file: &'a EnvFile,
}

impl<'a> Given<'a> {
    fn read(
        project: &Project,
        arguments: &'a VariableArguments,
        file: &'a EnvFile,
    ) -> Result<Self, CliError> {
        let mut flags = HashMap::new();
        // Where the pipeline can't be read, what it declares isn't known either; its mistakes are told instead.
        if project.pipeline.is_some() {
            let names: Vec<&str> = declared(project)
                .map(|var| var.name.value.as_str())
                .collect();
            for written in &arguments.variables {
                let (name, value) = assignment::split("--var", written, &names, "vars")?;
                if flags.insert(name, value).is_some() {
                    return Err(CliError::usage(format!("`--var {name}` is given twice")));
                }
            }
        }
        Ok(Self { flags, file })
    }

    /// The variable's value and how far it is the author's own; none where nothing gives one.
    fn value(
        &self,
        declared: &VarDecl,
        environment: Option<&Environment>,
    ) -> Result<Option<(Value, Knowledge)>, Box<Diagnostic>> {
        let name = declared.name.value.as_str();
        let flag = self.flags.get(name).map(|value| (*value, "`--var`"));
        let from_file = || self.file.get(name).map(|value| (value, "`--env-file`"));
        if let Some((text, from)) = flag.or_else(from_file) {
            return Ok(Some((typed(declared, text, from)?, Knowledge::Written)));
        }
        if let Some(value) = environment.and_then(|found| found.get(name)) {
            let text = value.into_string().map_err(|_| not_text(declared))?;
            let value = typed(declared, &text, "the environment")?;
            return Ok(Some((value, Knowledge::Environment)));
        }
        let default = declared.default.as_ref().map(default_value);
        Ok(default.map(|value| (value, Knowledge::Written)))
    }
}

/// A text as the type that the default has: a variable with a default of 3 is a number wherever its value comes from.
fn typed(declared: &VarDecl, text: &str, from: &str) -> Result<Value, Box<Diagnostic>> {
    let (value, expected) = match declared.default.as_ref().map(|node| &node.value) {
        Some(Tree::Bool(_)) => (text.parse().ok().map(Value::Bool), "true or false"),
        Some(Tree::Number(_)) => (number(text), "a number"),
        _ => (Some(Value::from(text)), "text"),
    };
    value.ok_or_else(|| {
        let name = &declared.name;
        let message = format!(
            "the value of `{}` from {from} is not {expected}",
            name.value
        );
        let mistake = Diagnostic::error(codes::INVALID_VALUE, name.span, message)
            .label(format!("its default is {expected}"))
            .help("give a value of that type, or put the default in quotes to take any text");
        Box::new(mistake)
    })
}

fn not_text(declared: &VarDecl) -> Box<Diagnostic> {
    let name = &declared.name;
    let message = format!(
        "the environment variable `{}` is not UTF-8 text",
        name.value
    );
    Box::new(Diagnostic::error(codes::INVALID_VALUE, name.span, message))
}

/// A number that JSON writes as it was written is a number; `1.10`, a version perhaps, stays text.
fn number(text: &str) -> Option<Value> {
    let number: serde_json::Number = text.parse().ok()?;
    if number.to_string() == text {
        Some(Value::Number(number))
    } else {
        Some(Value::from(text))
    }
}

fn default_value(node: &Node) -> Value {
    match &node.value {
        Tree::Number(written) => number(&written.raw).unwrap_or_else(|| written.raw.clone().into()),
        _ => node.to_json(),
    }
}

fn missing(declared: &VarDecl, from_environment: bool) -> Diagnostic {
    let name = &declared.name.value;
    let ways = if from_environment {
        format!(
            "give it with `--var {name}=…`, in an `--env-file` or as the environment variable `{name}`"
        )
    } else {
        format!(
            "give it with `--var {name}=…` (an untrusted run takes nothing from the environment)"
        )
    };
    let message = format!("the variable `{name}` has no value");
    Diagnostic::error(codes::MISSING_VALUE, declared.name.span, message)
        .label("declared without a default")
        .help(format!("{ways}, or write a default here"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::arguments::FileArgument;
    use crate::printer::{Look, Printer};

    const PIPELINE: &str = "version: 1
vars: { TARGET: , RETRIES: 3, VERSION: 1.10, DEBUG: false, NAME: web }
jobs: { a: { steps: [ { uses: noop } ] } }
";

    /// The values as `NAME=value(from)`, or the mistakes.
    fn resolved(flags: &[&str], file: Option<&str>, environment: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("capstep.yml"), PIPELINE).unwrap();
        std::fs::write(folder.path().join(".env"), file.unwrap_or("")).unwrap();
        let context = Context {
            folder: folder.path().to_owned(),
            environment: Environment::of(environment),
            printer: Printer {
                people: Look::default(),
                data: Look::default(),
                is_terminal: false,
            },
        };
        let project = Project::read(&context, &FileArgument { file: None }).unwrap();
        let arguments = VariableArguments {
            variables: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            env_file: file.map(|_| PathBuf::from(".env")),
        };
        let resolved = EnvFile::read(&context, arguments.env_file.as_deref())
            .and_then(|file| resolve(&project, &arguments, &file, Some(&context.environment)));
        match resolved {
            Ok(variables) => variables
                .values
                .iter()
                .map(|(name, (value, from))| format!("{name}={value}({from:?})"))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => match error.located {
                Some(located) => located
                    .diagnostics
                    .iter()
                    .map(|found| format!("{}: {}", located.source.place(found.span), found.message))
                    .collect::<Vec<_>>()
                    .join("; "),
                None => format!("{}; {}", error.message, error.hints.join("; ")),
            },
        }
    }

    #[test]
    fn the_nearest_source_wins_and_types_stay() {
        let check = |flags: &[&str], file, environment: &[(&str, &str)], expected: &str| {
            assert_eq!(resolved(flags, file, environment), expected);
        };
        check(
            &["TARGET=x"],
            None,
            &[],
            "DEBUG=false(Written) NAME=\"web\"(Written) RETRIES=3(Written) TARGET=\"x\"(Written) VERSION=\"1.10\"(Written)",
        );
        check(
            &["RETRIES=5"],
            Some("TARGET=file\nRETRIES=4\nOTHER=1\n"),
            &[
                ("TARGET", "environment"),
                ("DEBUG", "true"),
                ("VERSION", "2.00"),
                ("PATH", "/bin"),
            ],
            "DEBUG=true(Environment) NAME=\"web\"(Written) RETRIES=5(Written) TARGET=\"file\"(Written) VERSION=\"2.00\"(Environment)",
        );
        check(
            &["TARGET=5"],
            None,
            &[],
            "DEBUG=false(Written) NAME=\"web\"(Written) RETRIES=3(Written) TARGET=\"5\"(Written) VERSION=\"1.10\"(Written)",
        );
    }

    #[test]
    fn what_is_wrong_is_located() {
        let check = |flags: &[&str], file, environment: &[(&str, &str)], expected: &str| {
            assert_eq!(resolved(flags, file, environment), expected);
        };
        check(
            &[],
            None,
            &[],
            "capstep.yml:2:9: the variable `TARGET` has no value",
        );
        check(
            &["TARGET=x", "RETRIES=many", "DEBUG=yes"],
            None,
            &[],
            "capstep.yml:2:19: the value of `RETRIES` from `--var` is not a number; capstep.yml:2:46: the value of `DEBUG` from `--var` is not true or false",
        );
        check(
            &["TARGET=x", "TARGET=y"],
            None,
            &[],
            "`--var TARGET` is given twice; ",
        );
        check(
            &["RETRY=1"],
            None,
            &[],
            "`--var RETRY`: the pipeline's `vars` have no `RETRY`; did you mean `RETRIES`?",
        );
        check(
            &[],
            Some("A=$B\n"),
            &[],
            ".env:1:3: variables are not interpolated here: use single quotes for a literal `$`, or write the value out; ",
        );
    }
}
