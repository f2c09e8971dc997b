//! A secret that is typed: it is not shown, and the terminal is as it was however that ends.

use capstep_tests::program::capstep;
use capstep_tests::project::Project;
use capstep_tests::terminal::OnTerminal;

fn asks() -> (Project, OnTerminal) {
    let project = Project::empty();
    let recipient = project
        .capstep(&["secret", "identity", "--new"])
        .expect(0)
        .stdout;
    project.write("secrets.recipients", recipient);
    let mut command = capstep(
        &project.folder(),
        &project.state(),
        &["secret", "set", "TOKEN"],
    );
    command.env("TERM", "xterm");
    let on = OnTerminal::start(&command, (24, 100));
    on.until("it asks", |screen| {
        screen.contains("value of TOKEN (it is not shown): ")
    });
    (project, on)
}

#[test]
fn what_is_typed_is_kept_and_not_shown() {
    let (project, mut on) = asks();
    on.types("huntex\u{7f}r2\r");
    assert_eq!(on.wait().code(), Some(0));
    let everything = on.everything();
    assert!(
        everything.contains("set `TOKEN` in secrets.age"),
        "{everything}"
    );
    assert!(!everything.contains("hunt"), "{everything}");
    assert!(on.has_its_settings());
    project.write(
        "capstep.yml",
        "version: 1\nsecrets: [TOKEN]\njobs: { a: { steps: [ { uses: env-setup, with: { file: out.env, vars: { T: \"${{ secrets.TOKEN }}\" } } } ] } }\n",
    );
    project
        .capstep(&["run", "--secret", "TOKEN=age:secrets.age"])
        .expect(0);
    assert_eq!(project.read("out.env"), "T=hunter2\n");
}

#[test]
fn whoever_thinks_better_of_it_has_changed_nothing() {
    let (project, mut on) = asks();
    on.types("hunter2\u{3}");
    assert_eq!(on.wait().code(), Some(130));
    assert!(on.has_its_settings());
    assert!(!project.path("secrets.age").exists());
}

#[test]
fn a_line_that_no_terminal_takes_at_once() {
    let (project, mut on) = asks();
    for _ in 0..50 {
        on.types(&"x".repeat(100));
    }
    assert_eq!(on.wait().code(), Some(4));
    let everything = on.everything();
    assert!(
        everything.contains("the terminal can't be read: the line is longer than 4096 bytes"),
        "{everything}"
    );
    assert!(
        everything
            .contains("hint: give the value by standard input: `capstep secret set TOKEN < FILE`"),
        "{everything}"
    );
    assert!(on.has_its_settings());
    assert!(!project.path("secrets.age").exists());
}
