//! What the documentation shows is so: pipelines in it have no mistakes, the README's plan is the program's, commands that
//! are safe to run do run, and whatever else stands in a block can be read by whoever reads such a thing. (That its
//! `capstep …` lines are ones that the program takes is tested beside the command line's definition.)

use std::collections::BTreeSet;
use std::fs;

use capstep_grants::manifest::Manifest;
use capstep_pipeline::{Source, parse_tree};
use capstep_tests::program::root;
use capstep_tests::project::Project;

/// A block of code.
struct Block {
    /// `docs/cli.md:14`.
    place: String,
    lines: Vec<String>,
}

impl Block {
    fn text(&self) -> String {
        let lines = self.lines.iter();
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn first(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }
}

/// The files that people read: the README and all in `docs/`.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/plugins"] {
        let mut names: Vec<String> = fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
            .filter(|name| name.ends_with(".md"))
            .collect();
        names.sort();
        found.extend(names);
    }
    found
}

/// The blocks of a document: between fences, or indented by four spaces behind an empty line.
fn blocks(document: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let begins = at;
        let is_fence = lines[at].starts_with("```");
        let is_indented = lines[at].starts_with("    ")
            && (at == 0 || lines[at - 1].trim().is_empty())
            && !lines[..at]
                .iter()
                .rev()
                .find(|line| !line.trim().is_empty())
                .is_some_and(|line| line.starts_with("- ") || line.starts_with("1. "));
        let mut block = Vec::new();
        if is_fence {
            at += 1;
            while at < lines.len() && !lines[at].starts_with("```") {
                block.push(lines[at].to_owned());
                at += 1;
            }
        } else if is_indented {
            while at < lines.len() && (lines[at].starts_with("    ") || lines[at].trim().is_empty())
            {
                block.push(
                    lines[at]
                        .strip_prefix("    ")
                        .unwrap_or_default()
                        .to_owned(),
                );
                at += 1;
            }
            while block.last().is_some_and(|line| line.trim().is_empty()) {
                block.pop();
            }
        }
        if !block.is_empty() {
            found.push(Block {
                place: format!("{document}:{}", begins + 1),
                lines: block,
            });
        }
        at = at.max(begins) + usize::from(!is_indented);
    }
    found
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A whole pipeline.
    Pipeline,
    /// A file with steps that pipelines include.
    Included,
    /// Steps of one.
    Steps,
    /// Some keys of one, or of another YAML file.
    Yaml,
    Toml,
    /// Lines for a shell.
    Commands,
    /// Rust, which the plugins of `tests/three_ways` show compiled.
    Rust,
    /// What a program prints, and what is none of these.
    Shown,
}

/// How the first lines of blocks begin that are shown and not read: output of programs, grammars, tables.
const SHOWN: &[&str] = &[
    // The demo's output, which its own test compares, and plans.
    "compiling the plugin ",
    "capstep.yml  1 job",
    "secret   DEPLOY_KEY →",
    // The live view.
    "check  |  ",
    // The journal's records, shortened; a script that reads them.
    "{ \"sequence\"",
    "python3 - ~",
    // The grammar of expressions.
    "any       = all",
    // What passes between host and plugin.
    "→ {\"jsonrpc\"",
    // Folders.
    "/srv/webapp/releases/",
];

fn kind(block: &Block) -> Option<Kind> {
    let first = block.first();
    let has = |start: &str| block.lines.iter().any(|line| line.starts_with(start));
    if first.starts_with("use ") {
        return Some(Kind::Rust);
    }
    if SHOWN.iter().any(|start| first.starts_with(start)) {
        return Some(Kind::Shown);
    }
    let toml = regex::Regex::new(r#"^(\[[a-z]|[a-z-]+ +=)"#).unwrap();
    let yaml = regex::Regex::new(r"^[A-Za-z_-]+:").unwrap();
    let command =
        regex::Regex::new(r"^(capstep|cargo|git|bash|\./tests|\./[a-z]+|apt|export|docker|sudo) ")
            .unwrap();
    Some(match first {
        _ if has("version: 1") && has("steps:") => Kind::Included,
        _ if has("version: 1") => Kind::Pipeline,
        _ if first.starts_with("- ") => Kind::Steps,
        _ if toml.is_match(first) => Kind::Toml,
        _ if command.is_match(first) || first.starts_with("./tests/run") => Kind::Commands,
        _ if yaml.is_match(first) => Kind::Yaml,
        _ => return None,
    })
}

/// All blocks of a kind.
fn all(wanted: Kind) -> Vec<Block> {
    let blocks = documents()
        .into_iter()
        .flat_map(|document| blocks(&document));
    blocks.filter(|block| kind(block) == Some(wanted)).collect()
}

#[test]
fn every_block_is_something() {
    let blocks: Vec<Block> = documents()
        .iter()
        .flat_map(|document| blocks(document))
        .collect();
    assert!(blocks.len() > 40, "only {} blocks were found", blocks.len());
    let unknown: Vec<_> = blocks
        .iter()
        .filter(|block| kind(block).is_none())
        .map(|block| format!("{}: {}", block.place, block.first()))
        .collect();
    assert!(unknown.is_empty(), "what are these? {unknown:#?}");
}

/// A project with what the documents' pipelines name.
fn project(pipeline: &str) -> Project {
    let project = Project::new(pipeline);
    let bare = |manifest: &str| {
        let (declaration, _) = Manifest::from_toml(manifest).unwrap();
        let mut bytes = wat::parse_str("(component)").unwrap();
        bytes.extend(declaration.to_custom_section());
        bytes
    };
    project.write(
        "plugins/scan.wasm",
        bare(
            "name = \"scan\"\nversion = \"0.1.0\"\ndescription = \"Scans.\"\nworld = \"capstep:step@0.1.0\"\n\
             [requires.api]\ntype = \"url\"\nvalue = \"https://api.example.com/v2/\"\ndoc = \"Where the findings are looked up.\"\n",
        ),
    );
    let count = all(Kind::Toml)
        .into_iter()
        .find(|block| block.text().contains("name        = \"count\""));
    project.write("plugins/count.wasm", bare(&count.unwrap().text()));
    let plain = "(module (memory (export \"memory\") 1) (func (export \"_start\")))";
    project.write("plugins/tool.wasm", wat::parse_str(plain).unwrap());
    project
}

/// The names that a text refers to: `secrets.NAME`.
fn named(text: &str, context: &str) -> Vec<String> {
    let pattern = regex::Regex::new(&format!(r"\b{context}\.([A-Z_]+)")).unwrap();
    let names: BTreeSet<String> = pattern
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect();
    names.into_iter().collect()
}

#[test]
fn pipelines_have_no_mistakes() {
    let pipelines = all(Kind::Pipeline);
    assert!(pipelines.len() >= 2);
    for block in pipelines {
        let ran = project(&block.text()).capstep(&["lint"]);
        assert_eq!(ran.code(), 0, "{}:\n{}", block.place, ran.text());
    }
}

/// Such a file stands behind the steps that include it.
#[test]
fn included_files_have_no_mistakes() {
    let include = regex::Regex::new(r"include: (\S+)").unwrap();
    let mut seen = 0;
    for document in documents() {
        let blocks = blocks(&document);
        for pair in blocks.windows(2) {
            let [steps, file] = pair else { continue };
            if kind(file) != Some(Kind::Included) {
                continue;
            }
            seen += 1;
            let text = steps.text();
            let name = include.captures(&text).unwrap()[1].to_owned();
            let indented: String = steps
                .lines
                .iter()
                .map(|line| format!("    {line}\n"))
                .collect();
            let secrets = named(&text, "secrets").join(", ");
            let pipeline = format!("version: 1\nsecrets: [{secrets}]\njobs:\n  a:\n{indented}");
            let project = project(&pipeline);
            project.write(&name, file.text());
            let ran = project.capstep(&["lint"]);
            assert_eq!(ran.code(), 0, "{}:\n{pipeline}\n{}", file.place, ran.text());
        }
    }
    assert!(seen > 0);
    assert_eq!(
        seen,
        all(Kind::Included).len(),
        "one that no steps before it include"
    );
}

#[test]
fn steps_have_no_mistakes() {
    let steps = all(Kind::Steps);
    assert!(steps.len() >= 8);
    for block in steps {
        let text = block.text();
        // What is left out can't be checked.
        if text.contains('…') {
            continue;
        }
        let indented: String = block
            .lines
            .iter()
            .map(|line| format!("      {line}\n"))
            .collect();
        let pipeline = format!(
            "version: 1\nsecrets: [{}]\nvars: {{ {} }}\njobs:\n  a:\n    steps:\n{indented}",
            named(&text, "secrets").join(", "),
            named(&text, "vars")
                .iter()
                .map(|name| format!("{name}: x"))
                .collect::<Vec<_>>()
                .join(", "),
        );
        let pipeline = pipeline
            .replace("secrets: []\n", "")
            .replace("vars: {  }\n", "");
        let ran = project(&pipeline).capstep(&["lint"]);
        assert_eq!(
            ran.code(),
            0,
            "{}:\n{pipeline}\n{}",
            block.place,
            ran.text()
        );
    }
}

#[test]
fn yaml_and_toml_can_be_read() {
    let mut texts: Vec<(String, String)> = Vec::new();
    for block in all(Kind::Yaml) {
        // Several ways to write the same key may stand below each other: each begins anew.
        let mut part = String::new();
        let mut keys = BTreeSet::new();
        for line in &block.lines {
            let key = line.split(':').next().unwrap_or_default().to_owned();
            let is_key = !line.starts_with([' ', '#', '}', ']']) && line.contains(':');
            if is_key && !keys.insert(key.clone()) {
                texts.push((block.place.clone(), std::mem::take(&mut part)));
                keys = BTreeSet::from([key]);
            }
            part.push_str(&format!("{line}\n"));
        }
        texts.push((block.place.clone(), part));
    }
    let steps = all(Kind::Steps).into_iter();
    texts.extend(steps.map(|block| (block.place.clone(), block.text())));
    assert!(texts.len() > 10);
    for (place, text) in texts {
        let source = Source::new("docs.yml", text.as_str());
        if let Err(mistake) = parse_tree(source.file_at(0)) {
            panic!("{place}:\n{text}\n{}", mistake.plain(&source));
        }
    }
    for block in all(Kind::Toml) {
        let text = block.text();
        if let Err(error) = text.parse::<toml::Table>() {
            panic!("{}: {error}", block.place);
        }
        if text.contains("world ") || text.contains("abi ") {
            assert!(Manifest::from_toml(&text).is_ok(), "{}", block.place);
        }
    }
}

#[test]
fn the_readmes_plan_is_the_programs() {
    let blocks = blocks("README.md");
    let pipeline = blocks
        .iter()
        .find(|block| kind(block) == Some(Kind::Pipeline))
        .unwrap();
    let plan = blocks
        .iter()
        .find(|block| block.first().starts_with("capstep.yml  "))
        .unwrap();
    let project = project(&pipeline.text());
    let ran = project.capstep(&["plan"]).expect(0);
    assert_eq!(
        ran.stdout,
        plan.text(),
        "the README's plan should be:\n{}",
        ran.stdout
    );
}

/// Commands that change nothing and need nothing but a pipeline.
const SAFE: [&str; 8] = [
    "capstep lint",
    "capstep plan",
    "capstep why",
    "capstep runs",
    "capstep doctor",
    "capstep schema",
    "capstep plugin list",
    "capstep plugin inspect",
];

#[test]
fn safe_commands_run() {
    let readme = blocks("README.md");
    let pipeline = readme
        .iter()
        .find(|block| kind(block) == Some(Kind::Pipeline))
        .unwrap();
    let project = project(&pipeline.text());
    let mut run = 0;
    for block in all(Kind::Commands) {
        for line in &block.lines {
            let is_safe =
                SAFE.iter().any(|safe| line.starts_with(safe)) && !line.contains("--diff");
            if !is_safe {
                continue;
            }
            let command = line.split(" # ").next().unwrap_or_default();
            let end = command.find(['|', '>']).unwrap_or(command.len());
            let words: Vec<&str> = command[..end].split_whitespace().skip(1).collect();
            let ran = project.capstep(&words);
            // `why` says with 1 that no step may touch the thing, which is an answer.
            assert!(
                matches!(ran.code(), 0 | 1),
                "{}: {line}\n{}",
                block.place,
                ran.text()
            );
            run += 1;
        }
    }
    assert!(run >= 3, "only {run} commands were run");
}
