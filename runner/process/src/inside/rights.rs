//! Landlock: which files may be read and written, whatever is mounted; no TCP without a grant; no abstract socket and no
//! signal to what is outside.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
};

use crate::launch::places::{self, Kind, Place};
use crate::spec::Network;
use crate::wire::Order;

/// The newest ABI that is asked for; a kernel gives what it has of it.
const NEWEST: ABI = ABI::V9;

/// Whether the kernel has an ABI, by its rights (7 and 8 brought none).
pub(crate) fn supported(abi: u8) -> bool {
    let abi = ABI::from(i32::from(abi));
    let try_it = || -> Result<(), RulesetError> {
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(abi))?;
        if abi >= ABI::V4 {
            ruleset = ruleset.handle_access(AccessNet::from_all(abi))?;
        }
        if abi >= ABI::V6 {
            ruleset = ruleset.scope(Scope::from_all(abi))?;
        }
        ruleset.create().map(|_| ())
    };
    abi == ABI::Unsupported || try_it().is_ok()
}

/// The ABI that rights tell of: 7 and 8 are told as 6.
pub(crate) fn best_supported() -> u8 {
    [9, 6, 5, 4, 3, 2, 1]
        .into_iter()
        .find(|abi| supported(*abi))
        .unwrap_or(0)
}

/// Restricts this process and all that it starts. Says which ABI is in force; 0 is none.
pub(super) fn apply(order: &Order, places: &[Place]) -> Result<u8, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?;
    if order.spec.network == Network::None {
        ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let mut created = ruleset.create()?.no_new_privs(true);
    for (path, rights) in grants(order, places) {
        // What has gone since it was looked at needs no rule: it stays out of reach.
        if let Ok(descriptor) = PathFd::new(&path) {
            let rights = match path.is_dir() {
                true => rights,
                false => rights & AccessFs::from_file(NEWEST),
            };
            created = created.add_rule(PathBeneath::new(descriptor, rights))?;
        }
    }
    let status = created.restrict_self()?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as u8,
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => 0,
    })
}

fn read() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute
}

/// All but devices: neither to make one nor to talk to one.
fn write() -> BitFlags<AccessFs> {
    AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)
}

fn device() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev
}

fn grants(order: &Order, all: &[Place]) -> Vec<(PathBuf, BitFlags<AccessFs>)> {
    let hidden: Vec<PathBuf> = all
        .iter()
        .filter(|place| place.kind == Kind::Hidden)
        .map(|place| place.at.clone())
        .collect();
    let mut grants = Vec::new();
    if order.namespaces {
        // Names alone: everything that is mounted may be listed.
        grants.push((PathBuf::from("/"), AccessFs::ReadDir.into()));
    }
    for place in all {
        let path = match order.namespaces {
            true => place.at.clone(),
            false => place.source.clone(),
        };
        let shared_memory = path == Path::new("/dev/shm");
        match place.kind {
            Kind::Hidden | Kind::Empty => {}
            Kind::Device => grants.push((path, device())),
            Kind::Writable => grants.push((path, write())),
            // The machine's own, where there is no root of the step's own.
            Kind::Kernel if shared_memory && !order.namespaces => {}
            Kind::Kernel if shared_memory => grants.push((path, write())),
            Kind::Kernel => grants.push((path, read())),
            // Mounts hide what is not for everybody; without them only its surroundings are granted.
            Kind::ReadOnly if order.namespaces => grants.push((path, read())),
            Kind::ReadOnly => grants.extend(
                places::without(&path, &hidden)
                    .into_iter()
                    .map(|path| (path, read())),
            ),
        }
    }
    grants
}
