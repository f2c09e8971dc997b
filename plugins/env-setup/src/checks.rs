//! What must be there, and must not be empty.

use crate::inputs::Inputs;
use crate::problem::Problem;

/// Required names that are missing, and empty values where there may be none.
pub(crate) fn presence(inputs: &Inputs) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    for name in &inputs.required {
        if asked.contains(&name.as_str()) {
            continue;
        }
        asked.push(name);
        match inputs.vars.get(name) {
            None => problems.push(Problem::missing(name)),
            Some(value) if value.is_empty() => problems.push(Problem::of(name, "is empty")),
            Some(_) => {}
        }
    }
    if !inputs.allow_empty {
        let empty = inputs
            .vars
            .iter()
            .filter(|(name, value)| value.is_empty() && !asked.contains(&name.as_str()));
        problems.extend(empty.map(|(name, _)| Problem::of(name, "is empty")));
    }
    problems
}
