//! What BuildKit wants to have of a context, out of a call's headers.

use http::HeaderMap;
use percent_encoding::percent_decode_str;

/// The names by which BuildKit asks: the context, and the folder of the Dockerfile.
pub(super) const CONTEXT: &str = "context";
pub(super) const DOCKERFILE: &str = "dockerfile";

/// One call's question.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) name: String,
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) follow: Vec<String>,
}

impl Question {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self {
            name: values(headers, "dir-name").pop().unwrap_or_default(),
            include: values(headers, "include-patterns"),
            exclude: values(headers, "exclude-patterns"),
            follow: values(headers, "followpaths"),
        }
    }
}

/// A header's values; newer engines escape those that aren't ASCII, and say so by another header.
fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let escaped = headers
        .get(format!("{name}-encoded"))
        .is_some_and(|value| value == "1" || value == "true");
    headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            if escaped {
                let blanks = text.replace('+', " ");
                percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
            } else {
                text.into_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn questions_are_read_from_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("dir-name", HeaderValue::from_static("context"));
        headers.append("followpaths", HeaderValue::from_static("a%C3%A9+b%2B"));
        headers.append("followpaths", HeaderValue::from_static("c"));
        headers.insert("followpaths-encoded", HeaderValue::from_static("1"));
        headers.append("exclude-patterns", HeaderValue::from_static("a%2B"));
        assert_eq!(
            Question::read(&headers),
            Question {
                name: "context".into(),
                include: vec![],
                exclude: vec!["a%2B".into()],
                follow: vec!["aé b+".into(), "c".into()],
            }
        );
    }
}
