//! What stands before the page's body: its style, and the policy that it lives by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::markup::Markup;
use super::super::recording::{Recording, word};

const STYLE: &str = include_str!("style.css");

/// What tells a page that capstep wrote from others.
pub(in super::super) const GENERATOR: &str = "<meta name=\"generator\" content=\"capstep ";

/// The page loads nothing and runs nothing, and its one style is this very text: markup that got into it against all
/// escaping could do nothing but be seen.
pub(super) fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
}

pub(super) fn write(page: &mut Markup, recording: &Recording) {
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\"");
    // What is escaped in it, the browser reads as it was.
    page.attribute("content", policy()).raw(">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"robots\" content=\"noindex\">\n")
        .raw(GENERATOR);
    page.raw(concat!(env!("CARGO_PKG_VERSION"), "\">\n<title>"))
        .text(word(recording.outcome))
        .raw(": ");
    page.text(&recording.pipeline).raw(", run ");
    page.text(&recording.run).raw("</title>\n<style>");
    page.raw(STYLE).raw("</style>\n</head>\n");
}
