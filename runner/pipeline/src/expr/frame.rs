//! What names stand for where an expression was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::template::Template;
use crate::tree::Node;

/// What names of the file stand for at a place of it.
///
/// A name stands for text of the file, worked out where the name is used: it has no more in it, and is no more secret,
/// than what it was written with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// `env.NAME`, over what is around it.
    env: BTreeMap<String, Arc<Template>>,
    around: Option<Arc<Frame>>,
    /// The included file that the place is in; none in the pipeline's own.
    file: Option<Arc<FileNames>>,
    /// `steps.ID.outputs.NAME` of the includes before this place.
    includes: Arc<BTreeMap<String, BTreeMap<String, Arc<Template>>>>,
}

/// The names of an included file.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileNames {
    /// `inputs.NAME`: values whose own names are resolved. None where one could not be read, which is told there.
    pub(crate) inputs: BTreeMap<String, Option<Node>>,
    /// What stands before the ids of its steps, so that they are unlike those around it.
    pub(crate) prefix: String,
}

impl Frame {
    /// A frame with these names of `env`, within another one.
    pub(crate) fn within(around: &Arc<Self>, env: BTreeMap<String, Arc<Template>>) -> Self {
        Self {
            env,
            around: Some(Arc::clone(around)),
            file: around.file.clone(),
            includes: Arc::clone(&around.includes),
        }
    }

    /// The frame of an included file.
    pub(crate) fn of_file(names: FileNames) -> Self {
        Self {
            file: Some(Arc::new(names)),
            ..Self::default()
        }
    }

    /// The same behind a further include with these outputs.
    pub(crate) fn with_include(
        &self,
        id: String,
        outputs: BTreeMap<String, Arc<Template>>,
    ) -> Self {
        let mut includes = BTreeMap::clone(&self.includes);
        includes.insert(id, outputs);
        Self {
            includes: Arc::new(includes),
            ..self.clone()
        }
    }

    /// What a name of `env` stands for: the step's own before the job's before the pipeline's.
    pub(super) fn env(&self, name: &str) -> Option<&Arc<Template>> {
        let own = self.env.get(name);
        own.or_else(|| self.around.as_ref()?.env(name))
    }

    /// Every name of `env`; one that several levels have comes several times.
    pub(super) fn env_names(&self) -> Vec<&str> {
        let around = self.around.as_ref().map(|around| around.env_names());
        let own = self.env.keys().map(String::as_str);
        own.chain(around.unwrap_or_default()).collect()
    }

    /// The names of the included file that this is in.
    pub(crate) fn file(&self) -> Option<&FileNames> {
        self.file.as_deref()
    }

    /// The outputs of an include before this place.
    pub(super) fn include(&self, id: &str) -> Option<&BTreeMap<String, Arc<Template>>> {
        self.includes.get(id)
    }

    /// A step's id as the job has it.
    pub(crate) fn id_in_job(&self, id: &str) -> String {
        match self.file() {
            Some(file) => format!("{}{id}", file.prefix),
            None => id.to_owned(),
        }
    }
}
