//! Inputs that make no sense together, found before anything is touched.

use capstep_sdk::Failure;

use crate::inputs::Inputs;

/// # Errors
/// No name for the image, or the same one twice.
pub(crate) fn validate(inputs: &Inputs) -> Result<(), Failure> {
    let refuse = |message: String| Err(Failure::invalid(message));
    if inputs.tags.is_empty() {
        return refuse("tags: the image needs a name".to_owned());
    }
    let tags: Vec<&String> = inputs.tags.iter().collect();
    for (index, tag) in tags.iter().enumerate() {
        if tags.iter().take(index).any(|earlier| earlier == tag) {
            return refuse(format!("tags: `{tag}` is there twice"));
        }
    }
    Ok(())
}
