//! How one input names another: a sibling in the same record, or one in the record around it.

/// A reference such as `target`, `../target` or `requires/api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiblingRef {
    /// An input `up` records further out (0: the same record), by name.
    Input {
        /// How many records further out.
        up: usize,
        /// The input's name there.
        name: String,
    },
    /// A fixed requirement of the manifest.
    Requirement(String),
}

impl SiblingRef {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("requires/") {
            return Ok(Self::Requirement(name.to_owned()));
        }
        let mut rest = text;
        let mut up = 0;
        while let Some(shorter) = rest.strip_prefix("../") {
            rest = shorter;
            up += 1;
        }
        if rest.is_empty() || rest.contains('/') || rest.contains('(') {
            return Err(format!(
                "`{text}` names no input: write `name`, `../name` or `requires/NAME`"
            ));
        }
        Ok(Self::Input {
            up,
            name: rest.to_owned(),
        })
    }
}

impl std::fmt::Display for SiblingRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input { up, name } => {
                for _ in 0..*up {
                    f.write_str("../")?;
                }
                f.write_str(name)
            }
            Self::Requirement(name) => write!(f, "requires/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_shown_alike() {
        for text in ["target", "../target", "../../x", "requires/api"] {
            assert_eq!(SiblingRef::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "../", "a/b", "a(b"] {
            assert!(SiblingRef::parse(text).is_err(), "{text}");
        }
    }
}
