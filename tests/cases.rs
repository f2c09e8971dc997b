//! A folder in `cases/` is a case: a project (`capstep.yml` and other files), and what running `command` in it gives:
//!
//! - `plugins/*.wat` and `plugins/*.toml`: plugins as text, see `make_plugins`;
//! - `setup`: a bash script that is run in the project before, with the program as `$CAPSTEP`;
//! - `command`: the arguments, one line (without it: `lint`);
//! - `expected.exit`, `expected.stdout`, `expected.stderr`: the exit code and the output, with `[TIME]`, `[TEMP]`,
//!   `[DURATION]`, `[RUN]` and `[DIGEST]` for what differs from run to run, and without what is said of compiling. A missing one means 0, or no output.
//!
//! `UPDATE=1 cargo test --release -p capstep-tests --test cases` writes them; read them before committing.

use std::fs;
use std::path::{Path, PathBuf};

use capstep_grants::manifest::Manifest;
use capstep_tests::program::root;
use capstep_tests::project::Project;

/// Files of a case that are not part of its project.
const ABOUT: [&str; 6] = [
    "setup",
    "command",
    "expected.exit",
    "expected.stdout",
    "expected.stderr",
    "README.md",
];

fn folder() -> PathBuf {
    root().join("tests/cases")
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_folder_gives_what_it_expects() {
    let only = std::env::var("CASE").ok();
    let update = std::env::var_os("UPDATE").is_some();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        if only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        count += 1;
        let found = run(&case);
        if update {
            write(&case, &found);
        } else if let Some(difference) = compare(&case, &found) {
            failures.push(format!("── {name} ──\n{difference}"));
        }
    }
    assert!(count > 0, "no case");
    assert!(
        failures.is_empty(),
        "{} of {count} cases differ\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What a case gave, by the name of the file that expects it.
type Found = [(&'static str, String); 3];

fn run(case: &Path) -> Found {
    let project = Project::empty();
    copy(case, &project.folder());
    make_plugins(&project.folder());
    set_up(case, &project);
    let command = fs::read_to_string(case.join("command")).unwrap_or_else(|_| "lint".to_owned());
    let arguments: Vec<&str> = command.split_whitespace().collect();
    let ran = project.capstep(&arguments);
    let temporary = project.dir.path().to_str().unwrap();
    let code = ran.code();
    [
        (
            "expected.exit",
            if code == 0 {
                String::new()
            } else {
                format!("{code}\n")
            },
        ),
        ("expected.stdout", filtered(&ran.stdout, temporary)),
        ("expected.stderr", filtered(&ran.stderr, temporary)),
    ]
}

/// Does what has to have happened before the command: earlier runs, a repository's history.
fn set_up(case: &Path, project: &Project) {
    let script = case.join("setup");
    if !script.is_file() {
        return;
    }
    let output = std::process::Command::new("bash")
        .args(["-euo", "pipefail"])
        .arg(&script)
        .current_dir(project.folder())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", project.dir.path().join("state"))
        .env("XDG_STATE_HOME", project.dir.path().join("state"))
        .env("XDG_CACHE_HOME", capstep_tests::program::cache())
        .env("CAPSTEP", capstep_tests::program::program())
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "a")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@example.com")))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}: {}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else if !ABOUT.iter().any(|name| entry.file_name() == *name) {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A case has its plugins as text: `plugins/x.wat` becomes `plugins/x.wasm`, and `plugins/x.toml`, a manifest, becomes a
/// plugin without code.
fn make_plugins(folder: &Path) {
    for entry in fs::read_dir(folder.join("plugins")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let bytes = match path.extension().and_then(|extension| extension.to_str()) {
            Some("wat") => wat::parse_file(&path).unwrap(),
            Some("toml") => {
                let (declaration, _) =
                    Manifest::from_toml(&fs::read_to_string(&path).unwrap()).unwrap();
                let mut bytes = wat::parse_str("(component)").unwrap();
                bytes.extend(declaration.to_custom_section());
                bytes
            }
            _ => continue,
        };
        fs::write(path.with_extension("wasm"), bytes).unwrap();
        fs::remove_file(path).unwrap();
    }
}

/// The text without what differs from run to run.
fn filtered(text: &str, temporary: &str) -> String {
    let text = text.replace(temporary, "[TEMP]");
    let patterns = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\b[0-9a-f]{64}\b", "[DIGEST]"),
        (r"\bjournal sha256:[0-9a-f]{12}\b", "journal [DIGEST]"),
        (r"(?m)^sha256:[0-9a-f]{12}$", "[DIGEST]"),
        (r"\b\d{8}-\d{6}-[0-9a-f]{8}\b", "[RUN]"),
        (r"(?m)  \d\d:\d\d:\d\d$", "  [TIME]"),
        (r"(?m)^compiling the plugin .*\n", ""),
        (r"\b\d+(\.\d+)?(ms|µs)\b", "[DURATION]"),
        (r"\b(after|in) \d+(\.\d+)? m?s\b", "$1 [DURATION]"),
        // What `show` and `runs` say of times, and git's ids.
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "[TIME]"),
        (r"(?m) {2,}\d+(\.\d+)? m?s( {2,}|$)", "  [DURATION]$2"),
        (r#""milliseconds": \d+"#, "\"milliseconds\": [DURATION]"),
        (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
        // What stands for a name in the state folder.
        (r"-[0-9a-f]{16}\b", "-[KEY]"),
        (r"\bage1[a-z0-9]{58}\b", "[RECIPIENT]"),
        (r"\([0-9a-f]{12}\)", "([COMMIT])"),
        // What takes less than a millisecond.
        (r"\bin 0s\b", "in [DURATION]"),
    ];
    patterns.iter().fold(text, |text, (pattern, with)| {
        regex::Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *with)
            .into_owned()
    })
}

fn write(case: &Path, found: &Found) {
    for (name, text) in found {
        let path = case.join(name);
        if text.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, text).unwrap();
        }
    }
}

fn compare(case: &Path, found: &Found) -> Option<String> {
    let mut difference = String::new();
    for (name, text) in found {
        let expected = fs::read_to_string(case.join(name)).unwrap_or_default();
        if expected != *text {
            difference.push_str(&format!("{name} should be\n{expected}and is\n{text}"));
        }
    }
    (!difference.is_empty()).then_some(difference)
}

/// The codes that `grants` and `registry` give beside those of `pipeline`.
const OTHER_CODES: [&str; 22] = [
    "unknown-input",
    "missing-input",
    "wrong-type",
    "invalid-value",
    "secret-without-sink",
    "not-a-secret",
    "expression-in-script",
    "unbounded-run-time-value",
    "outside-bound",
    "invalid-bound",
    "unknown-plugin",
    "unknown-allow",
    "requirement-not-granted",
    "requirement-mismatch",
    "overlapping-writes",
    "read-while-written",
    "relative-without-release",
    "expression-failed",
    "shadowed-plugin",
    "plugin-file",
    "invalid-plugin",
    "not-supported-yet",
];

/// The codes that the program itself gives, from its one list of them.
fn own_codes() -> Vec<String> {
    let list = fs::read_to_string(root().join("runner/cli/src/codes.rs")).unwrap();
    let pattern = regex::Regex::new(r#"const [A-Z_]+: &str = "([a-z-]+)";"#).unwrap();
    let found = pattern.captures_iter(&list);
    let codes: Vec<String> = found.map(|found| found[1].to_owned()).collect();
    assert!(codes.len() >= 4, "{codes:?}");
    codes
}

/// Every code there is.
fn codes() -> Vec<String> {
    let others = capstep_pipeline::codes::ALL.iter().chain(&OTHER_CODES);
    let others = others.map(|code| (*code).to_owned());
    others.chain(own_codes()).collect()
}

#[test]
fn every_code_of_a_diagnostic_has_a_case() {
    let mut expected = String::new();
    for case in cases() {
        for name in ["expected.stdout", "expected.stderr"] {
            expected.push_str(&fs::read_to_string(case.join(name)).unwrap_or_default());
        }
    }
    let mut missing = codes();
    missing.retain(|code| !word(&expected, code));
    assert!(
        missing.is_empty(),
        "codes without a case in tests/cases: {missing:?}"
    );
}

/// Whether a code stands in the text as a whole: on a line of its own, or as a value in JSON.
fn word(text: &str, code: &str) -> bool {
    text.lines().any(|line| line.trim() == code) || text.contains(&format!("\"{code}\""))
}

/// Codes in the sources are all known to the lists above, so that a new one can't be forgotten: whether it is written
/// where it is given or is a constant, which stands in a list of codes and nowhere else.
#[test]
fn the_list_of_codes_is_whole() {
    let given = r"(?:Diagnostic::(?:error|warning)\(|(?:error|warn|problem|mistake)\()\s*";
    let literal = regex::Regex::new(&format!(r#"{given}"([a-z]+(?:-[a-z]+)+)""#)).unwrap();
    let constant =
        regex::Regex::new(r"Diagnostic::(?:error|warning)\(\s*([A-Z][A-Z_]+)\b").unwrap();
    let known = codes();
    let mut unknown = Vec::new();
    for folder in [
        "runner/pipeline/src",
        "runner/grants/src",
        "runner/registry/src",
        "runner/engine/src",
        "runner/cli/src",
    ] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let found = literal
                .captures_iter(&text)
                .map(|found| found[1].to_owned());
            unknown.extend(
                found
                    .filter(|code| !known.contains(code))
                    .map(|code| (code, file.clone())),
            );
            // Unit tests name codes as they like.
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let found = constant
                .captures_iter(text)
                .map(|found| found[1].to_owned());
            unknown.extend(found.map(|name| (name, file.clone())));
        }
    }
    assert!(unknown.is_empty(), "codes that no list has: {unknown:?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
