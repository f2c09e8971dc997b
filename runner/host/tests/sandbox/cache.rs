//! Compiled code on disk: found again, checked, and replaced where it is broken.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use capstep_host::sandbox::{
    AbiKind, CacheDirectories, CacheError, Invocation, RunOutcome, Sandbox, SandboxConfig,
    SandboxError,
};

use crate::guests;
use crate::support::{Host, declared};

fn sandbox(cache: &Path) -> (Result<Arc<Sandbox>, SandboxError>, Arc<AtomicUsize>) {
    let compiled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&compiled);
    let config = SandboxConfig {
        cache: Some(CacheDirectories {
            system: None,
            user: cache.to_owned(),
        }),
        on_compile: Some(Arc::new(move |_: &str| {
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..SandboxConfig::default()
    };
    (Sandbox::new(config), compiled)
}

/// Loads and runs the simplest step with a new sandbox; how often it was compiled.
async fn compilations(cache: &Path) -> usize {
    let (sandbox, compiled) = sandbox(cache);
    let sandbox = sandbox.unwrap();
    let plugin = sandbox
        .load(&guests::noop(), &declared(AbiKind::World))
        .await
        .unwrap();
    let report = sandbox
        .run(&plugin, Invocation::step("{}"), Host::new())
        .await;
    assert!(
        matches!(report.outcome, RunOutcome::Finished { .. }),
        "{:?}",
        report.outcome
    );
    compiled.load(Ordering::Relaxed)
}

fn files(cache: &Path) -> Vec<PathBuf> {
    fs::read_dir(cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiled_plugin_is_found_again() {
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("cache");
    assert_eq!(compilations(&cache).await, 1);
    assert_eq!(compilations(&cache).await, 0);
    let files = files(&cache);
    assert_eq!(files.len(), 1, "{files:?}");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache), mode(&files[0])), (0o700, 0o600));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("cache");
    assert_eq!(compilations(&cache).await, 1);
    let file = files(&cache).remove(0);
    let whole = fs::read(&file).unwrap();
    for broken in [
        b"garbage".to_vec(),
        Vec::new(),
        whole[..whole.len() / 2].to_vec(),
        guests::noop(),
    ] {
        fs::write(&file, broken).unwrap();
        assert_eq!(compilations(&cache).await, 1);
        assert_eq!(compilations(&cache).await, 0);
    }
    // Another configuration's code is not used either, even under the right name.
    let other = wasmtime::Engine::default()
        .precompile_component(&guests::noop())
        .unwrap();
    fs::write(&file, other).unwrap();
    assert_eq!(compilations(&cache).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_a_link_or_open_to_others_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("cache");
    assert_eq!(compilations(&cache).await, 1);
    let file = files(&cache).remove(0);
    let away = root.path().join("away.cwasm");
    fs::rename(&file, &away).unwrap();
    symlink(&away, &file).unwrap();
    assert_eq!(compilations(&cache).await, 1);
    assert!(!file.is_symlink());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(compilations(&cache).await, 1);
}

#[tokio::test]
async fn a_directory_open_to_others_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("cache");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
    let error = sandbox(&cache).0.unwrap_err();
    assert!(
        matches!(
            error,
            SandboxError::Cache(CacheError::Mode { mode: 0o755, .. })
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("has the mode 0755: it must be 0700"),
        "{error}"
    );
}
