//! Steps that say more than anybody reads.

use std::time::Duration;

use capstep_tests::project::Project;
use capstep_tests::terminal::OnTerminal;

/// More lines than the emulator keeps would only be missing there.
const LINES: usize = 9_000;

#[test]
fn all_lines_are_there_and_in_order() {
    let project = Project::new(&format!(
        "version: 1\njobs:\n  one:\n    steps:\n      - run: |\n          sleep 0.5\n          seq -f 'line %.0f' 1 {LINES}\n          sleep 0.3\n"
    ));
    let mut on = OnTerminal::run(&project, &[], (24, 80));
    assert_eq!(on.wait().code(), Some(0));
    let everything = on.everything();
    let lines = everything
        .lines()
        .filter_map(|row| row.strip_prefix("     line "));
    let numbers: Vec<usize> = lines.map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=LINES).collect::<Vec<_>>());
    assert!(!everything.contains("running"));
}

#[test]
fn it_is_redrawn_at_most_ten_times_a_second() {
    let project = Project::new(
        "version: 1\njobs:\n  one:\n    steps:\n      - run: |\n          for n in $(seq 1 1500); do echo line $n; sleep 0.001; done\n",
    );
    let mut on = OnTerminal::run(&project, &[], (24, 80));
    assert_eq!(on.wait().code(), Some(0));
    let writes = on.writes();
    let took = writes.last().unwrap().0 - writes.first().unwrap().0;
    let redrawn = on
        .bytes()
        .windows(b"1 running".len())
        .filter(|part| part == b"1 running")
        .count();
    let most = usize::try_from(took.as_millis() / 100).unwrap() + 2;
    assert!((3..=most).contains(&redrawn), "{redrawn} times in {took:?}");
    assert!(took > Duration::from_secs(1));
}
