//! `capstep demo`, as it is called: it shows what it promises, in this order, needs no other program, and leaves nothing,
//! also where it is interrupted.

use std::fs;
use std::path::PathBuf;

use capstep_tests::program::{Ran, root, wait_until};
use capstep_tests::project::Project;
use nix::sys::signal::Signal;

/// A folder of its own with no program in its path.
struct Place {
    project: Project,
    temporary: PathBuf,
}

impl Place {
    fn new() -> Self {
        let mut project = Project::empty();
        let temporary = project.dir.path().join("temporary");
        fs::create_dir(&temporary).unwrap();
        project.environment = vec![
            ("TMPDIR".to_owned(), temporary.display().to_string()),
            // Neither docker nor sshd, nor anything else.
            ("PATH".to_owned(), String::new()),
        ];
        Self { project, temporary }
    }

    /// Nothing of it is left: in the folder for temporary files, here, and in the state folder.
    #[track_caller]
    fn assert_left_nothing(&self) {
        let left: Vec<_> = fs::read_dir(&self.temporary).unwrap().collect();
        assert!(left.is_empty(), "it left {left:?}");
        let entries = fs::read_dir(self.project.folder()).unwrap();
        let here: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(here, [".git"]);
        assert_eq!(fs::read_dir(self.project.state()).unwrap().count(), 0);
    }
}

/// What it says, in this order.
const ORDER: [&str; 21] = [
    "The plan: what each step may touch, before anything runs\n",
    "\ndeploy\n  1. write the environment file",
    "write               .env",
    "secret              SECRET_KEY_BASE → file .env",
    "runs project code:",
    "The run\n",
    " of capstep.yml\n",
    "1. write the environment file  env-setup",
    "2. deploy the site  ssh-deploy",
    "current is ",
    "3. wait until it is healthy  health-check",
    "\npassed in ",
    "A plugin that wants more than it was handed\n",
    "\ncurious\n  1. a plugin that wants more than it was handed",
    "Its run\n",
    " of denied.yml\n",
    "denied (other-origin): `http://169.254.169.254/latest/meta-data/` is not on `http://127.0.0.1:",
    "denied (other-origin): `https://exfil.example/` is not on",
    "\ndenied: curious/1 (",
    " (and 1 more)\n",
    "Both servers are gone, and so is everything that they and the runs wrote.\n",
];

#[track_caller]
fn assert_in_order(text: &str) {
    let mut from = 0;
    for part in ORDER {
        let Some(at) = text[from..].find(part) else {
            panic!("`{part}` is not shown, or not there:\n{text}");
        };
        from += at + part.len();
    }
}

#[test]
fn it_deploys_is_denied_and_leaves_nothing() {
    let place = Place::new();
    let ran = place.project.capstep(&["demo", "--verbose"]).expect(0);
    assert_in_order(&ran.stderr);
    assert_eq!(ran.stdout, "");
    // Nothing but the port of its own server was handed over, and no line of the plan is about more.
    assert_eq!(ran.stderr.matches("denied (").count(), 2, "{}", ran.stderr);
    place.assert_left_nothing();
    assert_as_in_the_readme(&ran);
}

/// The text without what differs from run to run.
fn plain(text: &str) -> String {
    let patterns = [
        (r"\d{8}-\d{6}-[0-9a-f]+", "ID"),
        (r"\bsha256:[0-9a-f]{12}\b", "DIGEST"),
        (r"\d\d:\d\d:\d\d", "TIME"),
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"\b(after|in) \d+(\.\d+)? ?(ms|s|m)\b", "$1 A-WHILE"),
        (r"\S*/srv/site/", "/srv/site/"),
        (r"\d+ B\b", "N B"),
        (r"attempt \d+/", "attempt N/"),
    ];
    patterns
        .iter()
        .fold(text.to_owned(), |text, (pattern, with)| {
            let pattern = regex::Regex::new(pattern).unwrap();
            pattern.replace_all(&text, *with).into_owned()
        })
}

/// What the README says that the demo prints, it prints.
#[track_caller]
fn assert_as_in_the_readme(ran: &Ran) {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("What the demo prints").unwrap();
    let (shown, _) = rest.split_once("## A pipeline").unwrap();
    let printed = plain(&ran.stderr);
    let printed: Vec<&str> = printed.lines().collect();
    for line in shown.lines().filter_map(|line| line.strip_prefix("    ")) {
        let line = plain(line);
        // Which tenths are told depends on how fast it goes.
        if !line.contains("uploading: ") {
            assert!(
                printed.contains(&line.as_str()),
                "the README has:\n{line}\n{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn interrupted_it_leaves_nothing() {
    let begun = |place: &Place| fs::read_dir(&place.temporary).unwrap().count() > 0;
    for signals in [1, 2] {
        let place = Place::new();
        let running = place.project.start(&["demo"]);
        wait_until("its folder", || begun(&place));
        for _ in 0..signals {
            running.signal(Signal::SIGINT);
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        running
            .wait()
            .expect(130)
            .never_says("Both servers are gone");
        place.assert_left_nothing();
    }
}
