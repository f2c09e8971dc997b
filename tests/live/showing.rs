//! What the area shows, and where it is not shown.

use std::process::Command;

use capstep_tests::deployment::Deployment;
use capstep_tests::program::capstep;
use capstep_tests::project::Project;
use capstep_tests::terminal::OnTerminal;
use nix::sys::signal::Signal;
use regex::Regex;

use crate::two_that_wait;

#[test]
fn jobs_side_by_side_have_a_line_each() {
    let project = two_that_wait();
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (24, 100));
    let screen = on.until("both run", |screen| {
        screen.contains("2 running, 1 waiting") && screen.matches(" %  attempt  ").count() == 2
    });
    let rows: Vec<&str> = screen.lines().collect();
    let area = rows[rows.len() - 3..].join("\n");
    let expected = "^ *[0-9]+ s  left   1\\. Ask it  [━─]{20} +[0-9]+ %  attempt  [0-9]+ of 300\n\
                    *[0-9]+ s  right  1\\. Ask it  [━─]{20} +[0-9]+ %  attempt  [0-9]+ of 400\n\
                    *[0-9]+ s  2 running, 1 waiting$";
    let expected = expected.replace("\n*", "\n *");
    assert!(Regex::new(&expected).unwrap().is_match(&area), "{area}");
    // Above it are whole lines of the report.
    let above = &rows[..rows.len() - 3];
    assert!(above.iter().any(|row| row.contains("left  |")), "{screen}");
    assert!(above.iter().all(|row| !row.contains('━')), "{screen}");
    on.signal(Signal::SIGTERM);
    assert_eq!(on.wait().code(), Some(143));
}

#[test]
fn an_upload_has_a_bar() {
    let deployment = Deployment::deployed();
    let _proxy = deployment.behind_a_stall();
    let arguments = deployment.arguments();
    let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let mut on = OnTerminal::run(&deployment.project, &arguments, (24, 100));
    let screen = on.until("the upload", |screen| screen.contains("uploading"));
    let last = screen.lines().rev().nth(1).unwrap();
    let expected =
        "s  deploy  2\\. ssh-deploy  [━─]{20} +[0-9]+ %  uploading  [0-9.]+ [KM]iB of 3\\.8 MiB$";
    assert!(Regex::new(expected).unwrap().is_match(last), "{screen}");
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
}

/// The area moves the cursor up or erases; the report alone never does.
fn has_area(on: &OnTerminal) -> bool {
    on.bytes().windows(2).any(|pair| pair == b"[J")
}

#[test]
fn it_is_shown_where_somebody_watches() {
    let check = |arguments: &[&str], variables: &[(&str, &str)], expected: bool| {
        let mut project = Project::new(
            "version: 1\njobs:\n  one:\n    steps:\n      - { run: \"sleep 1; echo done\" }\n",
        );
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        project.environment = variables.iter().map(own).collect();
        let mut on = OnTerminal::run(&project, arguments, (24, 80));
        assert_eq!(on.wait().code(), Some(0));
        assert_eq!(has_area(&on), expected, "{arguments:?} {variables:?}");
        assert!(on.everything().contains("done"));
    };
    check(&[], &[], true);
    check(&["--no-color"], &[], true);
    check(&["--no-live"], &[], false);
    check(&["--format", "json"], &[], false);
    check(&[], &[("CI", "true")], false);
    check(&[], &[("TERM", "dumb")], false);
}

#[test]
fn in_the_background_of_a_shell_there_is_none() {
    let check = |how: &str, expected: bool| {
        let project = Project::new(
            "version: 1\njobs:\n  one:\n    steps:\n      - { run: \"sleep 1; echo done\" }\n",
        );
        let mut command = capstep(&project.folder(), &project.state(), &["run"]);
        command.env("TERM", "xterm");
        let mut shell = Command::new("bash");
        let script = format!("set -m; \"$0\" run {how}");
        shell.args(["-c", &script]).arg(command.get_program());
        shell.current_dir(project.folder());
        shell.envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let mut on = OnTerminal::start(&shell, (24, 80));
        assert_eq!(on.wait().code(), Some(0));
        assert_eq!(has_area(&on), expected, "{how}");
        assert!(on.everything().contains("done"));
    };
    check("& wait $!", false);
    check("; true", true);
}

#[test]
fn without_a_terminal_there_is_none() {
    let project = two_that_wait();
    let mut command = capstep(&project.folder(), &project.state(), &["run"]);
    command.env("TERM", "xterm");
    let running = capstep_tests::program::start(&mut command);
    std::thread::sleep(std::time::Duration::from_secs(2));
    running.signal(Signal::SIGTERM);
    let ran = running.wait().expect(143);
    assert!(!ran.text().contains('\u{1b}'), "{}", ran.text());
}
