//! Inputs that make no sense together, found before anything is touched.

use capstep_sdk::Failure;

use crate::inputs::Inputs;

/// # Errors
/// Nothing to do, nowhere to do it, or an input that would be ignored without another.
pub(crate) fn validate(inputs: &Inputs) -> Result<(), Failure> {
    let refuse = |message: &str| Err(Failure::invalid(message));
    if inputs.target.is_empty() {
        return refuse("target: there is no host to deploy to");
    }
    if inputs.upload.is_empty() && inputs.run.is_none() {
        return refuse("there is nothing to do: set `upload`, `run` or both");
    }
    if inputs
        .run
        .as_deref()
        .is_some_and(|script| script.trim().is_empty())
    {
        return refuse("run: the script is empty");
    }
    if inputs.run.is_none() {
        let set = [
            ("env", !inputs.env.is_empty()),
            ("host-env", !inputs.host_env.is_empty()),
            ("working-directory", inputs.working_directory.is_some()),
            ("timeout", inputs.timeout.is_some()),
        ];
        if let Some((name, _)) = set.into_iter().find(|(_, set)| *set) {
            return refuse(&format!("{name}: is for the script, and there is no `run`"));
        }
    }
    if let Some(name) = inputs.host_env.keys().find(|name| !names(inputs, name)) {
        return refuse(&format!(
            "host-env: `{name}` is none of the targets: write a host, or `user@host` as in `target`"
        ));
    }
    let in_release = |path: &str| inputs.release.is_some() && !path.starts_with('/');
    if inputs
        .upload
        .iter()
        .any(|upload| upload.delete && in_release(&upload.to))
    {
        return refuse("delete: a new release has nothing but what is copied to it anyway");
    }
    if inputs.release.is_none() && !inputs.shared.is_empty() {
        return refuse("shared: is for releases, and there is no `release`");
    }
    Ok(())
}

/// Whether a name of `host-env` is about one of the targets, as the host sees it.
fn names(inputs: &Inputs, name: &str) -> bool {
    inputs.target.iter().any(|target| {
        let host = target
            .rsplit_once('@')
            .map_or(target.as_str(), |(_, host)| host);
        let bare = match host.rsplit_once(':') {
            Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
            _ => host,
        };
        let bare = bare.trim_start_matches('[').trim_end_matches(']');
        name == target
            || target.strip_suffix(":22") == Some(name)
            || name.eq_ignore_ascii_case(bare)
    })
}
