//! Groups of inputs of which a step must set at least one.

use capstep_pipeline::{Diagnostic, Node, Span, Spanned, Value as Tree};

use super::Walk;
use crate::manifest::Input;

impl Walk<'_, '_> {
    /// Asks for one input of each group. `fields` and `entries` are those of the record that starts at `around`; `owner`
    /// is the plugin, where it is the outermost one.
    pub(super) fn any_of(
        &mut self,
        groups: &[Vec<String>],
        fields: &[Input],
        entries: &[(Spanned<String>, Node)],
        around: Span,
        owner: Option<&str>,
    ) {
        for group in groups {
            let is_set =
                |(key, node): &(Spanned<String>, Node)| group.contains(&key.value) && says(node);
            if entries.iter().any(is_set) {
                continue;
            }
            let names: Vec<String> = group.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(" or ");
            let message = match owner {
                Some(owner) => format!("`{owner}` needs {names}"),
                None => format!("{names} is missing"),
            };
            let docs: Vec<String> = fields
                .iter()
                .filter(|field| group.contains(&field.name))
                .map(|field| match field.doc.as_str() {
                    "" => format!("{}: it is a {}", field.name, field.kind.word()),
                    doc => format!("{}: {doc}", field.name),
                })
                .collect();
            self.say(
                Diagnostic::error("missing-input", around, message)
                    .label(format!("without {names}"))
                    .help(format!("set one of them\n{}", docs.join("\n"))),
            );
        }
    }
}

/// Whether a value is more than none: an empty list sets an input as little as `null` does.
fn says(node: &Node) -> bool {
    match &node.value {
        Tree::Null => false,
        Tree::List(items) => !items.is_empty(),
        Tree::Map(entries) => !entries.is_empty(),
        Tree::String(_) | Tree::Number(_) | Tree::Bool(_) => true,
    }
}
