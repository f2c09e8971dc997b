//! What both builders are told the same way.

use std::collections::HashMap;

use bollard::query_parameters::{BuildImageOptions, BuilderVersion};

use crate::build::request::{BuildRequest, Network};

/// Everything but the image's names, of which bollard has room for one, and the builder's own part.
pub(super) fn options(request: &BuildRequest, version: BuilderVersion) -> BuildImageOptions {
    let mut arguments: HashMap<String, String> = request.build_args.iter().cloned().collect();
    if request.inline_cache {
        arguments.insert("BUILDKIT_INLINE_CACHE".to_owned(), "1".to_owned());
    }
    let labels: HashMap<String, String> = request.labels.iter().cloned().collect();
    BuildImageOptions {
        dockerfile: request.dockerfile.clone(),
        target: request.target.clone().unwrap_or_default(),
        // Containers of `RUN` go, whether they end well or not.
        rm: true,
        forcerm: true,
        buildargs: (!arguments.is_empty()).then_some(arguments),
        labels: (!labels.is_empty()).then_some(labels),
        cachefrom: (!request.cache_from.is_empty()).then(|| request.cache_from.clone()),
        nocache: request.no_cache,
        pull: request.pull.then(|| "1".to_owned()),
        networkmode: (request.network != Network::Default)
            .then(|| request.network.as_str().to_owned()),
        platform: request.platforms.first().cloned().unwrap_or_default(),
        version,
        ..BuildImageOptions::default()
    }
}
