use super::*;

/// A step's name, `>` before a line of it, or its end.
fn shown(said: Vec<Said>) -> Vec<String> {
    said.into_iter()
        .map(|said| match said {
            Said::Step(name) => name,
            Said::Line(line) => format!("> {line}"),
            Said::Ended { name, how } => format!("{name}: {}", how.as_str()),
        })
        .collect()
}

/// What is said of events, each as `+a NAME`, `a LINE` or `-a HOW`.
fn told(events: &[&str]) -> Vec<String> {
    let mut grouped = Grouped::default();
    let mut said = Vec::new();
    for event in events {
        let (id, rest) = event.split_once(' ').unwrap();
        match id.split_at(1) {
            ("+", id) => grouped.begin(id.to_owned(), rest.to_owned()),
            ("-", id) => {
                let how = [How::Done, How::Cached, How::Failed]
                    .into_iter()
                    .find(|how| how.as_str() == rest);
                said.extend(grouped.end(id, how.unwrap()));
            }
            _ => said.extend(grouped.lines(id, vec![rest.to_owned()])),
        }
    }
    said.extend(grouped.finish());
    assert_eq!(grouped.waiting, 0, "{events:?}");
    shown(said)
}

#[test]
fn the_lines_of_a_step_stand_together() {
    let check =
        |events: &[&str], expected: &[&str]| assert_eq!(told(events), expected, "{events:?}");
    // The first that speaks is foremost; what another says and how it ends waits for it.
    check(
        &[
            "+a [a 1/2] RUN x",
            "+b [b 1/1] RUN y",
            "a 1",
            "b 1",
            "a 2",
            "b 2",
            "-b done",
            "a 3",
            "-a done",
        ],
        &[
            "[a 1/2] RUN x",
            "> 1",
            "> 2",
            "> 3",
            "[a 1/2] RUN x: done",
            "[b 1/1] RUN y",
            "> 1",
            "> 2",
            "[b 1/1] RUN y: done",
        ],
    );
    // After it goes on what is of the same stage, before what has waited longer.
    check(
        &[
            "+a [a 1/2] RUN x",
            "+b [b 1/1] RUN y",
            "a 1",
            "b 1",
            "+c [a 2/2] RUN z",
            "c 1",
            "-a done",
            "b 2",
            "c 2",
            "-c done",
            "b 3",
            "-b done",
        ],
        &[
            "[a 1/2] RUN x",
            "> 1",
            "[a 1/2] RUN x: done",
            "[a 2/2] RUN z",
            "> 1",
            "> 2",
            "[a 2/2] RUN z: done",
            "[b 1/1] RUN y",
            "> 1",
            "> 2",
            "> 3",
            "[b 1/1] RUN y: done",
        ],
    );
    // Who says nothing is named once, at its end.
    check(
        &["+a [1/1] COPY . .", "-a cached"],
        &["[1/1] COPY . .: cached"],
    );
    // What a build that broke off left open is said.
    check(
        &[
            "+a [a 1/1] RUN x",
            "+b [b 1/1] RUN y",
            "a 1",
            "b 1",
            "-b failed",
        ],
        &[
            "[a 1/1] RUN x",
            "> 1",
            "[b 1/1] RUN y",
            "> 1",
            "[b 1/1] RUN y: failed",
        ],
    );
    check(
        &["+a [a 1/1] RUN x", "+b [b 1/1] RUN y", "a 1", "b 1"],
        &["[a 1/1] RUN x", "> 1", "[b 1/1] RUN y", "> 1"],
    );
    check(&["x of no step", "-x done"], &[]);
}

#[test]
fn work_around_the_dockerfile_is_told_where_it_fails() {
    let check = |how: &str, expected: &[&str]| {
        let events = [
            "+i [internal] load build context",
            "i 1",
            "+a [1/1] RUN x",
            "a 1",
            &format!("-i {how}"),
            "-a done",
        ];
        assert_eq!(told(&events), expected);
    };
    check("done", &["[1/1] RUN x", "> 1", "[1/1] RUN x: done"]);
    check(
        "failed",
        &[
            "[1/1] RUN x",
            "> 1",
            "[1/1] RUN x: done",
            "[internal] load build context",
            "> 1",
            "[internal] load build context: failed",
        ],
    );
}

#[test]
fn what_waits_is_limited_and_nothing_is_lost() {
    let mut grouped = Grouped::default();
    grouped.begin("a".to_owned(), "a".to_owned());
    grouped.begin("b".to_owned(), "b".to_owned());
    let mut said = grouped.lines("a", vec!["first".to_owned()]);
    let line = "x".repeat(1024);
    for _ in 0..2 * WAITING_LIMIT / line.len() {
        said.extend(grouped.lines("b", vec![line.clone()]));
    }
    assert!(grouped.waiting <= WAITING_LIMIT);
    said.extend(grouped.lines("a", vec!["last".to_owned()]));
    said.extend(grouped.end("b", How::Done));
    said.extend(grouped.end("a", How::Done));
    let lines = said.iter().filter(|said| matches!(said, Said::Line(_)));
    assert_eq!(lines.count(), 2 * WAITING_LIMIT / line.len() + 2);
    let names: Vec<&Said> = said
        .iter()
        .filter(|said| !matches!(said, Said::Line(_)))
        .collect();
    let step = |name: &str| Said::Step(name.to_owned());
    let ended = |name: &str| Said::Ended {
        name: name.to_owned(),
        how: How::Done,
    };
    assert_eq!(
        names,
        [&step("a"), &step("b"), &ended("b"), &step("a"), &ended("a")]
    );
}

/// A build of parallel stages as an engine reported it: `runner/docker/tests/traces` has the engine's own lines, and what
/// the crate makes of them.
#[test]
fn a_recorded_build_is_told_stage_by_stage() {
    let events = include_str!("../../../../../docker/tests/traces/parallel.events");
    let expected = include_str!("../../../../../docker/tests/traces/parallel.told");
    let mut grouped = Grouped::default();
    let mut said = Vec::new();
    for event in events.lines() {
        let parts: Vec<&str> = event.split('\t').collect();
        match parts.as_slice() {
            ["started", id, _, name] => grouped.begin((*id).to_owned(), (*name).to_owned()),
            ["log", id, text] => {
                let text: String = serde_json::from_str(text).unwrap();
                said.extend(grouped.lines(id, text.lines().map(str::to_owned).collect()));
            }
            ["finished", id, how] => {
                let how = [How::Done, How::Cached, How::Failed]
                    .into_iter()
                    .find(|known| known.as_str() == *how);
                said.extend(grouped.end(id, how.unwrap()));
            }
            other => panic!("{other:?}"),
        }
    }
    said.extend(grouped.finish());
    assert_eq!(shown(said).join("\n"), expected.trim_end());
}
