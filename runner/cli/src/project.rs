//! A pipeline's file, read and checked.

use std::path::PathBuf;
use std::sync::Arc;

use capstep_grants::plan::{self, Plan, Variables};
use capstep_pipeline::{Diagnostic, MAX_SOURCE_BYTES, Pipeline, ReadFile, Source, parse_pipeline};
use capstep_registry::Registry;

use crate::arguments::FileArgument;
use crate::bounded::{self, Bounded};
use crate::context::Context;
use crate::error::{self, CliError};
use crate::included;
use crate::locate::{self, PipelineFile};

/// A pipeline and what is around it.
pub(crate) struct Project {
    /// The file.
    pub(crate) path: PathBuf,
    /// The file's folder, which all paths in it are relative to.
    pub(crate) folder: PathBuf,
    /// Its text.
    pub(crate) source: Source,
    /// What the text says, as far as it could be read.
    pub(crate) pipeline: Option<Pipeline>,
    /// The mistakes in the text alone.
    pub(crate) mistakes: Vec<Diagnostic>,
    /// Its plugins.
    pub(crate) registry: Arc<Registry>,
}

impl Project {
    /// Finds and reads the pipeline. Mistakes in it are no error yet.
    pub(crate) fn read(context: &Context, file: &FileArgument) -> Result<Self, CliError> {
        let file = locate::find(&context.folder, file.file.as_deref())?;
        let bytes = read_limited(&file)?;
        let mut source = Source::from_bytes(file.shown.clone(), bytes)
            .map_err(|error| CliError::pipeline(error.to_string()))?;
        source.read_included(&|path| included::read(&file, path));
        let (pipeline, mistakes) = parse_pipeline(&source);
        Ok(Self {
            registry: Arc::new(Registry::new(&file.folder)),
            path: file.path,
            folder: file.folder,
            source,
            pipeline,
            mistakes,
        })
    }

    /// The same file with this text: an earlier version of it, with the files that it included then. Its plugins are those
    /// of now.
    pub(crate) fn with_text(
        &self,
        name: String,
        bytes: Vec<u8>,
        read: &ReadFile<'_>,
    ) -> Result<Self, CliError> {
        let mut source = Source::from_bytes(name, bytes)
            .map_err(|error| CliError::pipeline(error.to_string()))?;
        source.read_included(read);
        let (pipeline, mistakes) = parse_pipeline(&source);
        Ok(Self {
            registry: Arc::clone(&self.registry),
            path: self.path.clone(),
            folder: self.folder.clone(),
            source,
            pipeline,
            mistakes,
        })
    }

    /// The plan, where the text could be read, and all mistakes: of the text, and of what steps hand to their plugins.
    pub(crate) fn check(&self, variables: &Variables) -> (Option<Plan>, Vec<Diagnostic>) {
        let mut mistakes = self.mistakes.clone();
        let plan = self.pipeline.as_ref().map(|pipeline| {
            let (plan, found) =
                plan::plan(&self.source, pipeline, self.registry.as_ref(), variables);
            mistakes.extend(found);
            plan
        });
        error::sort(&mut mistakes);
        (plan, mistakes)
    }

    /// The plan, and the warnings, of a pipeline without errors.
    pub(crate) fn plan(&self, variables: &Variables) -> Result<(Plan, Vec<Diagnostic>), CliError> {
        let (plan, mistakes) = self.check(variables);
        match plan {
            Some(plan) if !mistakes.iter().any(Diagnostic::is_error) => Ok((plan, mistakes)),
            _ => Err(CliError::located(self.source.clone(), mistakes)),
        }
    }
}

fn read_limited(file: &PipelineFile) -> Result<Vec<u8>, CliError> {
    let shown = &file.shown;
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => CliError::usage(format!("there is no file `{shown}`")),
        _ => CliError::usage(format!("`{shown}` can't be read: {error}")),
    };
    match bounded::read(&file.path, MAX_SOURCE_BYTES as u64).map_err(unreadable)? {
        Bounded::Whole(mut bytes) => Ok(std::mem::take(&mut *bytes)),
        Bounded::TooLarge => Err(CliError::pipeline(format!(
            "`{shown}` has more than {MAX_SOURCE_BYTES} bytes (1 MiB), the most that a pipeline may have"
        ))),
    }
}
