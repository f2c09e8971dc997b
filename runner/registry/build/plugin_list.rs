//! Which plugins are built in.

use std::path::{Path, PathBuf};

/// A plugin's folder.
pub(crate) struct PluginFolder {
    /// The folder's name, which is the plugin's.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest: PathBuf,
}

impl PluginFolder {
    /// The name of its crate.
    pub(crate) fn package(&self) -> String {
        format!("capstep-plugin-{}", self.name)
    }

    /// The name of the component that cargo makes of it.
    pub(crate) fn artifact(&self) -> String {
        format!("{}.wasm", self.package().replace('-', "_"))
    }
}

/// The folders with a crate and a manifest in them, by name.
pub(crate) fn read(plugins: &Path) -> Result<Vec<PluginFolder>, String> {
    let unreadable = |error| format!("can't list {}: {error}", plugins.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(plugins).map_err(unreadable)? {
        let folder = entry.map_err(unreadable)?.path();
        let manifest = folder.join("plugin.toml");
        let name = folder.file_name().and_then(std::ffi::OsStr::to_str);
        if let Some(name) = name
            && manifest.is_file()
            && folder.join("Cargo.toml").is_file()
        {
            found.push(PluginFolder {
                name: name.to_owned(),
                manifest,
            });
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}
