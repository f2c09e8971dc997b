//! The project that the demo deploys: a pipeline, a site, and a second pipeline that must be denied.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::servers::{DemoServers, USER};

/// The pipeline that passes, relative to the project's folder.
pub const PIPELINE_FILE: &str = "capstep.yml";

/// The pipeline whose plugin asks for more than it was handed, relative to the project's folder.
pub const DENIED_FILE: &str = "denied.yml";

/// The script that the pipeline runs on the server, and the only one that the server runs.
pub const SCRIPT: &str = include_str!("../project/deploy.sh");

/// The secrets that the pipeline declares; [`DemoProject::secrets`] has their values.
pub const SECRET_NAMES: [&str; 2] = ["DEPLOY_KEY", "SECRET_KEY_BASE"];

/// What the service must find in its environment file, and the script in its environment.
pub(crate) const REQUIRED_VARIABLES: [&str; 2] = ["SITE_NAME", "SECRET_KEY_BASE"];

const PIPELINE: &str = include_str!("../project/capstep.yml");
const DENIED: &str = include_str!("../project/denied.yml");
const INDEX: &str = include_str!("../project/site/index.html");
const STYLE: &str = include_str!("../project/site/style.css");

/// How far the script stands in from the margin of the pipeline.
const SCRIPT_INDENT: &str = "            ";

/// Random bytes of the service's key, as many as a web framework's own key has.
const KEY_BYTES: usize = 32;

/// The project's files.
#[derive(Debug)]
pub struct DemoProject;

impl DemoProject {
    /// Writes the project into a folder, which is made if it is not there. No secret is among the files.
    ///
    /// # Errors
    /// A folder or file can't be written.
    pub fn write(folder: &Path, servers: &DemoServers) -> io::Result<()> {
        for below in ["site", "deploy"] {
            fs::create_dir_all(folder.join(below))?;
        }
        let known_hosts = format!("{}\n", servers.known_hosts());
        for (name, content) in [
            (PIPELINE_FILE, fill(PIPELINE, servers)),
            (DENIED_FILE, fill(DENIED, servers)),
            ("deploy/known_hosts", known_hosts),
            ("site/index.html", INDEX.to_owned()),
            ("site/style.css", STYLE.to_owned()),
        ] {
            fs::write(folder.join(name), content)?;
        }
        Ok(())
    }

    /// The values of [`SECRET_NAMES`], in that order: the account's key, and a fresh key for the service.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn secrets(servers: &DemoServers) -> io::Result<[(&'static str, Zeroizing<String>); 2]> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).map_err(io::Error::other)?;
        let mut key = Zeroizing::new(String::with_capacity(2 * KEY_BYTES));
        for byte in bytes.iter() {
            // Writing to a string does not fail.
            let _ = write!(key, "{byte:02x}");
        }
        let [deploy_key, secret_key_base] = SECRET_NAMES;
        Ok([
            (deploy_key, Zeroizing::new(servers.user_key())),
            (secret_key_base, key),
        ])
    }
}

/// Puts ports, paths and the script in their places. The values are ours: a path of the system's temporary folder is
/// the only one that could hold anything strange, and is escaped as double-quoted YAML needs it.
fn fill(template: &str, servers: &DemoServers) -> String {
    let script: Vec<String> = SCRIPT
        .lines()
        .map(|line| format!("{SCRIPT_INDENT}{line}"))
        .collect();
    let release = servers.release().replace('\\', "\\\\").replace('"', "\\\"");
    template
        .replace("{script}", &script.join("\n"))
        .replace(
            "{target}",
            &format!("{USER}@127.0.0.1:{}", servers.ssh_port()),
        )
        .replace("{release}", &release)
        .replace(
            "{http}",
            &format!("http://127.0.0.1:{}", servers.http_port()),
        )
}
