//! Names and ids as parts of the engine's paths.

use crate::error::{DockerError, Stage};

/// An image's name or id, if it can be one. Bollard writes it into a path as it is, where `..`, `?` or `#` would make
/// another request of it.
///
/// # Errors
/// [`crate::DockerErrorKind::Invalid`] where it is none.
pub(crate) fn in_path(stage: Stage, image: &str) -> Result<&str, DockerError> {
    let known = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '@' | '/' | '[' | ']')
    };
    let whole = |part: &str| !matches!(part, "" | "." | "..");
    if image.chars().all(known) && image.split('/').all(whole) {
        Ok(image)
    } else {
        Err(DockerError::invalid(
            stage,
            format!("`{image}` is neither an image's name nor its id"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_no_other_request() {
        for (image, expected) in [
            ("base", true),
            ("r.example:5000/team/app_x:1.2-rc", true),
            ("[::1]:5000/a@sha256:00", true),
            ("sha256:0123", true),
            ("", false),
            ("a//b", false),
            ("../containers/json", false),
            ("a/./b", false),
            ("a/..", false),
            ("%2e%2e/x", false),
            ("a?b", false),
            ("a#b", false),
            ("a b", false),
            ("a\\..\\b", false),
            ("ä", false),
        ] {
            assert_eq!(in_path(Stage::Inspect, image).is_ok(), expected, "{image}");
        }
    }
}
