//! Finding the plugin that a step means.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use capstep_grants::manifest::Manifest;
use capstep_grants::plan::{PluginProblem, PluginSource};
use capstep_pipeline::{Pipeline, SCRIPT, did_you_mean};

use crate::plugin::{Origin, Plugin};
use crate::problem::{codes, problem, problem_with_help};
use crate::shape::Shape;
use crate::{built_in, file, script};

/// The plugins of one pipeline.
///
/// Each is read once: what the plan was made of is what is run, even if a file changes in between.
#[derive(Debug)]
pub struct Registry {
    folder: PathBuf,
    /// Whether `capstep demo` asks.
    in_demo: bool,
    found: Mutex<HashMap<Place, Result<Arc<Plugin>, PluginProblem>>>,
}

/// Where a step's `uses` leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    BuiltIn(String),
    Path(String),
    /// A script of the pipeline's own.
    Script,
}

impl Registry {
    /// A registry for the pipeline in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            in_demo: false,
            found: Mutex::new(HashMap::new()),
        }
    }

    /// The same with the plugin that only the demo has: `demo-curious`, which it stops.
    #[must_use]
    pub fn in_demo(mut self) -> Self {
        self.in_demo = true;
        self
    }

    /// The names of the built-in plugins, sorted.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        built_in::names()
    }

    /// The plugin that `uses` means: a built-in name, a name of the pipeline's own `plugins`, or a path.
    ///
    /// # Errors
    /// Where there is none, or it can't be used; with the nearest name where there is one.
    pub fn resolve(&self, pipeline: &Pipeline, uses: &str) -> Result<Arc<Plugin>, PluginProblem> {
        let place = self.locate(pipeline, uses)?;
        self.load(place)
    }

    /// The plugin that `name` means where there is no pipeline: a built-in name or a path.
    ///
    /// # Errors
    /// As [`Registry::resolve`].
    pub fn resolve_alone(&self, name: &str) -> Result<Arc<Plugin>, PluginProblem> {
        let place = if built_in::find(name, self.in_demo).is_some() {
            Place::BuiltIn(name.to_owned())
        } else if is_address(name) {
            address(name)?
        } else {
            return Err(unknown(name, &built_in::names().collect::<Vec<_>>()));
        };
        self.load(place)
    }

    fn load(&self, place: Place) -> Result<Arc<Plugin>, PluginProblem> {
        // Nothing panics while the lock is held, and the map is right after each of its changes.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.get(&place) {
            return known.clone();
        }
        let loaded = match &place {
            Place::BuiltIn(name) => load_built_in(name, self.in_demo),
            Place::Path(path) => file::read(&self.folder, path),
            Place::Script => load_script(),
        };
        let loaded = loaded.map(Arc::new);
        found.insert(place, loaded.clone());
        loaded
    }

    fn locate(&self, pipeline: &Pipeline, uses: &str) -> Result<Place, PluginProblem> {
        // No plugin can be called so: it is no identifier, and leads to no file.
        if uses == SCRIPT {
            return Ok(Place::Script);
        }
        let is_built_in = built_in::find(uses, self.in_demo).is_some();
        let declared = pipeline
            .plugins
            .iter()
            .find(|plugin| plugin.name.value == uses);
        match declared {
            // If the pipeline's own won, a reader who knows the built-in one would be misled; if it lost, its author.
            Some(_) if is_built_in => Err(problem_with_help(
                codes::SHADOWED_PLUGIN,
                format!("`{uses}` under `plugins` has the name of a built-in plugin"),
                "give it another name, there and here",
            )),
            Some(declared) if is_address(&declared.source.value) => address(&declared.source.value),
            Some(declared) => Err(problem_with_help(
                codes::PLUGIN_FILE,
                format!(
                    "`{uses}` comes from `{}`, which is no path to a file",
                    declared.source.value
                ),
                format!(
                    "write `./{}`, relative to the pipeline's folder",
                    declared.source.value
                ),
            )),
            None if is_built_in => Ok(Place::BuiltIn(uses.to_owned())),
            None if is_address(uses) => address(uses),
            None => {
                let mut known: Vec<&str> = built_in::names().collect();
                known.extend(
                    pipeline
                        .plugins
                        .iter()
                        .map(|plugin| plugin.name.value.as_str()),
                );
                Err(unknown(uses, &known))
            }
        }
    }
}

impl PluginSource for Registry {
    fn manifest(&self, pipeline: &Pipeline, uses: &str) -> Result<Arc<Manifest>, PluginProblem> {
        let plugin = self.resolve(pipeline, uses)?;
        Ok(Arc::clone(&plugin.manifest))
    }
}

/// Whether this says where a plugin is, rather than what it is called.
fn is_address(text: &str) -> bool {
    text.contains('/') || text.contains(':') || text.ends_with(".wasm")
}

fn address(text: &str) -> Result<Place, PluginProblem> {
    match text.split_once("://") {
        None => Ok(Place::Path(text.to_owned())),
        Some(("oci", _)) => Err(problem_with_help(
            codes::NOT_SUPPORTED_YET,
            "`oci://` is not supported yet",
            "put the plugin's file into the repository and name it by its path: `./plugins/name.wasm`",
        )),
        Some((scheme, _)) => Err(problem_with_help(
            codes::UNKNOWN_PLUGIN,
            format!("plugins can't be taken from `{scheme}://`"),
            "name a file of the repository by its path: `./plugins/name.wasm`",
        )),
    }
}

fn unknown(name: &str, known: &[&str]) -> PluginProblem {
    let help = match did_you_mean(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "there are {}; a file of the repository is named by its path: `./plugins/{name}.wasm`",
            known
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    problem_with_help(
        codes::UNKNOWN_PLUGIN,
        format!("there is no plugin `{name}`"),
        help,
    )
}

fn load_script() -> Result<Plugin, PluginProblem> {
    let manifest = script::manifest().map_err(|error| {
        let message = format!("steps with scripts can't be used: {error}");
        problem(codes::INVALID_PLUGIN, message)
    })?;
    Ok(Plugin::new(Cow::Borrowed(&[]), manifest, Origin::BuiltIn))
}

fn load_built_in(name: &str, in_demo: bool) -> Result<Plugin, PluginProblem> {
    let broken = |why: String| {
        let message = format!("the built-in plugin `{name}` can't be used: {why}");
        problem(codes::INVALID_PLUGIN, message)
    };
    let (_, bytes) = built_in::find(name, in_demo)
        .ok_or_else(|| unknown(name, &built_in::names().collect::<Vec<_>>()))?;
    let shape = Shape::read(bytes).map_err(|error| broken(error.to_string()))?;
    let json = shape
        .manifest
        .ok_or_else(|| broken("it has no manifest".to_owned()))?;
    let manifest = Manifest::from_json(&json).map_err(|error| broken(error.to_string()))?;
    Ok(Plugin::new(Cow::Borrowed(bytes), manifest, Origin::BuiltIn))
}

#[cfg(test)]
mod tests;
