//! The new root: a file system in memory on which only what the step may see is mounted.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

use super::{At, Failure, mounts};
use crate::error::SetupStage::{Namespaces, Root};
use crate::launch::places::{self, HOME, Kind, Place, SCRIPT, TMP};
use crate::wire::Order;

/// The size of the root: it holds empty folders and links only.
const ROOT_OPTIONS: &str = "size=4m,mode=0755";
/// The size of `/dev/shm`: what container engines give.
const SHM_OPTIONS: &str = "size=64m,mode=1777";
/// Where the empty things lie that stand in the place of hidden ones.
const NOTHING: &str = ".nothing";
/// Links of `/dev`, into what each process has open.
const DEV_LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Builds the new root and enters it. Failures of the stage `Namespaces` are those of a machine that gives none; any
/// other must not lead to a weaker sandbox, or who can provoke it could choose that.
///
/// Whether the namespace's processes are counted.
pub(super) fn enter(order: &Order, places: &[Place]) -> Result<bool, Failure> {
    let base = order.scratch.join(places::ROOT);
    mount(
        None::<&Path>,
        "/",
        None::<&Path>,
        MsFlags::MS_PRIVATE | MsFlags::MS_REC,
        None::<&Path>,
    )
    .at(Namespaces, || "keeping mounts private".to_owned())?;
    mounts::fresh("tmpfs", &base, MsFlags::MS_NODEV, ROOT_OPTIONS)
        .at(Namespaces, || "a root in memory".to_owned())?;
    let nothing = Nothing::make(&base.join(NOTHING)).at(Root, || "an empty place".to_owned())?;
    for (link, target) in places::system_links() {
        symlink(&target, base.join(link)).at(Root, || format!("the link /{link}"))?;
    }
    for place in places {
        let source = match place.kind {
            Kind::Hidden => nothing.like(&place.source),
            Kind::Kernel | Kind::Empty => None,
            Kind::ReadOnly | Kind::Writable | Kind::Device => Some(place.source.clone()),
        };
        // A container may keep `/proc` from being mounted: that is a lack of the machine, not of this step.
        let stage = match place.kind {
            Kind::Kernel => Namespaces,
            _ => Root,
        };
        put(&base, place, source.as_deref())
            .at(stage, || format!("mounting {}", place.at.display()))?;
    }
    for (link, target) in DEV_LINKS {
        symlink(target, base.join("dev").join(link))
            .at(Root, || format!("the link /dev/{link}"))?;
    }
    // Where nothing of the workspace was handed over, that is a folder with nothing in it.
    let directory = &order.spec.working_directory;
    fs::create_dir_all(base.join(directory.strip_prefix("/").unwrap_or(directory)))
        .at(Root, || "the working directory".to_owned())?;
    let counted = super::limits::limit_namespace(&base.join("proc"), order.spec.limits.processes);
    close(&base, places).at(Root, || "closing mounts".to_owned())?;
    pivot(&base).at(Namespaces, || "entering the new root".to_owned())?;
    Ok(counted)
}

/// A file and a folder that hold nothing and that nobody may open.
struct Nothing {
    file: PathBuf,
    folder: PathBuf,
}

impl Nothing {
    fn make(below: &Path) -> io::Result<Self> {
        let (file, folder) = (below.join("file"), below.join("folder"));
        fs::create_dir_all(&folder)?;
        fs::write(&file, "")?;
        for path in [&file, &folder] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o000))?;
        }
        Ok(Self { file, folder })
    }

    /// The one of the kind of `original`; none if that has gone.
    fn like(&self, original: &Path) -> Option<PathBuf> {
        match fs::symlink_metadata(original).ok()?.is_dir() {
            true => Some(self.folder.clone()),
            false => Some(self.file.clone()),
        }
    }
}

/// Mounts one place in the new root.
fn put(base: &Path, place: &Place, source: Option<&Path>) -> io::Result<()> {
    let target = base.join(place.at.strip_prefix("/").unwrap_or(&place.at));
    match (place.kind, source) {
        (Kind::Kernel, _) => {
            fs::create_dir_all(&target)?;
            match place.at.ends_with("proc") {
                true => mounts::fresh("proc", &target, MsFlags::MS_NODEV | MsFlags::MS_NOEXEC, ""),
                false => mounts::fresh("tmpfs", &target, MsFlags::MS_NODEV, SHM_OPTIONS),
            }
        }
        (Kind::Empty, _) => {
            fs::create_dir_all(&target)?;
            mounts::fresh("tmpfs", &target, MsFlags::MS_NODEV, ROOT_OPTIONS)
        }
        // A hidden file that has gone needs no hiding.
        (_, None) => Ok(()),
        (_, Some(source)) => {
            make_room(&target, fs::symlink_metadata(source)?.is_dir())?;
            mounts::bind(source, &target)
        }
    }
}

/// Something to mount on.
fn make_room(target: &Path, folder: bool) -> io::Result<()> {
    if fs::symlink_metadata(target).is_ok() {
        return Ok(());
    }
    if folder {
        return fs::create_dir_all(target);
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create_new(target).map(|_| ())
}

/// Makes read-only what is not to be written, those mounts too that came along with a folder.
fn close(base: &Path, places: &[Place]) -> io::Result<()> {
    for mounted in mounts::mounted_below(base)? {
        let inner = Path::new("/").join(mounted.at.strip_prefix(base).unwrap_or(&mounted.at));
        let kind = places::kind_at(places, &inner);
        let more = match kind {
            Some(Kind::Writable) => MsFlags::MS_NODEV,
            Some(Kind::Kernel) if inner.starts_with("/dev") => {
                MsFlags::MS_NODEV | MsFlags::MS_NOEXEC
            }
            Some(Kind::Device) => MsFlags::MS_RDONLY | MsFlags::MS_NOEXEC,
            Some(Kind::ReadOnly | Kind::Hidden | Kind::Kernel | Kind::Empty) | None => {
                MsFlags::MS_NODEV | MsFlags::MS_RDONLY
            }
        };
        mounts::restrict(&mounted, more | MsFlags::MS_NOSUID).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", inner.display()))
        })?;
    }
    Ok(())
}

/// Puts the new root in the place of the old one, which is gone for everything in this namespace.
fn pivot(base: &Path) -> nix::Result<()> {
    chdir(base)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")
}

/// The paths in the step's own view.
pub(super) fn own_paths(order: &Order) -> (PathBuf, PathBuf, PathBuf) {
    match order.namespaces {
        true => (HOME.into(), TMP.into(), SCRIPT.into()),
        false => (
            order.scratch.join(places::SCRATCH_HOME),
            order.scratch.join(places::SCRATCH_TMP),
            order.scratch.join(places::SCRATCH_SCRIPT),
        ),
    }
}
