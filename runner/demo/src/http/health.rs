//! Whether the service is up: it is as soon as a release is current whose environment file it can read.

use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::project::REQUIRED_VARIABLES;
use crate::root::{Root, SITE};

/// More than this no environment file of the demo holds.
const ENV_FILE_LIMIT: u64 = 64 * 1024;

/// What the service says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    /// No release is current, or it lacks what the service needs.
    Starting,
    /// A release runs.
    Healthy {
        /// Its name.
        release: String,
        /// What its environment file calls the site.
        site: String,
    },
}

impl Health {
    /// Looks. Each question looks again, as if the service had just been restarted by the switch of `current`.
    pub(super) fn look(root: &Root) -> Self {
        Self::find(root).unwrap_or(Self::Starting)
    }

    fn find(root: &Root) -> Option<Self> {
        let target = root
            .dir
            .read_link_contents(Path::new(SITE).join("current"))
            .ok()?;
        let release = target.file_name()?.to_str()?.to_owned();
        let path = Path::new(SITE).join("releases").join(&release).join(".env");
        let file = root.open_file(&path).ok()?;
        let mut text = Zeroizing::new(String::new());
        file.take(ENV_FILE_LIMIT).read_to_string(&mut text).ok()?;
        let variables: Vec<(String, Zeroizing<String>)> = capstep_envfile::parse_dotenv(&text)
            .ok()?
            .into_iter()
            .map(|(name, value)| (name, Zeroizing::new(value)))
            .collect();
        let value = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| known == name)?;
            Some(value.as_str()).filter(|value| !value.is_empty())
        };
        if !REQUIRED_VARIABLES.iter().all(|name| value(name).is_some()) {
            return None;
        }
        let site = value("SITE_NAME")?.to_owned();
        Some(Self::Healthy { release, site })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn it_is_healthy_once_a_release_with_its_environment_is_current() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let site = root.path.join(SITE);
        fs::create_dir_all(site.join("releases/r1")).unwrap();
        let healthy = || matches!(Health::look(&root), Health::Healthy { .. });
        assert!(!healthy());
        symlink("releases/r1", site.join("current")).unwrap();
        assert!(!healthy());
        let check = |env: &str, expected: bool| {
            fs::write(site.join("releases/r1/.env"), env).unwrap();
            assert_eq!(healthy(), expected, "{env}");
        };
        check("", false);
        check("SITE_NAME=x\n", false);
        check("SITE_NAME=x\nSECRET_KEY_BASE=\n", false);
        check("SITE_NAME='x'\nSECRET_KEY_BASE='unended\n", false);
        check("SITE_NAME='a b'\nSECRET_KEY_BASE='s'\n", true);
        let found = Health::look(&root);
        let (release, site) = ("r1".to_owned(), "a b".to_owned());
        assert_eq!(found, Health::Healthy { release, site });
    }
}
