//! Puts each manifest into its component, and all components into one table.

use std::fmt::Write as _;
use std::path::Path;

use capstep_grants::manifest::Manifest;

use crate::plugin_list::PluginFolder;

/// Reads the components in `folder`, appends their manifests and writes `built_in.rs` to `out`.
pub(crate) fn write(out: &Path, folder: &Path, plugins: &[PluginFolder]) -> Result<(), String> {
    let mut table = "&[\n".to_owned();
    for plugin in plugins {
        let artifact = folder.join(plugin.artifact());
        let mut bytes = std::fs::read(&artifact)
            .map_err(|error| format!("can't read {}: {error}", artifact.display()))?;
        bytes.extend(section(plugin)?);
        let embedded = out.join(format!("{}.wasm", plugin.name));
        std::fs::write(&embedded, bytes)
            .map_err(|error| format!("can't write {}: {error}", embedded.display()))?;
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "    ({:?}, include_bytes!({embedded:?})),",
            plugin.name
        );
    }
    table.push_str("]\n");
    let path = out.join("built_in.rs");
    std::fs::write(&path, table).map_err(|error| format!("can't write {}: {error}", path.display()))
}

/// The manifest as a custom section, once it is known to be right.
fn section(plugin: &PluginFolder) -> Result<Vec<u8>, String> {
    let path = plugin.manifest.display();
    let text = std::fs::read_to_string(&plugin.manifest)
        .map_err(|error| format!("can't read {path}: {error}"))?;
    let (declaration, manifest) =
        Manifest::from_toml(&text).map_err(|error| format!("{path}: {error}"))?;
    if manifest.name == plugin.name {
        Ok(declaration.to_custom_section())
    } else {
        Err(format!(
            "{path}: the plugin calls itself `{}`, its folder `{}`",
            manifest.name, plugin.name
        ))
    }
}
