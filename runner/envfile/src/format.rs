//! The formats, by the reader each is written for.

/// Which reader the file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvFormat {
    /// Docker Compose's `.env` and `env_file` (compose-go); wherever possible python-dotenv,
    /// docker-compose 1.29 and bash's `source` read the same values (see the crate's table).
    Compose,
    /// `docker run --env-file`: raw `NAME=VALUE` lines, where quotes are part of the value.
    Docker,
    /// `. file` in sh or bash: plain assignments, not exported. Use `set -a` before it to export.
    Shell,
    /// One JSON object, names in the order given.
    Json,
}

impl EnvFormat {
    /// Every format, in the order documentation lists them.
    pub const ALL: [Self; 4] = [Self::Compose, Self::Docker, Self::Shell, Self::Json];

    /// The format called `name` (as in [`EnvFormat::name`]), if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The word that stands for this format in a pipeline.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Docker => "docker",
            Self::Shell => "shell",
            Self::Json => "json",
        }
    }
}

impl std::fmt::Display for EnvFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for format in EnvFormat::ALL {
            assert_eq!(EnvFormat::parse(format.name()), Some(format));
        }
    }

    #[test]
    fn unknown_names_are_none() {
        for name in ["", "Compose", "dotenv", "json "] {
            assert_eq!(EnvFormat::parse(name), None, "{name:?}");
        }
    }
}
