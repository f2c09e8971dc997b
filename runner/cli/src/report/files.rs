//! Reports that are written to files when the run has ended: JUnit XML and a page.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstep_engine::TimedEvent;
use capstep_grants::plan::Plan;
use clap::Args;

use super::html::{GENERATOR, html};
use super::junit::junit;
use super::recording::Recording;
use super::usage::Usage;
use crate::context::Context;
use crate::error::{CliError, of_system};

/// A report is readable as the caller's other files are: the umask takes away from this.
const MODE: u32 = 0o666;
/// How much of a file is looked at to tell whether it is a report.
const LOOKED_AT: u64 = 4096;
/// How the file is called until it is whole. It is locked until then, so that what a killed run left can be told from it.
pub(crate) const UNFINISHED_REPORT: &str = ".capstep-report-";

/// Where reports go.
#[derive(Debug, Default, Args)]
pub(crate) struct ReportArguments {
    /// Write a JUnit report there when the run has ended, however it ended.
    ///
    /// A suite is a job, a test case is a step. CI servers show it: `artifacts:reports:junit` in GitLab, `junit` in
    /// Jenkins.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a page there when the run has ended, however it ended: timeline, logs, authority granted and used.
    ///
    /// It is one file without scripts that loads nothing; secrets are masked in it as everywhere.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// The reports of one run.
#[derive(Clone)]
pub(crate) struct ReportFiles {
    targets: Vec<(Kind, Target)>,
    recording: Arc<Mutex<Recording>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Junit,
    Html,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Junit => "JUnit report",
            Self::Html => "report of capstep's",
        }
    }

    /// Whether a file that begins like this may be replaced: it is empty, or a report. JUnit reports are many programs',
    /// pages are not: `index.html` is seldom a report.
    fn is_start(self, text: &str) -> bool {
        let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let is = match self {
            Self::Junit => text.starts_with("<?xml") || text.starts_with("<testsuite"),
            Self::Html => text.starts_with("<!doctype html>") && text.contains(GENERATOR),
        };
        text.is_empty() || is
    }
}

/// A file that a report goes to.
#[derive(Debug, Clone)]
struct Target {
    /// As the user wrote it.
    shown: String,
    /// Links followed.
    path: PathBuf,
    folder: PathBuf,
}

impl ReportFiles {
    /// Finds where the reports go, and whether they can be written there: a run of an hour must not end in an error
    /// that could be known before.
    pub(crate) fn prepare(
        arguments: &ReportArguments,
        context: &Context,
        pipeline: &Path,
    ) -> Result<Self, CliError> {
        let asked = [
            (Kind::Junit, &arguments.junit),
            (Kind::Html, &arguments.html),
        ];
        let mut targets: Vec<(Kind, Target)> = Vec::new();
        for (kind, named) in asked {
            let Some(named) = named else { continue };
            let target = Target::prepare(named, &context.folder)?;
            target.may_be_replaced(kind, pipeline)?;
            if targets.iter().any(|(_, other)| other.path == target.path) {
                let message = format!("two reports can't both be written to `{}`", target.shown);
                return Err(CliError::usage(message));
            }
            targets.push((kind, target));
        }
        Ok(Self {
            targets,
            recording: Arc::default(),
        })
    }

    /// Takes note of an event.
    pub(crate) fn note(&self, event: &TimedEvent) {
        // What nobody asked for is not kept.
        if !self.targets.is_empty() {
            self.recording().note(event);
        }
    }

    /// Writes them; `run` is the folder that the run left.
    ///
    /// # Errors
    /// Those that could not be written.
    pub(crate) fn write(&self, plan: &Plan, run: &Path) -> Vec<CliError> {
        if self.targets.is_empty() {
            return Vec::new();
        }
        let mut recording = self.recording();
        recording.complete(plan);
        let mut errors = Vec::new();
        for (kind, target) in &self.targets {
            let text = match kind {
                Kind::Junit => Ok(junit(plan, &recording)),
                Kind::Html => usage(run).map(|usage| html(plan, &recording, &usage)),
            };
            if let Err(error) = text.and_then(|text| target.write(&text)) {
                let message = format!(
                    "the report `{}` can't be written: {}",
                    target.shown,
                    of_system(&error)
                );
                errors.push(CliError::infrastructure(message));
            }
        }
        errors
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn usage(run: &Path) -> io::Result<Usage> {
    let journal = File::open(run.join("journal.jsonl"))?;
    Usage::read(BufReader::new(journal))
}

impl Target {
    fn prepare(named: &Path, current: &Path) -> Result<Self, CliError> {
        let shown = named.display().to_string();
        let refused =
            |why: String| CliError::usage(format!("no report can be written to `{shown}`: {why}"));
        let written = current.join(named);
        let Some(name) = written.file_name() else {
            return Err(refused("it names no file".to_owned()));
        };
        let found = match fs::metadata(&written) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(refused(error.to_string())),
        };
        let path = match found {
            Some(found) if found.is_dir() => {
                let inside = named.join("report.html");
                let hint = format!("name a file in it: `{}`", inside.display());
                return Err(refused("it is a folder".to_owned()).hint(hint));
            }
            Some(found) if found.is_file() => {
                fs::canonicalize(&written).map_err(|error| refused(error.to_string()))?
            }
            // A pipe or a device, `/dev/stdout` say, would be replaced by a file.
            Some(_) => return Err(refused("it is no plain file".to_owned())),
            None => {
                let folder = written.parent().unwrap_or(current);
                let folder = fs::canonicalize(folder).map_err(|error| {
                    let folder = named.parent().unwrap_or(named).display();
                    match error.kind() {
                        io::ErrorKind::NotFound => {
                            refused(format!("there is no folder `{folder}`"))
                                .hint(format!("make it first: `mkdir -p {folder}`"))
                        }
                        _ => refused(error.to_string()),
                    }
                })?;
                folder.join(name)
            }
        };
        let folder = path.parent().unwrap_or(current).to_owned();
        // Whether a file can be made there is known once one was. It has no name, or not for long: steps would see it.
        tempfile::tempfile_in(&folder).map_err(|error| refused(of_system(&error)))?;
        Ok(Self {
            shown,
            path,
            folder,
        })
    }

    /// A report takes the place of an earlier one, and of nothing else: a name that was meant for something else costs
    /// nobody their file.
    fn may_be_replaced(&self, kind: Kind, pipeline: &Path) -> Result<(), CliError> {
        let shown = &self.shown;
        let refused =
            |why: String| CliError::usage(format!("no report can be written to `{shown}`: {why}"));
        if fs::canonicalize(pipeline).is_ok_and(|pipeline| pipeline == self.path) {
            return Err(refused("it is the pipeline's file".to_owned()));
        }
        let mut start = Vec::new();
        let read =
            File::open(&self.path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut start));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(refused(of_system(&error))),
            Ok(_) => {}
        }
        if kind.is_start(&String::from_utf8_lossy(&start)) {
            return Ok(());
        }
        let hint = format!("remove it, if nobody needs it: `rm {shown}`");
        let what = kind.word();
        Err(refused(format!("there is a file, and it is no {what}")).hint(hint))
    }

    /// Writes the report, whole, by rename.
    fn write(&self, text: &str) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED_REPORT)
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(&self.folder)?;
        file.as_file().lock()?;
        file.write_all(text.as_bytes())?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}
