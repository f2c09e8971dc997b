//! What was designated, in the journal's words: worked out here from the plan's JSON, so that both must mean the same.

use serde_json::Value;

/// The text by which the journal names what a grant of the plan designates; none where the plan doesn't know it yet.
pub(super) fn shown(grant: &Value) -> Option<String> {
    let authority = grant.get("authority").filter(|value| !value.is_null())?;
    let text = |key: &str| authority[key].as_str().unwrap_or_default();
    let host = || match text("host") {
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    Some(match text("kind") {
        "path" => match grant.get("build") {
            // A build context is told with how it is built.
            Some(build) => format!(
                "{} ({}, network: {}{})",
                text("path"),
                build["dockerfile"].as_str().unwrap_or("some Dockerfile"),
                build["network"].as_str().unwrap_or_default(),
                match build["pull"].as_bool() {
                    Some(true) => ", newer base images: yes",
                    _ => "",
                }
            ),
            None => text("path").to_owned(),
        },
        "url" => match text("match") {
            "exact" => text("url").to_owned(),
            wider => format!("{} ({wider})", text("url")),
        },
        "tcp-address" => format!("{}:{}", host(), authority["port"]),
        "ssh-target" if authority["port"] == 22 => format!("{}@{}", text("user"), host()),
        "ssh-target" => format!("{}@{}:{}", text("user"), host(), authority["port"]),
        "remote-path" if authority.get("release").is_some() => {
            format!("{} in the new release", text("path"))
        }
        "remote-path" => text("path").to_owned(),
        "image" => image(&authority["image"]),
        "registry" => text("host").to_owned(),
        "state" => text("name").to_owned(),
        "script" => text("first-line").to_owned(),
        other => panic!("an authority that the tests don't know: {other}"),
    })
}

fn image(image: &Value) -> String {
    let text = |key: &str| image[key].as_str();
    let mut name = format!(
        "{}/{}",
        text("registry").unwrap_or_default(),
        text("repository").unwrap_or_default()
    );
    if let Some(tag) = text("tag") {
        name.push_str(&format!(":{tag}"));
    }
    if let Some(digest) = text("digest") {
        name.push_str(&format!("@{digest}"));
    }
    name
}
