//! Is this URL within that grant?

use url::Url;

use super::permit::UrlPermit;
use super::rule::Rule;
use crate::manifest::UrlMatch;

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
    // An encoded dot, slash or backslash may be decoded by the server after this check: refuse what is ambiguous.
    let encoded = url.path().to_ascii_lowercase();
    let ambiguous = ["%2e", "%2f", "%5c"]
        .iter()
        .any(|sly| encoded.contains(sly))
        || encoded.contains('\\');
    let fits = match url_match {
        UrlMatch::Exact => url.path() == granted.path() && url.query() == granted.query(),
        UrlMatch::Prefix => !ambiguous && is_below(url.path(), granted.path()),
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
        return Err((
            Rule::OtherMethod,
            format!("the method {method} is not among {}", methods.join(", ")),
        ));
    }
    Ok(())
}

/// Whether a URL lies within what another one grants, whatever the method.
pub(crate) fn url_fits(granted: &Url, url_match: UrlMatch, url: &Url) -> bool {
    let any = [String::from("GET")];
    permits(granted, url_match, &any, url, "GET").is_ok()
}

/// Segment by segment: `/v2/` holds `/v2/x`, not `/v2x`.
fn is_below(path: &str, folder: &str) -> bool {
    if folder.ends_with('/') {
        path.starts_with(folder)
    } else {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(granted: &str, url_match: UrlMatch, url: &str, expected: Result<(), Rule>) {
        let methods = vec!["GET".to_owned()];
        let got = permits(
            &Url::parse(granted).unwrap(),
            url_match,
            &methods,
            &Url::parse(url).unwrap(),
            "GET",
        );
        assert_eq!(
            got.map_err(|(rule, _)| rule),
            expected,
            "{url} within {granted}"
        );
    }

    #[test]
    fn urls_and_grants() {
        use UrlMatch::{Exact, Origin, Prefix};
        check(
            "https://a.example/x?y=1",
            Exact,
            "https://a.example/x?y=1",
            Ok(()),
        );
        check(
            "https://a.example/x?y=1",
            Exact,
            "https://A.example:443/x?y=1",
            Ok(()),
        );
        check(
            "https://a.example/x?y=1",
            Exact,
            "https://a.example/x?y=2",
            Err(Rule::OtherPath),
        );
        check(
            "https://a.example/v2/",
            Prefix,
            "https://a.example/v2/x?q",
            Ok(()),
        );
        check(
            "https://a.example/v2",
            Prefix,
            "https://a.example/v2evil",
            Err(Rule::OtherPath),
        );
        check(
            "https://a.example/v2/",
            Prefix,
            "https://a.example/v2/../x",
            Err(Rule::OtherPath),
        );
        check(
            "https://a.example/v2/",
            Prefix,
            "https://a.example/v2/%2e%2e/x",
            Err(Rule::OtherPath),
        );
        check(
            "https://a.example/v2/",
            Prefix,
            "https://a.example/v2/..%2fx",
            Err(Rule::OtherPath),
        );
        check(
            "https://a.example/",
            Origin,
            "https://a.example/anything",
            Ok(()),
        );
        for other in [
            "http://a.example/",
            "https://a.example:444/",
            "https://a.example.evil/",
            "https://u:p@a.example/",
            "https://b.example/",
        ] {
            check("https://a.example/", Origin, other, Err(Rule::OtherOrigin));
        }
        let granted = Url::parse("https://a.example/").unwrap();
        let denied = permits(&granted, Exact, &["GET".to_owned()], &granted, "DELETE");
        assert_eq!(denied.unwrap_err().0, Rule::OtherMethod);
    }

    proptest! {
        #[test]
        fn what_is_permitted_is_on_the_granted_origin(text in "https?://[a-z@.:0-9]{1,20}/[ -~]{0,20}") {
            let granted = Url::parse("https://a.example/v2/").unwrap();
            if let Ok(url) = Url::parse(&text)
                && permits(&granted, UrlMatch::Prefix, &["GET".to_owned()], &url, "GET").is_ok()
            {
                prop_assert_eq!(url.origin(), granted.origin());
                prop_assert!(url.path().starts_with("/v2/"));
            }
        }
    }
}
