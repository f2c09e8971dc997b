//! Where state and compiled plugins are kept on this machine.

use std::ffi::OsString;
use std::path::PathBuf;

use capstep_host::ScriptHost;
use capstep_host::sandbox::CacheDirectories;
use capstep_process::Program;

use crate::context::Environment;
use crate::error::CliError;

/// The program's folder in each of the places below.
const NAME: &str = "capstep";
/// The machine's own compiled plugins: owned by root, read by everybody.
const SYSTEM_CACHE: &str = "/var/cache/capstep";

/// `$XDG_STATE_HOME/capstep`, else `~/.local/state/capstep`: runs, journals, sealed files.
pub(crate) fn state(environment: &Environment) -> Result<PathBuf, CliError> {
    base(environment, "XDG_STATE_HOME", ".local/state")
        .ok_or_else(|| no_home("the state of runs", "XDG_STATE_HOME"))
}

/// `$XDG_CACHE_HOME/capstep`, else `~/.cache/capstep`, and the machine's.
pub(crate) fn cache(environment: &Environment) -> Result<CacheDirectories, CliError> {
    let user = base(environment, "XDG_CACHE_HOME", ".cache")
        .ok_or_else(|| no_home("compiled plugins", "XDG_CACHE_HOME"))?;
    Ok(CacheDirectories {
        system: Some(PathBuf::from(SYSTEM_CACHE)),
        user,
    })
}

/// What compiles plugins: this program, in a process of its own.
pub(crate) fn compiler() -> Program {
    Program::this()
}

/// What scripts of a pipeline run with: this program, and private folders in `$TMPDIR`, else in `/tmp`.
pub(crate) fn scripts(environment: &Environment) -> ScriptHost {
    let own = environment.get("TMPDIR").map(PathBuf::from);
    let scratch = own.filter(|path| path.is_absolute());
    ScriptHost {
        program: Program::this(),
        scratch: scratch.unwrap_or_else(|| PathBuf::from("/tmp")),
    }
}

/// `$XDG_CONFIG_HOME/capstep`, else `~/.config/capstep`: the user's own age identity.
pub(crate) fn config(environment: &Environment) -> Result<PathBuf, CliError> {
    base(environment, "XDG_CONFIG_HOME", ".config")
        .ok_or_else(|| no_home("the age identity", "XDG_CONFIG_HOME"))
}

/// Relative paths in these variables are ignored, as the XDG specification says.
fn base(environment: &Environment, variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    let own = environment.get(variable).and_then(absolute);
    let home = || environment.get("HOME").and_then(absolute);
    let base = own.or_else(|| home().map(|home| home.join(below_home)))?;
    Some(base.join(NAME))
}

fn no_home(what: &str, variable: &str) -> CliError {
    CliError::infrastructure(format!("there is no place for {what}: `HOME` is not set"))
        .hint(format!("set `{variable}` to an absolute path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_follow_the_environment() {
        let check = |variables: &[(&str, &str)], expected: Option<&str>| {
            let found = state(&Environment::of(variables)).ok();
            assert_eq!(found, expected.map(PathBuf::from), "{variables:?}");
        };
        check(&[("HOME", "/home/a")], Some("/home/a/.local/state/capstep"));
        check(
            &[("HOME", "/home/a"), ("XDG_STATE_HOME", "/s")],
            Some("/s/capstep"),
        );
        check(
            &[("HOME", "/home/a"), ("XDG_STATE_HOME", "s")],
            Some("/home/a/.local/state/capstep"),
        );
        check(&[("HOME", "")], None);
        check(&[], None);
        let found = cache(&Environment::of(&[("HOME", "/h")])).unwrap();
        assert_eq!(found.user, PathBuf::from("/h/.cache/capstep"));
    }
}
