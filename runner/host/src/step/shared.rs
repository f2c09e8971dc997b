//! The state of a running step.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstep_grants::check::{Act, Denial, Permit, StepAuthority, authorize};
use capstep_net::Dialer;
use capstep_secrets::{Masker, Placeholder, SecretValue};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::voice::Voice;
use crate::fault::Fault;
use crate::files::{Reading, SealedFiles, Workspace};
use crate::journal::{Actor, GrantReference, Journal};
use crate::kept_values::KeptValues;
use crate::observer::StepObserver;
use crate::ops::{Held, Table};
use crate::protocol::Level;
use crate::verbs::DockerAccess;

/// How long a step's end waits for its cancelled operations to have noticed. They are dropped as soon as they are looked at;
/// what doesn't is stuck, and the step ends without it.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);

/// What a step runs with.
pub struct StepSettings {
    /// What it may do.
    pub authority: StepAuthority,
    /// Who it is, in the journal.
    pub actor: Actor,
    /// The files.
    pub workspace: Arc<Workspace>,
    /// The files that hold secrets.
    pub sealed: Arc<SealedFiles>,
    /// Where effects are recorded.
    pub journal: Arc<Journal>,
    /// Who hears what it says.
    pub observer: Arc<dyn StepObserver>,
    /// Masks the run's secrets; the step's own are added.
    pub masker: Masker,
    /// Connects, within the address rules.
    pub dialer: Arc<Dialer>,
    /// The machine's Docker engine.
    pub docker: Arc<DockerAccess>,
    /// The values that last between runs, of this project and the job's environment.
    pub values: Arc<KeptValues>,
    /// Cancelled when the run is: pending operations end with `cancelled`, new verbs go on working.
    pub cancel: CancellationToken,
}

/// A running step; cheap to clone.
#[derive(Clone)]
pub struct StepRun {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) authority: StepAuthority,
    pub(crate) actor: Actor,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) sealed: Arc<SealedFiles>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) voice: Voice,
    pub(crate) masker: Masker,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) docker: Arc<DockerAccess>,
    pub(crate) values: Arc<KeptValues>,
    pub(crate) cancel: CancellationToken,
    pub(crate) table: Table,
    /// The tasks of the operations, also of those that the plugin has let go.
    pub(crate) running: TaskTracker,
    /// Secrets by the pointer of the input that holds them.
    pub(crate) secrets: BTreeMap<String, SecretValue>,
    /// The inputs as the plugin sees them.
    pub(crate) inputs: Value,
    /// What operations hold in memory.
    pub(crate) held: Held,
    /// The file that is being read range by range.
    pub(crate) reading: Mutex<Option<Reading>>,
    /// Whether a verb could not reach what it was handed, so that the machine or the network is to blame.
    unreachable: AtomicBool,
    calls: AtomicU64,
    records: AtomicU64,
    denials: Mutex<Vec<Denial>>,
    /// Effects that were intended and of which it is not known whether they happened, by their calls.
    doubts: Mutex<BTreeMap<u64, String>>,
}

impl StepRun {
    /// Prepares a step: every secret becomes a placeholder that is good for this step alone.
    pub fn new(settings: StepSettings) -> Self {
        let mut inputs = settings.authority.bound.values.clone();
        let mut secrets = BTreeMap::new();
        let mut named = Vec::new();
        for secret in &settings.authority.bound.secrets {
            let value = SecretValue::new(secret.text.text.as_str());
            let names: Vec<&str> = secret.text.names.iter().map(String::as_str).collect();
            named.push((names.join("+"), value.clone()));
            secrets.insert(secret.pointer.clone(), value);
            if let Some(slot) = inputs.pointer_mut(&secret.pointer) {
                *slot = Value::String(Placeholder::random().as_str().to_owned());
            }
        }
        let masker = if named.is_empty() {
            settings.masker
        } else {
            settings.masker.with(named)
        };
        let voice = Voice::new(settings.observer, masker.clone());
        Self {
            shared: Arc::new(Shared {
                authority: settings.authority,
                actor: settings.actor,
                workspace: settings.workspace,
                sealed: settings.sealed,
                journal: settings.journal,
                voice,
                masker,
                dialer: settings.dialer,
                docker: settings.docker,
                values: settings.values,
                cancel: settings.cancel,
                table: Table::default(),
                running: TaskTracker::new(),
                secrets,
                inputs,
                held: Held::default(),
                reading: Mutex::new(None),
                unreachable: AtomicBool::new(false),
                calls: AtomicU64::new(0),
                records: AtomicU64::new(0),
                denials: Mutex::new(Vec::new()),
                doubts: Mutex::new(BTreeMap::new()),
            }),
        }
    }

    /// The inputs as the plugin sees them: JSON, placeholders where secrets are.
    pub fn inputs(&self) -> String {
        self.shared.inputs.to_string()
    }

    /// What was denied so far. A step with a denial has failed, whatever its plugin says.
    pub fn denials(&self) -> Vec<Denial> {
        self.shared
            .denials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the plugin was told that a name, a server or the engine can't be reached. Only then is it the machine's
    /// failure when the plugin says so.
    pub fn met_unreachable(&self) -> bool {
        self.shared.unreachable.load(Ordering::Relaxed)
    }

    /// Effects that may or may not have happened, as `verb of what`: they were begun, and cut off before their outcome
    /// was known.
    pub fn in_doubt(&self) -> Vec<String> {
        let doubts = self.shared.doubts();
        doubts.values().cloned().collect()
    }

    /// Ends everything the step left open: operations are cancelled, logins closed, a half line said. What a cancelled
    /// build left in the engine is gone after it.
    pub async fn close(&self) {
        for login in self.shared.table.clear() {
            login.close().await;
        }
        self.shared.running.close();
        let _ = tokio::time::timeout(NOTICE_LIMIT, self.shared.running.wait()).await;
        self.shared.docker.tidied().await;
        self.shared.voice.finish();
    }

    /// Masks a text that is to be shown.
    pub fn mask(&self, text: &str) -> String {
        self.shared.masker.mask_str(text).into_owned()
    }

    /// Masks a value that leaves the step: an output.
    pub fn mask_value(&self, value: &mut Value) {
        self.shared.masker.mask_json(value);
    }
}

impl Shared {
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a record; how many there are with it.
    pub(crate) fn count_record(&self) -> u64 {
        self.records.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes that the plugin is told of something that can't be reached.
    pub(crate) fn note_unreachable(&self) {
        self.unreachable.store(true, Ordering::Relaxed);
    }

    pub(crate) fn denial_count(&self) -> usize {
        self.denials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    pub(crate) fn doubts(&self) -> MutexGuard<'_, BTreeMap<u64, String>> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the grants.
    pub(crate) fn permit(&self, act: &Act<'_>) -> Result<Permit, Fault> {
        authorize(&self.authority, act).map_err(Fault::from)
    }

    pub(crate) fn remember_denial(&self, denial: Denial) {
        self.denials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(denial);
    }

    /// A grant as the journal names it.
    pub(crate) fn grant(&self, pointer: &str) -> Option<GrantReference> {
        let grant = self
            .authority
            .bound
            .grants
            .iter()
            .find(|grant| grant.pointer == pointer)?;
        Some(GrantReference {
            pointer: grant.pointer.clone(),
            authority: self
                .masker
                .mask_str(&capstep_grants::plan::describe(grant))
                .into_owned(),
            place: grant.place.clone(),
        })
    }

    /// An error about the very thing that an input designates, with the place where the pipeline hands it over: whoever
    /// reads it has that line to look at.
    pub(crate) fn located(&self, pointer: &str, fault: Fault) -> Fault {
        let Fault::Error(mut error) = fault else {
            return fault;
        };
        let mut grants = self.authority.bound.grants.iter();
        if let Some(grant) = grants.find(|grant| grant.pointer == pointer) {
            error.message = format!("{}: {}", grant.place, error.message);
        }
        Fault::Error(error)
    }

    pub(crate) fn grants(&self, pointers: &[&str]) -> Vec<GrantReference> {
        pointers
            .iter()
            .filter_map(|pointer| self.grant(pointer))
            .collect()
    }

    /// The names of the secrets at these inputs.
    pub(crate) fn secret_names<'a>(
        &self,
        pointers: impl IntoIterator<Item = &'a str>,
    ) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for pointer in pointers {
            for secret in self
                .authority
                .bound
                .secrets
                .iter()
                .filter(|secret| secret.pointer == pointer)
            {
                names.extend(secret.text.names.iter().cloned());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// The pointer of the input that this placeholder stands for.
    pub(crate) fn placeholder_at(&self, text: &str) -> Option<&str> {
        self.secrets
            .keys()
            .find(|pointer| self.inputs.pointer(pointer).and_then(Value::as_str) == Some(text))
            .map(String::as_str)
    }

    /// Says that what was piped on is not what came, to the byte.
    pub(crate) fn warn_of_masked(&self, masked: u64, what: &str) {
        if masked > 0 {
            let text = format!(
                "{masked} secrets in what came from {what} were masked before it was passed on"
            );
            self.voice.message(Level::Warn, &text);
        }
    }

    /// The text at an input, the real one where it is a secret. Only verbs that hold a permit for it ask.
    pub(crate) fn value(&self, pointer: &str) -> Option<SecretValue> {
        if let Some(secret) = self.secrets.get(pointer) {
            return Some(secret.clone());
        }
        match self.authority.bound.values.pointer(pointer) {
            Some(Value::String(text)) => Some(SecretValue::new(text.as_str())),
            Some(Value::Null) | None => None,
            Some(other) => Some(SecretValue::new(other.to_string())),
        }
    }
}
