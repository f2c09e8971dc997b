//! Reports in files: what another program reads in them, however the run ended, and what they leave alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use capstep_tests::project::Project;
use capstep_tests::servers;
use nix::sys::signal::Signal;

/// A run that passes, fails and is denied; with names and values that attack whoever shows them.
const PIPELINE: &str = r#"
version: 1
secrets: [TOKEN]
jobs:
  "writes":
    steps:
      - name: "<script>alert(1)</script> ]]> & \"'"
        uses: env-setup
        with: { file: .env, vars: { A: one, T: "${{ secrets.TOKEN }}" } }
      - uses: noop
        with: { echo: "</code><img src=x onerror=alert(1)>" }
  fails:
    steps:
      - uses: health-check
        with: { tcp: "127.0.0.1:1", attempts: 1 }
      - uses: noop
  denied:
    steps:
      - uses: health-check
        with: { url: "http://169.254.169.254/", attempts: 1 }
  after:
    needs: [fails]
    steps:
      - uses: noop
"#;

/// Reads both reports as others do: the XML with Python's parser, the page's tags with its HTML parser.
const READER: &str = r##"
import sys, html.parser, xml.etree.ElementTree as T
root = T.parse(sys.argv[1]).getroot()
for suite in root:
    for case in suite:
        verdict = [e.tag for e in case if e.tag != "system-out"] or ["passed"]
        print(suite.get("name"), "/", case.get("name"), "/", *verdict)
class Page(html.parser.HTMLParser):
    open = []
    void = {"meta", "br"}
    def handle_starttag(self, tag, attributes):
        if tag not in self.void: self.open.append(tag)
        for name, value in attributes:
            if tag in ("script", "img", "link", "iframe") or name.startswith("on") or name in ("src", "style"):
                sys.exit(f"{tag} {name}={value}")
            if name == "href" and not value.startswith("#"): sys.exit(value)
    def handle_endtag(self, tag):
        if tag != self.open.pop(): sys.exit(f"</{tag}> closes another element")
page = Page()
page.feed(open(sys.argv[2], encoding="utf-8").read())
page.close()
print("open:", page.open)
"##;

fn read(project: &Project) -> String {
    let output = Command::new("python3")
        .args(["-c", READER, "junit.xml", "report.html"])
        .current_dir(project.folder())
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}\n{text}");
    text
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn others_read_the_reports_of_a_run_that_failed() {
    let mut project = Project::new(PIPELINE);
    let canary = "canary-<&\"7f3a91c2";
    project
        .environment
        .push(("TOKEN".to_owned(), canary.to_owned()));
    let reports = ["run", "--junit", "junit.xml", "--html", "report.html"];
    project.capstep(&reports).expect(3);
    let expected = "writes / <script>alert(1)</script> ]]> & \"' / passed
writes / noop / passed
fails / health-check / failure
fails / noop / skipped
denied / health-check / failure
after / noop / skipped
open: []
";
    assert_eq!(read(&project), expected);
    for name in ["junit.xml", "report.html"] {
        let text = project.read(name);
        assert!(!text.contains("7f3a91c2"), "a secret is in {name}");
        let mode = fs::metadata(project.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o600, 0o600, "{name}");
    }
    let page = project.read("report.html");
    for text in [
        "address-refused",
        "files/write-entries 1×",
        "&lt;/code&gt;&lt;img src=x onerror=alert(1)&gt;",
        "TOKEN",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let left = [".env", ".git", "capstep.yml", "junit.xml", "report.html"];
    assert_eq!(entries(&project.folder()), left);
}

#[test]
fn a_run_that_is_cancelled_writes_them_too() {
    let port = servers::silent();
    let project = Project::new(&format!(
        "version: 1\njobs:\n  waits:\n    steps:\n      - {{ uses: env-setup, with: {{ file: .env, vars: {{ A: a }} }} }}\n      - uses: health-check\n        with: {{ url: \"http://127.0.0.1:{port}/\", timeout: 60s }}\n      - uses: noop\n"
    ));
    let running = project.start(&["run", "--junit", "junit.xml", "--html", "report.html"]);
    let started = std::time::Instant::now();
    while !project.path(".env").exists() && started.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(Signal::SIGINT);
    running.wait().expect(130);
    let expected = "waits / env-setup / passed
waits / health-check / error
waits / noop / skipped
open: []
";
    assert_eq!(read(&project), expected);
}

#[test]
fn what_cannot_be_written_stops_the_run_before_it_begins() {
    let write = "version: 1\njobs:\n  a:\n    steps:\n      - { uses: env-setup, with: { file: .env, vars: { A: a } } }\n";
    let check = |path: &str, why: &str| {
        let project = Project::new(write);
        let ran = project.capstep(&["run", "--html", path]);
        ran.expect(2).says("no report can be written to").says(why);
        assert_eq!(
            entries(&project.folder()),
            [".git", "capstep.yml"],
            "{path}"
        );
    };
    check("no/such/report.html", "there is no folder `no/such`");
    check(".git", "it is a folder");
    check("/dev/stdout", "it is no plain file");
    check("capstep.yml", "it is the pipeline's file");
    check("/proc/report.html", "");
    check("capstep.yml/report.html", "");
    // One that could be written when the run began, and can't any more: what the run did stands, and the code says it.
    let project = Project::new(write);
    fs::write(project.path("report.html"), "").unwrap();
    project.capstep(&["run", "--html", "report.html"]).expect(0);
    project.capstep(&["run", "--html", "report.html"]).expect(0);
    assert!(project.read("report.html").starts_with("<!doctype html>"));
}
