//! Terminals that are narrow, tiny, or change while the run goes on.

use capstep_tests::project::Project;
use capstep_tests::terminal::OnTerminal;

use crate::two_that_wait;

/// Lines longer than any of these terminals is wide, with wide characters.
fn talking() -> Project {
    Project::new(
        "version: 1\njobs:\n  one:\n    steps:\n      - name: 日本語の名前がとても長いステップ\n        run: |\n          for n in $(seq 1 12); do\n            \
         echo \"$n 日本語 and more than fits\"\n            sleep 0.1\n          done\n",
    )
}

#[test]
fn lines_are_whole_in_any_size() {
    for (rows, columns) in [(24, 30), (6, 20), (2, 12), (1, 10), (3, 4)] {
        let project = talking();
        let mut on = OnTerminal::run(&project, &[], (rows, columns));
        assert_eq!(on.wait().code(), Some(0), "{rows} × {columns}");
        // Rows that a terminal has broken are put together again; wide characters may leave a cell free.
        let everything: String = on.everything().split_whitespace().collect();
        let mut rest = everything.as_str();
        for number in 1..=12 {
            let line = format!("{number}日本語andmorethanfits");
            let at = rest.find(&line);
            let at = at.unwrap_or_else(|| panic!("{rows} × {columns}: {line}: {everything}"));
            rest = &rest[at + line.len()..];
        }
        assert!(
            !everything.contains("running"),
            "{rows} × {columns}: {everything}"
        );
        assert!(on.shows_cursor());
    }
}

#[test]
fn a_narrow_terminal_has_an_area_of_whole_rows() {
    let project = two_that_wait();
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (8, 24));
    let screen = on.until("both run", |screen| screen.contains("2 running"));
    let rows: Vec<&str> = screen.lines().collect();
    let area = &rows[rows.len() - 3..];
    assert!(area[0].contains("s  left   1. Ask it"), "{screen}");
    assert!(area[1].contains("s  right  1. Ask it"), "{screen}");
    assert!(area[0].ends_with('…'), "{screen}");
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
}

#[test]
fn a_resized_terminal_keeps_its_lines() {
    let project = two_that_wait();
    let mut on = OnTerminal::run(&project, &["--jobs", "2"], (20, 100));
    let before = on.until("both run", |screen| {
        screen.matches(" %  attempt  ").count() == 2
    });
    assert!(before.contains("left  |   1. Ask it"), "{before}");
    on.resize(20, 36);
    let narrow = on.until("the area is narrower", |screen| {
        screen
            .lines()
            .any(|row| row.contains("left ") && row.ends_with('…'))
    });
    assert_eq!(narrow.matches("2 running").count(), 1, "{narrow}");
    assert!(narrow.contains("left  |   1. Ask it"), "{narrow}");
    on.resize(20, 100);
    on.until("it is wider again", |screen| {
        screen.matches(" %  attempt  ").count() == 2
    });
    on.types("\u{3}");
    assert_eq!(on.wait().code(), Some(130));
    let everything = on.everything();
    assert!(!everything.contains("running"), "{everything}");
    assert!(everything.contains("left  |   1. Ask it"), "{everything}");
}
