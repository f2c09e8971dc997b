//! What of the caller's environment says which Docker engine is meant.

use std::path::PathBuf;

use capstep_docker::Surroundings;

use crate::context::Environment;

/// The variables that the docker command line looks at, too.
pub(crate) fn of(environment: &Environment) -> Surroundings {
    let text = |name| {
        environment
            .get(name)
            .map(|value| value.to_string_lossy().into_owned())
    };
    let path = |name| environment.get(name).map(PathBuf::from);
    Surroundings {
        docker_host: text("DOCKER_HOST"),
        docker_context: text("DOCKER_CONTEXT"),
        docker_config: path("DOCKER_CONFIG"),
        docker_tls: text("DOCKER_TLS"),
        docker_tls_verify: text("DOCKER_TLS_VERIFY"),
        docker_cert_path: path("DOCKER_CERT_PATH"),
        docker_api_version: text("DOCKER_API_VERSION"),
        docker_default_platform: text("DOCKER_DEFAULT_PLATFORM"),
        home: path("HOME"),
        runtime_dir: path("XDG_RUNTIME_DIR"),
        uid: nix::unistd::getuid().as_raw(),
    }
}
