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
fn a_bomb_of_matrices() {
    let steps = |count: usize| vec!["{ uses: noop }"; count].join(", ");
    let axis = |count: usize| {
        (0..count)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let job = |name: &str, axes: &str, more: &str| {
        format!(
            "  {name}: {{ matrix: {{ {axes} }}, steps: [{}]{more} }}\n",
            steps(1)
        )
    };
    let check = |jobs: String, says: &str| {
        refused(format!("version: 1\njobs:\n{jobs}"))
            .says("bad-matrix")
            .says(says);
    };
    // A billion and more of combinations; many matrices; many steps; many that wait for many.
    let axes: Vec<String> = (0..30).map(|n| format!("a{n}: [0, 1]")).collect();
    check(job("a", &axes.join(", "), ""), "more than 256 jobs");
    let many = |more: &dyn Fn(usize) -> String| {
        (0..30)
            .map(|n| job(&format!("j{n}"), &format!("a: [{}]", axis(256)), &more(n)))
            .collect::<String>()
    };
    check(many(&|_| String::new()), "more than 2000 jobs");
    let one = format!(
        "  a: {{ matrix: {{ a: [{}] }}, steps: [{}] }}\n",
        axis(256),
        steps(10_000)
    );
    check(one, "more than 50000 steps");
    let waiting: String = (0..5_000)
        .map(|n| format!("  j{n}: {{ needs: m, steps: [{}] }}\n", steps(1)))
        .collect();
    check(
        format!("{}{waiting}", job("m", &format!("a: [{}]", axis(256)), "")),
        "too many jobs wait",
    );
    // Values that each job would have.
    let large = format!("a: [{}], b: [[{}]]", axis(256), axis(50_000));
    check(job("a", &large, ""), "more than 4 KiB");
    let names: Vec<String> = (0..50_000).map(|n| format!("b{n}: [0]")).collect();
    let large = format!("a: [{}], {}", axis(256), names.join(", "));
    check(job("a", &large, ""), "more than 4 KiB");
}

#[test]
fn a_bomb_of_variables() {
    let variables: Vec<String> = (0..20_000).map(|n| format!("V{n}: x")).collect();
    let steps = vec!["{ uses: noop }"; 20_000].join(", ");
    refused(format!(
        "version: 1\nenv: {{ {} }}\njobs:\n  a: {{ steps: [{steps}] }}\n",
        variables.join(", ")
    ))
    .says("more than 256 variables");
}

#[test]
fn as_much_as_is_read() {
    // What is within the limits is read soon and in little memory, too.
    let variables: Vec<String> = (0..256).map(|n| format!("V{n}: x")).collect();
    let steps = vec!["{ uses: noop, if: env.V255 == 'x' }"; 15_000].join(", ");
    let text = format!(
        "version: 1\nenv: {{ {} }}\njobs:\n  a: {{ steps: [{steps}] }}\n",
        variables.join(", ")
    );
    let project = Project::new(&text);
    bounded(project.capstep(&["lint"]), 0, READING, SMALL);
    let axis: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let outputs: Vec<String> = (0..2_000).map(|n| format!("o{n}: x")).collect();
    let patterns = vec!["'a*b*c*d*e*/**/x'"; 1_000].join(", ");
    let jobs: String = (0..10)
        .map(|n| {
            format!(
                "  j{n}:\n    on: {{ push: {{ branches: [{patterns}] }} }}\n    matrix: {{ a: [{}] }}\n    outputs: {{ {} }}\n    steps: [{{ \
                 uses: noop }}]\n",
                axis.join(", "),
                outputs.join(", ")
            )
        })
        .collect();
    let project = Project::new(&format!("version: 1\njobs:\n{jobs}"));
    bounded(project.capstep(&["lint"]), 0, READING, SMALL);
}

#[test]
fn a_folder_or_nothing_in_the_files_place() {
    let project = Project::empty();
    std::fs::create_dir(project.path("capstep.yml")).unwrap();
    bounded(project.capstep(&["lint"]), 2, READING, SMALL);
    bounded(project.capstep(&["lint", "/dev/null"]), 2, READING, SMALL);
    bounded(project.capstep(&["lint", "/dev/zero"]), 2, READING, SMALL);
}
