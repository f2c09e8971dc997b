//! Targets, and the scripts, paths and releases on them.

use super::Decision;
use crate::authority::Authority;
use crate::bind::RoleKind;
use crate::check::permit::{RemotePermit, SshPermit};
use crate::check::{Permit, Refusal, Rule};
use crate::grant::Grant;
use crate::manifest::Access;
use crate::{pointer, remote_path};

impl Decision<'_> {
    pub(super) fn ssh(&self, at: &str, accesses: &[Access]) -> Result<SshPermit, Refusal> {
        self.account(at, self.grant(at, accesses)?)
    }

    /// A host on the way: what leads there is its role, and nothing else can be done on it.
    pub(super) fn jump(&self, target: &str, through: &str) -> Result<SshPermit, Refusal> {
        self.ssh(target, &[Access::Script, Access::Files, Access::Exec])?;
        self.declared(through)?;
        let bound = &self.step.bound;
        let served = bound
            .roles
            .iter()
            .find(|role| role.kind == RoleKind::Jump && pointer::is_within(through, &role.pointer))
            .map_or(&[] as &[String], |role| &role.serves);
        self.belongs(through, served, target)?;
        let Some(grant) = bound.grants.iter().find(|grant| grant.pointer == through) else {
            return Err(Refusal::NotSet(through.to_owned()));
        };
        self.account(through, grant)
    }

    fn account(&self, at: &str, grant: &Grant) -> Result<SshPermit, Refusal> {
        match &grant.authority {
            Some(Authority::SshTarget { user, host, port }) => Ok(SshPermit {
                grant: at.to_owned(),
                user: user.clone(),
                host: host.clone(),
                port: *port,
                written: grant.provenance.is_written(),
                place: grant.place.clone(),
            }),
            _ => Err(self.no_authority(at, "an ssh-target")),
        }
    }

    pub(super) fn script(&self, target: &str, script: &str) -> Result<Permit, Refusal> {
        self.ssh(target, &[Access::Script])?;
        let grant = self.grant(script, &[Access::Script])?;
        let Some(Authority::Script { targets, .. }) = &grant.authority else {
            return Err(self.no_authority(script, "a script"));
        };
        self.belongs(script, targets, target)?;
        let text = self
            .step
            .bound
            .values
            .pointer(script)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        Ok(Permit::Script {
            grant: script.to_owned(),
            text: text.to_owned(),
            place: grant.place.clone(),
        })
    }

    fn belongs(&self, at: &str, targets: &[String], target: &str) -> Result<(), Refusal> {
        if targets.iter().any(|owner| owner == target) {
            return Ok(());
        }
        Err(self.deny(
            Rule::OtherTarget,
            at,
            format!("`{at}` was not handed over for `{target}`"),
            None,
        ))
    }

    pub(super) fn remote(
        &self,
        target: &str,
        at: &str,
        entry: &str,
        accesses: &[Access],
    ) -> Result<RemotePermit, Refusal> {
        self.ssh(target, &[Access::Files])?;
        let grant = self.grant(at, accesses)?;
        let Some(Authority::RemotePath {
            path: root,
            targets,
            release,
        }) = &grant.authority
        else {
            return Err(self.no_authority(at, "a remote-path"));
        };
        self.belongs(at, targets, target)?;
        let path = if entry.is_empty() {
            root.clone()
        } else {
            let outside = |_| {
                self.deny(
                    Rule::OutsidePath,
                    at,
                    format!("`{entry}` leads out of `{root}`"),
                    None,
                )
            };
            let entry = remote_path::parse(entry).map_err(outside)?;
            if entry.starts_with('/') {
                return Err(outside(String::new()));
            }
            remote_path::join(root, &entry)
        };
        Ok(RemotePermit {
            grant: at.to_owned(),
            root: root.clone(),
            path,
            release: release.clone(),
            place: grant.place.clone(),
        })
    }

    pub(super) fn transfer(
        &self,
        target: &str,
        local: &str,
        local_access: &[Access],
        remote: &str,
        remote_access: &[Access],
    ) -> Result<Permit, Refusal> {
        let Permit::Path { root, .. } = self.path(local, "", local_access)? else {
            return Err(self.no_authority(local, "a path"));
        };
        let permit = self.remote(target, remote, "", remote_access)?;
        if parent(local) != parent(remote) {
            return Err(self.deny(
                Rule::NotSiblings,
                remote,
                format!("`{local}` and `{remote}` were not handed over together"),
                None,
            ));
        }
        Ok(Permit::Transfer {
            local: local.to_owned(),
            root,
            remote: permit,
        })
    }
}

/// The record that a pointer's value stands in: `/upload/0` of `/upload/0/from`.
fn parent(at: &str) -> &str {
    at.rfind('/')
        .map_or("", |slash| at.get(..slash).unwrap_or_default())
}
