//! Puts what names of the file stand for in their place: `env.NAME`, `inputs.NAME`, the outputs of an include.

use std::sync::Arc;

use super::ast::{Ast, Kind};
use super::frame::{FileNames, Frame};
use super::limits::MAX_NAMED_PARTS;
use super::reference::{Reference, Target};
use super::template::Template;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::suggest::{shown, similar};

/// Resolves all of an expression.
pub(super) fn resolve(ast: &mut Ast, frame: &Frame, mistakes: &mut Vec<Diagnostic>) {
    if let Kind::Reference(reference) = &mut ast.kind {
        match of_reference(reference, frame) {
            Ok(None) => {}
            Ok(Some(kind)) => ast.kind = kind,
            Err(mistake) => mistakes.push(mistake),
        }
        return;
    }
    for part in ast.own_parts_mut() {
        resolve(part, frame, mistakes);
    }
}

/// What a path stands for, where it is a name of the file. A step's id becomes that of the job.
fn of_reference(reference: &mut Reference, frame: &Frame) -> Result<Option<Kind>, Diagnostic> {
    let span = reference.span;
    if let (Some(_), Some(diagnostic)) = (frame.file(), not_in_a_file(reference)) {
        return Err(diagnostic);
    }
    match &mut reference.target {
        Target::Env(name) => env(name, frame, span).map(Some),
        Target::Input(name) => {
            let rest = reference.path.get(2..).unwrap_or_default();
            input(name, rest, frame, span)
        }
        Target::StepOutput { step, output } => {
            if let Some(outputs) = frame.include(step) {
                let Some(template) = outputs.get(output) else {
                    return Err(unknown_output(step, output, outputs.keys(), span));
                };
                let rest = reference.path.get(4..).unwrap_or_default();
                return named(template, rest, span).map(Some);
            }
            *step = frame.id_in_job(step);
            in_job(&mut reference.path, step);
            Ok(None)
        }
        Target::StepOutcome(step) => {
            if frame.include(step).is_some() {
                let message = format!("`{}` is an include, which has no outcome", shown(step));
                return Err(Diagnostic::error(codes::UNKNOWN_STEP, span, message).help(
                    "let the file have an output that says what is needed, and refer to that",
                ));
            }
            *step = frame.id_in_job(step);
            in_job(&mut reference.path, step);
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn in_job(path: &mut [String], id: &str) {
    if let Some(part) = path.get_mut(1) {
        id.clone_into(part);
    }
}

/// What an included file can't see: it has what is handed to it.
fn not_in_a_file(reference: &Reference) -> Option<Diagnostic> {
    let name = match &reference.target {
        Target::Secret(name) | Target::Variable(name) | Target::Matrix(name) => name.as_str(),
        Target::JobOutput { output, .. } => output.as_str(),
        Target::JobOutcome(_) => "outcome",
        Target::Event => reference.path.get(1).map_or("event", String::as_str),
        Target::StepOutput { .. }
        | Target::StepOutcome(_)
        | Target::Run(_)
        | Target::Env(_)
        | Target::Input(_) => return None,
    };
    let (written, name) = (reference.path.join("."), shown(name));
    let message =
        format!("`{written}` is not known in an included file, which has what is handed to it");
    Some(
        Diagnostic::error(codes::UNKNOWN_CONTEXT, reference.span, message).help(format!(
            "use `inputs.{name}` here, declare `{name}:` in the file's `inputs`, and hand it over where the file is included: `with: {{ {name}: \"${{{{ {written} }}}}\" }}`"
        )),
    )
}

fn env(name: &str, frame: &Frame, span: Span) -> Result<Kind, Diagnostic> {
    let Some(template) = frame.env(name) else {
        let name = shown(name);
        let help = similar(&name, frame.env_names().into_iter()).unwrap_or_else(|| {
            format!("add `{name}` to `env` of the step, of its job or of the pipeline")
        });
        let message = format!("`env` has no `{name}` here");
        return Err(Diagnostic::error(codes::UNKNOWN_VARIABLE, span, message).help(help));
    };
    if !template.secrets().is_empty() {
        let message = format!(
            "`env.{}` holds a secret, which expressions take by its own name",
            shown(name)
        );
        return Err(Diagnostic::error(codes::SECRET_EXPOSED, span, message)
            .help("write `secrets.NAME` where the secret is handed over"));
    }
    named(template, &[], span)
}

fn input(
    name: &str,
    rest: &[String],
    frame: &Frame,
    span: Span,
) -> Result<Option<Kind>, Diagnostic> {
    let Some(file) = frame.file() else {
        let message = "`inputs` is known only in files that are included";
        return Err(
            Diagnostic::error(codes::UNKNOWN_CONTEXT, span, message).help(
                "the pipeline's own values are `vars.NAME`, `secrets.NAME` and what steps give",
            ),
        );
    };
    let Some(handed) = file.inputs.get(name) else {
        return Err(unknown_input(name, file, span));
    };
    let Some(node) = handed else {
        return Ok(None);
    };
    if let Some(template) = &node.template {
        return named(template, rest, span).map(Some);
    }
    if !node.references().is_empty() {
        let name = shown(name);
        let message = format!(
            "the input `{name}` is a list or map with expressions in it, which can't be worked out here"
        );
        return Err(
            Diagnostic::error(codes::EXPRESSION_NOT_ALLOWED, span, message).help(format!(
                "hand it on as a whole: a value that is `${{{{ inputs.{name} }}}}` and nothing else"
            )),
        );
    }
    let literal = Kind::Literal(node.to_json_as_written());
    Ok(Some(member(literal, rest, span)))
}

fn unknown_input(name: &str, file: &FileNames, span: Span) -> Diagnostic {
    let name = shown(name);
    let help = similar(&name, file.inputs.keys().map(String::as_str))
        .unwrap_or_else(|| format!("declare it in the file: `inputs: {{ {name}: }}`"));
    let message = format!("this file declares no input `{name}`");
    Diagnostic::error(codes::UNKNOWN_INPUT, span, message).help(help)
}

fn unknown_output<'a>(
    step: &str,
    output: &str,
    known: impl Iterator<Item = &'a String>,
    span: Span,
) -> Diagnostic {
    let output = shown(output);
    let help = similar(&output, known.map(String::as_str)).unwrap_or_else(|| {
        format!("add it to the file that is included: `outputs: {{ {output}: \"${{{{ steps.ID.outputs.NAME }}}}\" }}`")
    });
    let message = format!(
        "the file that `{}` includes has no output `{output}`",
        shown(step)
    );
    Diagnostic::error(codes::UNKNOWN_OUTPUT, span, message).help(help)
}

/// What a text stands for, and what `rest` leads to in it.
fn named(template: &Arc<Template>, rest: &[String], span: Span) -> Result<Kind, Diagnostic> {
    if template.size() > MAX_NAMED_PARTS {
        let message = format!(
            "what this stands for has more than {MAX_NAMED_PARTS} parts, with all that it refers to"
        );
        return Err(Diagnostic::error(codes::LIMIT_EXCEEDED, span, message)
            .help("let a step work it out and use its output"));
    }
    Ok(member(Kind::Named(Arc::clone(template)), rest, span))
}

fn member(kind: Kind, rest: &[String], span: Span) -> Kind {
    if rest.is_empty() {
        return kind;
    }
    Kind::Member(Box::new(Ast { kind, span }), rest.to_vec())
}
