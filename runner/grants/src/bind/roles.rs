//! The inputs that the host reads in the plugin's place, and what each serves.

use serde_json::Value;

use super::leaf::Leaf;
use crate::manifest::{Input, Kind, Role, SiblingRef};
use crate::pointer;

/// An input that the host reads for the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleBinding {
    /// The input; every leaf at or below this pointer.
    pub pointer: String,
    /// What for.
    pub kind: RoleKind,
    /// The inputs it serves.
    pub serves: Vec<String>,
}

/// A role without what it points at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RoleKind {
    KnownHosts,
    HostKey,
    ScriptEnv,
    WorkingDirectory,
    Ca,
    Shell,
    Errexit,
    Shared,
    Keep,
    BuildArg,
    Dockerfile,
    BuildTarget,
    CacheFrom,
    CacheTo,
    BuildNetwork,
    Label,
    Platform,
    NoCache,
    #[serde(rename = "pull")]
    PullBase,
    RegistryUsername,
    Certificate,
    Jump,
    HostEnv,
    Exclude,
    Include,
    MaxDelete,
}

impl From<&Role> for RoleKind {
    fn from(role: &Role) -> Self {
        match role {
            Role::KnownHosts(_) => Self::KnownHosts,
            Role::HostKey(_) => Self::HostKey,
            Role::ScriptEnv(_) => Self::ScriptEnv,
            Role::WorkingDirectory(_) => Self::WorkingDirectory,
            Role::Ca(_) => Self::Ca,
            Role::Shell(_) => Self::Shell,
            Role::Errexit(_) => Self::Errexit,
            Role::Shared(_) => Self::Shared,
            Role::Keep(_) => Self::Keep,
            Role::BuildArg(_) => Self::BuildArg,
            Role::Dockerfile(_) => Self::Dockerfile,
            Role::BuildTarget(_) => Self::BuildTarget,
            Role::CacheFrom(_) => Self::CacheFrom,
            Role::CacheTo(_) => Self::CacheTo,
            Role::BuildNetwork(_) => Self::BuildNetwork,
            Role::Label(_) => Self::Label,
            Role::Platform(_) => Self::Platform,
            Role::NoCache(_) => Self::NoCache,
            Role::PullBase(_) => Self::PullBase,
            Role::RegistryUsername(_) => Self::RegistryUsername,
            Role::Certificate(_) => Self::Certificate,
            Role::Jump(_) => Self::Jump,
            Role::HostEnv(_) => Self::HostEnv,
            Role::Exclude(_) => Self::Exclude,
            Role::Include(_) => Self::Include,
            Role::MaxDelete(_) => Self::MaxDelete,
        }
    }
}

/// Collects role inputs from the manifest and the values. A role stands on an input of a record; its leaves may be
/// several, and the record may stand in a list or map.
pub(super) struct RoleFinder<'a, 'm> {
    pub(super) leaves: &'a [Leaf<'m>],
    /// The pointers of the records around, outermost first.
    pub(super) records: Vec<String>,
    pub(super) found: Vec<RoleBinding>,
}

impl RoleFinder<'_, '_> {
    /// The fields of one record, whose value is `values`.
    pub(super) fn fields(&mut self, fields: &[Input], at: &str, values: &Value) {
        for field in fields {
            let here = pointer::join(at, &field.name);
            if let Some(role) = field.role_of_all() {
                self.found.push(RoleBinding {
                    pointer: here.clone(),
                    kind: role.into(),
                    serves: self.serves(role.sibling()),
                });
            }
            if let Some(value) = values.get(&field.name) {
                self.inside(&field.kind, &here, value);
            }
        }
    }

    /// The records within a value.
    fn inside(&mut self, kind: &Kind, at: &str, value: &Value) {
        match (kind, value) {
            (Kind::Record(fields), Value::Object(_)) => {
                self.records.push(at.to_owned());
                self.fields(fields, at, value);
                self.records.pop();
            }
            (Kind::List(item), Value::Array(values)) => {
                for (index, value) in values.iter().enumerate() {
                    self.inside(&item.kind, &pointer::join(at, &index.to_string()), value);
                }
            }
            (Kind::Map(item), Value::Object(values)) => {
                for (key, value) in values {
                    self.inside(&item.kind, &pointer::join(at, key), value);
                }
            }
            _ => {}
        }
    }

    fn serves(&self, sibling: &SiblingRef) -> Vec<String> {
        let target = match sibling {
            SiblingRef::Requirement(name) => return vec![format!("requires/{name}")],
            SiblingRef::Input { up, name } => self
                .records
                .len()
                .checked_sub(up + 1)
                .and_then(|index| self.records.get(index))
                .map(|record| pointer::join(record, name)),
        };
        let Some(target) = target else {
            return Vec::new();
        };
        self.leaves
            .iter()
            .filter(|leaf| pointer::is_within(&leaf.pointer, &target))
            .map(|leaf| leaf.pointer.clone())
            .collect()
    }
}
