//! Files that are no pipelines.

use capstep_tests::program::Ran;
use capstep_tests::project::Project;

use crate::limits::{READING, SMALL, bounded};

/// Each of these is refused by `lint`, by `plan` and by `run` alike.
#[track_caller]
fn refused(content: impl AsRef<[u8]>) -> Ran {
    let project = Project::empty();
    project.write("capstep.yml", content);
    for command in ["plan", "run"] {
        bounded(project.capstep(&[command]), 2, READING, SMALL);
        assert!(project.journals().is_empty(), "something was run");
    }
    bounded(project.capstep(&["lint"]), 2, READING, SMALL)
}

#[test]
fn ten_megabytes() {
    let mut text = "version: 1\njobs:\n".to_owned();
    let mut number = 0;
    while text.len() < 10_000_000 {
        text.push_str(&format!("  job{number}: {{ steps: [{{ uses: noop }}] }}\n"));
        number += 1;
    }
    refused(text).says("1 MiB");
}

#[test]
fn a_bomb_of_aliases() {
    let mut text = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![alias; 10].join(", ")
        ));
    }
    text.push_str("jobs: *a11\n");
    refused(text).says("capstep.yml:");
}

#[test]
fn deep_nesting() {
    refused("[".repeat(1_000_000))
        .says("capstep.yml:1:")
        .says("limit-exceeded");
    refused(format!("version: 1\njobs: {}", "{a: ".repeat(200_000))).says("capstep.yml:2:");
    let expression = format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000));
    refused(format!(
        "version: 1\njobs:\n  a:\n    if: {expression}\n    steps: [{{ uses: noop }}]\n"
    ))
    .says("capstep.yml:4:");
}

#[test]
fn no_text() {
    refused([b"version: 1\nname: ".as_slice(), &[0xff, 0xfe, b'\n']].concat()).says("UTF-8");
    refused([0_u8; 4096]);
    refused("version: 1\r\0\n");
}

#[test]
fn a_thousand_mistakes_are_told_soon() {
    let steps: String = (0..5_000)
        .map(|number| format!("      - {{ use{number}: x }}\n"))
        .collect();
    let ran = refused(format!("version: 1\njobs:\n  a:\n    steps:\n{steps}"));
    assert!(
        ran.stderr.len() < 4 << 20,
        "{} bytes of mistakes",
        ran.stderr.len()
    );
}

#[test]
fn a_folder_or_nothing_in_the_files_place() {
    let project = Project::empty();
    std::fs::create_dir(project.path("capstep.yml")).unwrap();
    bounded(project.capstep(&["lint"]), 2, READING, SMALL);
    bounded(project.capstep(&["lint", "/dev/null"]), 2, READING, SMALL);
    bounded(project.capstep(&["lint", "/dev/zero"]), 2, READING, SMALL);
}
