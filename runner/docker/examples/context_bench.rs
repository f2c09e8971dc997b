//! Builds of a large context, against `docker build`: wall time, and the memory of this process.
//!
//!     cargo run --release -p capstep-docker --example context_bench -- SOCKET [MEGABYTES [ROUNDS]]
//!
//! SOCKET is an engine's. Both build `COPY . /` of random files, in turns, each time from another
//! folder with one file of its own, so that neither finds the context in a cache; all is taken away at the end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use capstep_docker::context::Open;
use capstep_docker::{BuildRequest, Builder, ContextSource, Direct, Endpoint, Engine};
use tokio_util::sync::CancellationToken;

/// The size of most files; some are small, as in real contexts.
const FILE: usize = 8 << 20;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let socket = arguments.get(1).expect("the engine's socket");
    let number = |index: usize, usual: usize| {
        arguments
            .get(index)
            .map_or(usual, |text| text.parse().expect("a number"))
    };
    let (megabytes, rounds) = (number(2, 500), number(3, 3));
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), megabytes);
    let engine = Engine::connect(&Endpoint::unix(socket), Arc::new(Direct))
        .await
        .unwrap();
    println!(
        "{} {}, context of {megabytes} MB",
        engine.info().name,
        engine.info().version
    );
    let mut images = Vec::new();
    for builder in [Builder::BuildKit, Builder::Classic] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let anew = copy(folder.path(), &format!("{builder} {round}"));
            let started = Instant::now();
            images.push(build(&engine, builder, &anew, round).await);
            ours.push(started.elapsed());
            fs::remove_dir_all(&anew).unwrap();
            let anew = copy(folder.path(), &format!("{builder} {round} again"));
            let started = Instant::now();
            images.push(reference(socket, builder, &anew));
            theirs.push(started.elapsed());
            fs::remove_dir_all(&anew).unwrap();
        }
        println!(
            "{builder}: capstep {:?}, docker build {:?} (medians of {rounds}); {:.2}x",
            median(&mut ours),
            median(&mut theirs),
            median(&mut ours).as_secs_f64() / median(&mut theirs).as_secs_f64()
        );
    }
    for image in images {
        let _ = engine.remove(&image).await;
    }
    println!("resident at most: {} MB", peak() / 1024);
}

fn fill(folder: &Path, megabytes: usize) {
    let mut random = File::open("/dev/urandom").unwrap();
    let mut bytes = vec![0; FILE];
    let mut left = megabytes << 20;
    let mut count = 0;
    while left > 0 {
        // Every other one is some kilobytes long.
        let size = if count % 2 == 0 { FILE } else { 5000 }.min(left);
        random.read_exact(&mut bytes[..size]).unwrap();
        let dir = folder.join(format!("dir{}", count % 10));
        fs::create_dir_all(&dir).unwrap();
        File::create(dir.join(format!("file{count}")))
            .unwrap()
            .write_all(&bytes[..size])
            .unwrap();
        left -= size;
        count += 1;
    }
    fs::write(folder.join("Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
}

/// The same files in another folder, and one that differs: of a folder that an engine has seen, only what changed is
/// sent.
fn copy(folder: &Path, mark: &str) -> PathBuf {
    let copy = folder.with_extension(mark.replace(' ', "-"));
    let status = Command::new("cp")
        .arg("-al")
        .arg(folder)
        .arg(&copy)
        .status()
        .unwrap();
    assert!(status.success());
    fs::write(copy.join("mark"), mark).unwrap();
    copy
}

async fn build(engine: &Engine, builder: Builder, folder: &Path, round: usize) -> String {
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).unwrap();
    let source = ContextSource::new(Arc::new(dir), Arc::new(Open));
    // A name of its own each time: nothing of the context is known to the engine.
    let mut request = BuildRequest::new(source, format!("bench {round} {}", std::process::id()));
    request.builder = Some(builder);
    engine
        .build(
            &request,
            &(Arc::new(|_| {}) as _),
            &CancellationToken::new(),
        )
        .await
        .unwrap()
        .image_id
}

fn reference(socket: &str, builder: Builder, folder: &Path) -> String {
    let buildkit = if builder == Builder::BuildKit {
        "1"
    } else {
        "0"
    };
    let output = Command::new("/usr/bin/docker")
        .env("DOCKER_HOST", format!("unix://{socket}"))
        .env("DOCKER_BUILDKIT", buildkit)
        .args(["build", "-q"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The kilobytes that this process had at most.
fn peak() -> u64 {
    fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().split(' ').next()?.parse().ok())
        .unwrap()
}
