//! An image to build on: one static program under many names.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::dockerd::Dockerd;
use crate::http;

/// The image's name.
pub const NAME: &str = "base";

/// Where distributions put the program.
const PROGRAMS: [&str; 2] = ["/bin/busybox", "/usr/bin/busybox"];

/// The image's root as a tar file, made once a process.
fn tar() -> &'static [u8] {
    static TAR: OnceLock<Vec<u8>> = OnceLock::new();
    TAR.get_or_init(|| {
        let program = PROGRAMS.iter().find(|path| Path::new(path).exists());
        let program =
            program.expect("busybox, of the package busybox-static (tests/run installs it)");
        let dir = tempfile::tempdir().unwrap();
        for folder in ["bin", "etc", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        fs::copy(program, dir.path().join("bin/busybox")).unwrap();
        fs::write(dir.path().join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n").unwrap();
        let list = Command::new(program).arg("--list").output().unwrap();
        for name in String::from_utf8(list.stdout).unwrap().lines() {
            if name != "busybox" {
                symlink("busybox", dir.path().join("bin").join(name)).unwrap();
            }
        }
        let packed = Command::new("tar")
            .arg("-C")
            .arg(dir.path())
            .args(["-c", "."])
            .output()
            .unwrap();
        assert!(packed.status.success());
        packed.stdout
    })
}

/// Gives the image to an engine.
pub fn load(engine: &Dockerd) {
    let answer = http::unix(
        &engine.socket(),
        "POST",
        &format!("/images/create?fromSrc=-&repo={NAME}&tag=latest"),
        tar(),
    )
    .unwrap();
    assert!(
        answer.status == 200 && !String::from_utf8_lossy(&answer.body).contains("errorDetail"),
        "{answer:?}"
    );
}
