//! Paths within releases: what the pipeline writes relative to a new release lies in a folder that is named when the step
//! runs.

use super::asked::Asked;
use super::find::Certainty;
use crate::authority::Authority;
use crate::grant::Grant;
use crate::plan::StepPlan;
use crate::remote_path;

/// The folder of a release folder that holds the releases.
const RELEASES: &str = "releases";

/// The link beside it that leads to one of them.
const CURRENT: &str = "current";

/// Whether a path that is relative to a release reaches what was asked for, in whichever release, or holds a part of it.
pub(super) fn touches(step: &StepPlan, grant: &Grant, asked: &Asked) -> Option<Certainty> {
    let Some(Authority::RemotePath {
        path,
        release: Some(release),
        ..
    }) = &grant.authority
    else {
        return None;
    };
    let folder = step
        .authority
        .iter()
        .find_map(|grant| match &grant.authority {
            Some(Authority::RemotePath { path, .. }) if grant.pointer == *release => Some(path),
            _ => None,
        })?;
    let asked = asked.remote.as_deref()?;
    if remote_path::contains(asked, folder) {
        return Some(Certainty::Below);
    }
    let below = asked.strip_prefix(folder.trim_end_matches('/'))?;
    let mut parts = below.strip_prefix('/')?.splitn(3, '/');
    let rest = match (parts.next(), parts.next(), parts.next()) {
        (Some(RELEASES), Some(_), Some(rest)) => rest.to_owned(),
        (Some(RELEASES), _, None) | (Some(CURRENT), None, _) => ".".to_owned(),
        (Some(CURRENT), Some(first), None) => first.to_owned(),
        (Some(CURRENT), Some(first), Some(rest)) => format!("{first}/{rest}"),
        _ => return None,
    };
    if remote_path::contains(path, &rest) {
        Some(Certainty::Granted)
    } else {
        let holds = rest == "." || remote_path::contains(&rest, path);
        holds.then_some(Certainty::Below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Variables;
    use crate::testing::{Plugins, planned};

    const PIPELINE: &str = r#"version: 1
secrets: [KEY]
jobs:
  a:
    steps:
      - uses: ssh-deploy
        with:
          target: root@203.0.113.7
          identity: "${{ secrets.KEY }}"
          known-hosts: known_hosts
          release: /srv/app
          upload: [{ from: web/, to: public/ }]
"#;

    #[test]
    fn releases_are_named_when_the_step_runs() {
        let (_, plan, diagnostics) = planned(PIPELINE, &Plugins::built_in(), &Variables::default());
        assert_eq!(diagnostics, []);
        let step = plan.jobs.first().and_then(|job| job.steps.first()).unwrap();
        let upload = step
            .authority
            .iter()
            .find(|grant| grant.pointer == "/upload/0/to");
        let check = |asked: &str, expected: Option<Certainty>| {
            let found = touches(step, upload.unwrap(), &Asked::parse(asked, None));
            assert_eq!(found, expected, "{asked}");
        };
        check(
            "/srv/app/releases/20261201-1/public/x.css",
            Some(Certainty::Granted),
        );
        check(
            "/srv/app/releases/20261201-1/public",
            Some(Certainty::Granted),
        );
        check("/srv/app/releases/20261201-1/config", None);
        check("/srv/app/releases/20261201-1", Some(Certainty::Below));
        check("/srv/app/releases", Some(Certainty::Below));
        check("/srv/app/current", Some(Certainty::Below));
        check("/srv/app/current/public/a/b", Some(Certainty::Granted));
        check("/srv/app/current/log", None);
        check("/srv/app/shared/log", None);
        check("/srv/app", Some(Certainty::Below));
        check("/srv", Some(Certainty::Below));
        check("/srv/apps/releases/1/public", None);
    }
}
