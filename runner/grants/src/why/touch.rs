//! Whether one grant reaches a thing.

use url::Url;

use super::asked::{Asked, AskedHost};
use super::find::Certainty;
use crate::authority::Authority;
use crate::bind::Bound;
use crate::check::url_fits;
use crate::grant::Grant;
use crate::remote_path;
use crate::text;
use crate::workspace_path::WorkspacePath;

/// The port of a registry that names none.
const HTTPS: u16 = 443;

/// Whether the grant reaches what was asked for; by itself, not by what it belongs to.
pub(super) fn touches(grant: &Grant, asked: &Asked) -> Option<Certainty> {
    match &grant.authority {
        Some(authority) => known(authority, asked),
        None => run_time(grant, asked).then_some(Certainty::Possible),
    }
}

fn known(authority: &Authority, asked: &Asked) -> Option<Certainty> {
    let granted = |holds: bool| holds.then_some(Certainty::Granted);
    // Without a wildcard arm: a new kind of authority has to be answered for here.
    match authority {
        Authority::Path { path } => asked.path.as_ref().and_then(|asked| is_below(path, asked)),
        Authority::Url { url, url_match, .. } => {
            let url = Url::parse(url).ok()?;
            if let Some(asked) = &asked.url {
                return granted(url_fits(&url, *url_match, asked));
            }
            let host = asked.host.as_ref()?;
            granted(host.user.is_none() && at(host, &host_of(&url)?, url.port_or_known_default()?))
        }
        Authority::TcpAddress { host, port } => match (&asked.url, &asked.host) {
            (Some(url), _) => granted(
                host_of(url).as_deref() == Some(host) && url.port_or_known_default() == Some(*port),
            ),
            (None, Some(asked)) => granted(asked.user.is_none() && at(asked, host, *port)),
            (None, None) => None,
        },
        Authority::SshTarget { user, host, port } => {
            let asked = asked.host.as_ref()?;
            let same_user = asked.user.as_ref().is_none_or(|asked| asked == user);
            granted(same_user && at(asked, host, *port))
        }
        Authority::RemotePath { path, .. } => {
            let asked = asked.remote.as_deref()?;
            if remote_path::contains(path, asked) {
                Some(Certainty::Granted)
            } else {
                remote_path::contains(asked, path).then_some(Certainty::Below)
            }
        }
        Authority::Image { image } => {
            let is_host = |host| is_registry(host, &image.registry);
            granted(
                asked.image.as_ref().is_some_and(|asked| asked.is(image))
                    || asked.host.as_ref().is_some_and(is_host),
            )
        }
        Authority::Registry { host } => granted(is_registry(asked.host.as_ref()?, host)),
        // By its name, as the plan writes it.
        Authority::State { .. } => None,
        // What a script is asked for by is where it runs; that is its target's matter.
        Authority::Script { .. } => None,
    }
}

/// A value that is known when the step starts: whether its bound leaves room for the thing.
fn run_time(grant: &Grant, asked: &Asked) -> bool {
    let Some(bound) = grant
        .within
        .as_deref()
        .and_then(|within| Bound::of_word(grant.kind, within))
    else {
        return false;
    };
    if let Some(host) = &asked.host
        && bound.allows_host(host.user.as_deref(), &host.host, host.port)
    {
        return true;
    }
    if let Some(url) = &asked.url
        && let Some(host) = host_of(url)
    {
        return bound.allows_host(None, &host, url.port_or_known_default());
    }
    let path = asked
        .path
        .as_ref()
        .map(|path| Authority::Path { path: path.clone() });
    let remote = asked.remote.as_ref().map(|path| Authority::RemotePath {
        path: path.clone(),
        targets: Vec::new(),
        release: None,
    });
    path.iter()
        .chain(&remote)
        .any(|authority| bound.permits(authority))
}

/// Whether a path of the workspace lies in a granted one, or holds it.
pub(super) fn is_below(granted: &WorkspacePath, asked: &WorkspacePath) -> Option<Certainty> {
    if granted.holds(asked) {
        Some(Certainty::Granted)
    } else {
        asked.overlaps(granted).then_some(Certainty::Below)
    }
}

fn at(asked: &AskedHost, host: &str, port: u16) -> bool {
    asked.host == host && asked.port.is_none_or(|asked| asked == port)
}

/// A registry is a host; where it has a port of its own, that is the one meant.
fn is_registry(asked: &AskedHost, registry: &str) -> bool {
    let Ok((host, port)) = text::host_port(registry) else {
        return false;
    };
    asked.user.is_none() && at(asked, &host, port.unwrap_or(HTTPS))
}

/// A URL's host, an IPv6 address without its brackets.
fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(
        host.trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
    )
}
