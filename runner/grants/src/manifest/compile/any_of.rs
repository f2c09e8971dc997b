//! Groups of inputs of which a step must set at least one.

use super::Compiler;
use crate::manifest::model::Input;

impl Compiler {
    /// Checks the groups of a record with these fields.
    pub(super) fn any_of(&mut self, groups: &[Vec<String>], fields: &[Input], at: &str) {
        for group in groups {
            if group.len() < 2 {
                self.problem(
                    at,
                    "a group names two inputs at least: one alone is `required`",
                );
            }
            for (index, name) in group.iter().enumerate() {
                let message = match fields.iter().find(|field| field.name == *name) {
                    None => format!("there is no input `{name}` beside it"),
                    // It would be there whatever the step says, and the group would ask for nothing.
                    Some(field) if field.required || field.default.is_some() => {
                        format!("`{name}` is always there: it is `required` or has a `default`")
                    }
                    Some(_) if group.iter().take(index).any(|earlier| earlier == name) => {
                        format!("`{name}` stands in it twice")
                    }
                    Some(_) => continue,
                };
                self.problem(at, message);
            }
        }
    }
}
