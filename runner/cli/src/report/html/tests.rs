use std::collections::BTreeSet;

use super::super::testing::{HOSTILE, let_pass, sample, sample_plan, sample_usage};
use super::*;

fn page() -> String {
    html(&sample_plan(), &sample(), &sample_usage())
}

/// Every start tag of a page, with its attributes.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .filter_map(|part| part.split('>').next())
        .filter(|tag| !tag.starts_with('/'))
        .collect()
}

#[test]
fn hostile_names_and_lines_are_text() {
    let page = page();
    let (head, body) = page.split_once("<body>").unwrap();
    let names: BTreeSet<&str> = tags(body)
        .iter()
        .filter_map(|tag| tag.split([' ', '\n']).next())
        .collect();
    let ours = BTreeSet::from([
        "a", "article", "br", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2",
        "h3", "h4", "header", "li", "main", "p", "pre", "rect", "section", "span", "strong",
        "summary", "svg", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
    ]);
    assert_eq!(
        names.difference(&ours).collect::<Vec<_>>(),
        Vec::<&&str>::new()
    );
    for tag in tags(body) {
        assert!(!tag.contains(" on") && !tag.contains("src="), "{tag}");
        if let Some((_, target)) = tag.split_once("href=\"") {
            assert!(target.starts_with('#'), "{tag}");
        }
    }
    assert!(!page.contains(HOSTILE));
    assert!(!page.contains(['\u{1b}', '\u{0}', '\u{202e}']));
    assert!(
        body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;")
    );
    // The policy allows this very style, and nothing else; it stands before what it is about.
    assert!(head.contains("default-src &#39;none&#39;; style-src &#39;sha256-"));
    assert!(head.find("Content-Security-Policy") < head.find("<style>"));
    assert!(!head.contains("@import") && !head.contains("url("));
}

#[test]
fn links_lead_somewhere() {
    let page = page();
    let ids: BTreeSet<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .collect();
    let targets = page.split(" href=\"#").skip(1);
    let targets: Vec<&str> = targets.filter_map(|part| part.split('"').next()).collect();
    assert!(targets.len() > 8, "{targets:?}");
    for target in targets {
        assert!(ids.contains(target), "#{target}");
    }
    assert_eq!(ids.len(), page.matches(" id=\"").count(), "each once");
}

#[test]
fn what_was_granted_and_what_was_used_stand_side_by_side() {
    let page = page();
    let text = plain_text(&page);
    let check = |expected: &str| assert!(text.contains(expected), "{expected}\n{text}");
    check("capstep.yml: ⊘ denied");
    check("2: 1 denied, 1 skipped");
    check("5: 1 passed, 1 denied, 3 skipped");
    check("files/write-entries 1×");
    check("http/send 2×");
    check("Used and not in the plan: /elsewhere, 1 time");
    check("Begun and never confirmed: http/send.");
    check("TOKEN file .env (compose) capstep.yml:8:");
    check("To allow it: add `http://&lt;b&gt;/` to `url`");
    check("Head of the journal: abc.");
    // Of the step that passed everything was used; that the other left an address alone says nothing.
    check("The steps that passed used all that they were granted.");
    let unused = text.split("Granted and never used").nth(1);
    assert!(!unused.unwrap().contains("127.0.0.1"));
    check("capstep.yml:10:47 never");
}

#[test]
fn what_may_fail_is_told_apart() {
    let page = html(&sample_plan(), &let_pass(), &sample_usage());
    let text = plain_text(&page);
    assert!(!text.contains("What went wrong"), "{text}");
    let check = |expected: &str| assert!(text.contains(expected), "{expected}\n{text}");
    check("Failed, with continue-on-error");
    check("✗ failed (continue-on-error) build/1 (env-setup) capstep.yml:6:9 exit code 1");
    check("✗ failed (continue-on-error) the job build its output has no value");
    check("Deployed to production: https://&lt;b&gt;");
}

/// What is read on a page, with single spaces.
fn plain_text(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let text: String = body
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(tag, text)| {
            let apart = ["/td", "/tr", "br", "/dt", "/p", "/li"].iter();
            let space = if apart.clone().any(|end| tag == *end) {
                " "
            } else {
                ""
            };
            format!("{space}{text}")
        })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
