//! `capstep plugin pack`

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use capstep_grants::manifest::{Manifest, ManifestDeclaration, ManifestError};
use capstep_host::sandbox::check_plugin;
use capstep_registry::{MAX_PLUGIN_BYTES, pack};
use clap::Args;
use zeroize::Zeroizing;

use crate::bounded::{self, Bounded};
use crate::context::Context;
use crate::error::{CliError, of_system};
use crate::exit;

/// The largest manifest: one of a hundred inputs with long docs has a tenth of this.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

/// Put a manifest into a plugin's file.
///
/// A world or command plugin carries its manifest in itself, as the custom section `capstep:manifest`, so that what it
/// asks for can't get lost or differ from what was checked. This command checks the manifest, and the file against it:
/// that it has the way in which the manifest names, and imports nothing but what the manifest's inputs account for. Then
/// it writes the file with the manifest in it; one that was in it already is replaced, all else stays as it is, byte for
/// byte. A core module of WASI 0.1 stays one: capstep makes a component of it when it is loaded.
///
/// Nothing is run, and where something is wrong nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  capstep plugin pack plugins/count.wasm --manifest plugin.toml
  capstep plugin pack target/wasm32-wasip2/release/count.wasm --manifest plugin.toml -o plugins/count.wasm")]
pub(crate) struct Arguments {
    /// The compiled plugin: a component, or a core module of WASI 0.1.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The manifest; `capstep schema manifest` says what is in it.
    #[arg(long, short, value_name = "plugin.toml")]
    manifest: PathBuf,
    /// Where to write; without it, the file itself is replaced.
    #[arg(long, short, value_name = "OUT")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<u8, CliError> {
    let at = |path: &Path| context.folder.join(path);
    let text = read(
        &at(&arguments.manifest),
        &arguments.manifest,
        MAX_MANIFEST_BYTES,
    )?;
    let (declaration, manifest) = parse(&text, &arguments.manifest)?;
    let bytes = read(&at(&arguments.file), &arguments.file, MAX_PLUGIN_BYTES)?;
    let file = arguments.file.display();
    let packed = pack(&bytes, &declaration)
        .map_err(|error| CliError::usage(format!("`{file}` can't be packed: {error}")))?;
    check_plugin(&packed, &capstep_engine::declared(&manifest)).map_err(|error| {
        CliError::usage(format!(
            "`{file}` and `{}` don't go together: {error}",
            arguments.manifest.display()
        ))
    })?;
    let output = arguments.output.as_ref().unwrap_or(&arguments.file);
    write(&at(output), &packed).map_err(|error| {
        let why = of_system(&error);
        CliError::infrastructure(format!("`{}` can't be written: {why}", output.display()))
    })?;
    context.printer.people(&format!(
        "`{}` is the plugin {} {}: {} bytes with its manifest\n",
        output.display(),
        manifest.name,
        declaration.version,
        packed.len()
    ));
    Ok(exit::PASSED)
}

/// The manifest, or all mistakes in it.
fn parse(text: &[u8], path: &Path) -> Result<(ManifestDeclaration, Manifest), CliError> {
    let shown = path.display();
    let text = str::from_utf8(text)
        .map_err(|error| CliError::usage(format!("`{shown}` is no UTF-8 text: {error}")))?;
    Manifest::from_toml(text).map_err(|error| match error {
        ManifestError::Problems(problems) => {
            let lines: String = problems
                .iter()
                .map(|problem| format!("\n  {problem}"))
                .collect();
            CliError::usage(format!("`{shown}` has {} mistakes:{lines}", problems.len()))
        }
        other => CliError::usage(format!("`{shown}`: {other}")),
    })
}

fn read(path: &Path, shown: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let shown = shown.display();
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => CliError::usage(format!("there is no file `{shown}`")),
        _ => CliError::usage(format!("`{shown}` can't be read: {error}")),
    };
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(CliError::usage(format!("`{shown}` is not a file")));
    }
    match bounded::read(path, limit).map_err(unreadable)? {
        Bounded::Whole(bytes) => Ok(bytes),
        Bounded::TooLarge => {
            let limit = limit / (1024 * 1024);
            Err(CliError::usage(format!(
                "`{shown}` is larger than {limit} MiB"
            )))
        }
    }
}

/// Writes the file whole: to one beside it, which then takes its place.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    let mode = path
        .metadata()
        .map_or(0o644, |metadata| metadata.permissions().mode());
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(mode & 0o777))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
