//! Whether a plugin's imports and exports fit, before anything is compiled.

use super::error::LoadError;
use super::inspect::{Export, Inspection};
use super::interfaces::{AbiKind, DeclaredInterfaces, Interface, STEP_PACKAGE, STEP_VERSION};
use super::wasi;

/// The function that a component of the world exports.
const WORLD_ENTRY: &str = "run";

/// The interface that a WASI command exports, without its version.
const COMMAND_ENTRY: &str = "wasi:cli/run";

/// Checks a component: that it has the way in, and that all of its imports are offered and declared.
pub(crate) fn component(
    inspection: &Inspection,
    declared: &DeclaredInterfaces,
) -> Result<(), LoadError> {
    check_entry(inspection, declared.abi)?;
    let mut unknown = Vec::new();
    let mut undeclared = Vec::new();
    for import in &inspection.imports {
        match judge(&import.name, import.instance, declared) {
            Judged::Offered => {}
            Judged::Unknown => unknown.push(import.name.clone()),
            Judged::Undeclared(interface) => undeclared.push(interface),
        }
    }
    if !unknown.is_empty() {
        return Err(LoadError::UnknownImports { imports: unknown });
    }
    if !undeclared.is_empty() {
        return Err(LoadError::UndeclaredImports {
            interfaces: undeclared,
        });
    }
    Ok(())
}

/// Checks a core module: that it is a WASI 0.1 command.
pub(crate) fn module(inspection: &Inspection, abi: AbiKind) -> Result<(), LoadError> {
    if abi == AbiKind::World {
        return Err(LoadError::NotAComponent);
    }
    let unknown: Vec<String> = inspection
        .imports
        .iter()
        .map(|import| import.name.clone())
        .filter(|name| {
            name != wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME
        })
        .collect();
    if !unknown.is_empty() {
        return Err(LoadError::UnknownImports { imports: unknown });
    }
    if !inspection
        .exports
        .iter()
        .any(|export| export.function && export.name == "_start")
    {
        return Err(LoadError::Reactor {
            exports: names(&inspection.exports),
        });
    }
    Ok(())
}

fn check_entry(inspection: &Inspection, abi: AbiKind) -> Result<(), LoadError> {
    let (found, wanted) = match abi {
        AbiKind::World => (
            inspection
                .exports
                .iter()
                .any(|export| export.function && export.name == WORLD_ENTRY),
            "the function `run`",
        ),
        AbiKind::Command | AbiKind::Plain => (
            inspection.exports.iter().any(|export| {
                split(&export.name)
                    .is_some_and(|(name, version)| name == COMMAND_ENTRY && is_wasi_0_2(version))
            }),
            "the interface `wasi:cli/run@0.2`",
        ),
    };
    if found {
        Ok(())
    } else {
        Err(LoadError::NoEntry {
            abi,
            wanted,
            exports: names(&inspection.exports),
        })
    }
}

enum Judged {
    Offered,
    Unknown,
    Undeclared(Interface),
}

fn judge(import: &str, instance: bool, declared: &DeclaredInterfaces) -> Judged {
    let Some((name, version)) = split(import).filter(|_| instance) else {
        return Judged::Unknown;
    };
    if let Some(interface) = name
        .strip_prefix(STEP_PACKAGE)
        .and_then(|rest| rest.strip_prefix('/'))
    {
        // Programs of these ways in are handed no verbs as imports.
        if declared.abi != AbiKind::World || !is_compatible(version) {
            return Judged::Unknown;
        }
        return match Interface::from_name(interface) {
            _ if interface == "types" => Judged::Offered,
            Some(interface) if declared.allows(interface) => Judged::Offered,
            Some(interface) => Judged::Undeclared(interface),
            None => Judged::Unknown,
        };
    }
    if is_wasi_0_2(version) && (wasi::OFFERED.contains(&name) || wasi::is_http(name)) {
        Judged::Offered
    } else {
        Judged::Unknown
    }
}

/// Name and version of `a:b/c@1.2.3`.
fn split(name: &str) -> Option<(&str, &str)> {
    name.split_once('@')
}

/// A later 0.2 may add functions; the linker says if one of those is used.
fn is_wasi_0_2(version: &str) -> bool {
    version.strip_prefix("0.2.").is_some_and(is_number)
}

/// Whether a plugin built for this version runs here: the same minor version, as for every 0.x.
fn is_compatible(version: &str) -> bool {
    let minor = STEP_VERSION
        .rsplit_once('.')
        .map_or(STEP_VERSION, |(minor, _)| minor);
    version
        .strip_prefix(minor)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn names(exports: &[Export]) -> Vec<String> {
    exports.iter().map(|export| export.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_judged_by_name_version_and_declaration() {
        let world =
            DeclaredInterfaces::new("p", AbiKind::World, [Interface::Files, Interface::State]);
        let command = DeclaredInterfaces::new("p", AbiKind::Command, [Interface::Files]);
        for (declared, import, expected) in [
            (&world, "capstep:step/files@0.1.0", "offered"),
            (&world, "capstep:step/files@0.1.7", "offered"),
            (&world, "capstep:step/files@0.2.0", "unknown"),
            (&world, "capstep:step/files", "unknown"),
            (&world, "capstep:step/log@0.1.0", "offered"),
            (&world, "capstep:step/types@0.1.0", "offered"),
            (&world, "capstep:step/ssh@0.1.0", "undeclared"),
            (&world, "capstep:step/state@0.1.0", "offered"),
            (&world, "capstep:step/docker@0.1.0", "undeclared"),
            (&world, "wasi:cli/exit@0.2.3", "offered"),
            (&world, "wasi:cli/exit@0.3.0", "unknown"),
            (&world, "wasi:sockets/udp-create-socket@0.2.0", "offered"),
            (&world, "wasi:http/types@0.2.0", "offered"),
            (&world, "wasi:keyvalue/store@0.2.0", "unknown"),
            (&world, "wasi:cli/exit@0.2.0-rc-2023", "unknown"),
            (&command, "capstep:step/files@0.1.0", "unknown"),
            (&command, "wasi:cli/exit@0.2.12", "offered"),
        ] {
            let found = match judge(import, true, declared) {
                Judged::Offered => "offered",
                Judged::Unknown => "unknown",
                Judged::Undeclared(_) => "undeclared",
            };
            assert_eq!(found, expected, "{import}");
        }
        assert!(matches!(
            judge("wasi:cli/exit@0.2.0", false, &world),
            Judged::Unknown
        ));
    }
}
