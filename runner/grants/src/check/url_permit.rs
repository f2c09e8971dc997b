//! Is this URL within that grant? The one place where that is decided: for the request itself, and for each redirect.
//!
//! Both URLs are compared as the `url` crate parses them: scheme and host lower-case, IDNA applied, addresses in their
//! usual notation, default ports dropped, plain dot segments resolved.

use url::Url;

use super::permit::UrlPermit;
use super::rule::Rule;
use crate::manifest::UrlMatch;
use crate::url_path;

impl UrlPermit {
    /// Checks a URL and method against the grant: the one asked for first, and each that a redirect leads to.
    ///
    /// # Errors
    /// The rule that stops it, and why in words.
    pub fn permits(&self, url: &Url, method: &str) -> Result<(), (Rule, String)> {
        permits(&self.granted, self.url_match, &self.methods, url, method)
    }
}

pub(super) fn permits(
    granted: &Url,
    url_match: UrlMatch,
    methods: &[String],
    url: &Url,
    method: &str,
) -> Result<(), (Rule, String)> {
    let same_origin = url.scheme() == granted.scheme()
        && url.host() == granted.host()
        && url.port_or_known_default() == granted.port_or_known_default();
    if !same_origin || !url.username().is_empty() || url.password().is_some() {
        return Err((
            Rule::OtherOrigin,
            format!("`{}` is not on `{}`", shown(url), origin(granted)),
        ));
    }
    let fits = match url_match {
        UrlMatch::Exact => url.path() == granted.path() && url.query() == granted.query(),
        UrlMatch::Prefix if !url_path::is_plain(url.path()) => {
            return Err((
                Rule::OtherPath,
                format!(
                    "`{}` has an encoded separator or dot segment, which servers read in different ways",
                    shown(url)
                ),
            ));
        }
        UrlMatch::Prefix => {
            url_path::is_within(url.path(), granted.path())
                && (granted.query().is_none() || url.query() == granted.query())
        }
        UrlMatch::Origin => true,
    };
    if !fits {
        return Err((
            Rule::OtherPath,
            format!(
                "`{}` is not within `{granted}` ({})",
                shown(url),
                url_match.word()
            ),
        ));
    }
    if !methods
        .iter()
        .any(|granted| granted.eq_ignore_ascii_case(method))
    {
        let among = if methods.is_empty() {
            "none is granted".to_owned()
        } else {
            format!("granted: {}", methods.join(", "))
        };
        return Err((
            Rule::OtherMethod,
            format!(
                "the method `{}` is not granted ({among})",
                method.escape_debug()
            ),
        ));
    }
    Ok(())
}

/// Whether a URL lies within what another one grants, whatever the method.
pub(crate) fn url_fits(granted: &Url, url_match: UrlMatch, url: &Url) -> bool {
    let any = [String::from("GET")];
    permits(granted, url_match, &any, url, "GET").is_ok()
}

/// A URL without what might be a secret of the plugin's choosing: its query.
fn shown(url: &Url) -> String {
    format!("{}{}", origin(url), url.path())
}

fn origin(url: &Url) -> String {
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    format!(
        "{}://{}{port}",
        url.scheme(),
        url.host_str().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests;
