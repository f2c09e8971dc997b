//! What the tests share: the engine, the registry, contexts made of texts, and listeners that remember.

use std::fs;
use std::sync::{Arc, Mutex, OnceLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use capstep_docker::context::Open;
use capstep_docker::{
    BuildEvent, BuildListener, BuildRequest, ContextSource, Direct, Endpoint, Engine, Gate,
    LayerListener, LayerProgress, RegistryCredentials,
};
use capstep_test_engine::registry::{PASSWORD, USERNAME};
use capstep_test_engine::{Dockerd, Registry};
use secrecy::SecretString;
use tempfile::TempDir;

/// The engine that tests share.
pub(crate) fn dockerd() -> &'static Dockerd {
    static ENGINE: OnceLock<Dockerd> = OnceLock::new();
    ENGINE.get_or_init(Dockerd::start)
}

/// The registry that tests share.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(Registry::start)
}

pub(crate) async fn connect(dockerd: &Dockerd) -> Engine {
    Engine::connect(&Endpoint::unix(dockerd.socket()), Arc::new(Direct))
        .await
        .unwrap()
}

/// The account of a registry.
pub(crate) fn account(registry: &Registry, password: &str) -> RegistryCredentials {
    RegistryCredentials {
        registry: registry.host(),
        username: USERNAME.into(),
        password: SecretString::from(password),
    }
}

pub(crate) fn good_account(registry: &Registry) -> RegistryCredentials {
    account(registry, PASSWORD)
}

/// A context in a temporary folder.
pub(crate) struct Context {
    pub(crate) dir: TempDir,
}

impl Context {
    /// Files by path and text; a name that ends in a slash is a folder.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).unwrap();
            }
            if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
                fs::create_dir_all(&path).unwrap();
            } else {
                fs::write(&path, text).unwrap();
            }
        }
        Self { dir }
    }

    pub(crate) fn source(&self) -> ContextSource {
        self.guarded(Open)
    }

    pub(crate) fn guarded(&self, gate: impl Gate) -> ContextSource {
        let dir = Dir::open_ambient_dir(self.dir.path(), ambient_authority()).unwrap();
        ContextSource::new(Arc::new(dir), Arc::new(gate))
    }

    pub(crate) fn request(&self) -> BuildRequest {
        BuildRequest::new(self.source(), self.dir.path().display().to_string())
    }
}

/// A listener and what it heard.
pub(crate) fn events() -> (BuildListener, Arc<Mutex<Vec<BuildEvent>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    (
        Arc::new(move |event| into.lock().unwrap().push(event)),
        heard,
    )
}

/// A listener that hears nothing.
pub(crate) fn deaf() -> BuildListener {
    Arc::new(|_| {})
}

pub(crate) fn layers() -> (LayerListener, Arc<Mutex<Vec<LayerProgress>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    (
        Arc::new(move |progress| into.lock().unwrap().push(progress)),
        heard,
    )
}

/// All that a build logged.
pub(crate) fn log(heard: &Mutex<Vec<BuildEvent>>) -> String {
    let mut bytes = Vec::new();
    for event in heard.lock().unwrap().iter() {
        if let BuildEvent::Log { bytes: more, .. } = event {
            bytes.extend_from_slice(more);
        }
    }
    String::from_utf8(bytes).unwrap()
}
