use std::collections::BTreeMap;
use std::fs;

use super::*;

fn remember(sealed: &SealedFiles, path: &str, bytes: &[u8]) {
    let held = Held {
        format: "shell".to_owned(),
        entries: BTreeMap::from([("TOKEN".to_owned(), vec!["TOKEN".to_owned()])]),
    };
    let names = vec!["TOKEN".to_owned()];
    sealed
        .remember(
            path,
            bytes,
            "TOKEN=[secret TOKEN]".to_owned(),
            names,
            Some(held),
        )
        .unwrap();
}

#[test]
fn runs_at_the_same_time_lose_nothing() {
    let (state, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [one, two] = [0, 1].map(|_| SealedFiles::open(state.path(), work.path()).unwrap());
    remember(&two, "b.env", b"two");
    remember(&one, "a.env", b"one");
    for sealed in [&one, &two] {
        assert_eq!(sealed.paths(), ["a.env", "b.env"]);
        assert!(sealed.template_of_copy(b"two").is_some());
    }
    two.forget("b.env").unwrap();
    assert_eq!(one.paths(), ["a.env"]);
    let later = SealedFiles::open(state.path(), work.path()).unwrap();
    assert_eq!(later.paths(), ["a.env"]);
    assert_eq!(later.digest(b"x"), one.digest(b"x"));
}

#[test]
fn what_is_damaged_while_a_run_lives_unseals_nothing() {
    let (state, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sealed = SealedFiles::open(state.path(), work.path()).unwrap();
    remember(&sealed, "a.env", b"one");
    let registry = fs::read_dir(state.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "json"))
        .unwrap();
    fs::write(&registry, "{").unwrap();
    assert!(sealed.template("a.env").is_some());
    let again = SealedFiles::open(state.path(), work.path());
    assert!(matches!(again, Err(SealedFilesError::Damaged { .. })));
    fs::remove_file(&registry).unwrap();
    assert!(sealed.template("a.env").is_some());
}

#[test]
fn another_folder_has_its_own_paths_and_knows_copies() {
    let (state, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let other = tempfile::tempdir().unwrap();
    let sealed = SealedFiles::open(state.path(), work.path()).unwrap();
    remember(&sealed, "a.env", b"one");
    // By whatever way one comes to the folder.
    let link = other.path().join("link");
    std::os::unix::fs::symlink(work.path(), &link).unwrap();
    let linked = SealedFiles::open(state.path(), &link).unwrap();
    assert!(linked.template("a.env").is_some());
    let other = SealedFiles::open(state.path(), other.path()).unwrap();
    assert!(other.template("a.env").is_none());
    assert!(other.template_of_copy(b"one").is_some() && !other.is_empty());
    // Nothing that is done there unseals anything here.
    other.forget("a.env").unwrap();
    assert!(sealed.template("a.env").is_some());
}

#[test]
fn a_folder_above_or_below_knows_them_as_well() {
    let (state, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let below = work.path().join("app");
    fs::create_dir(&below).unwrap();
    let sealed = SealedFiles::open(state.path(), work.path()).unwrap();
    remember(&sealed, "app/a.env", b"one");
    remember(&sealed, "b.env", b"two");
    let inside = SealedFiles::open(state.path(), &below).unwrap();
    assert_eq!(inside.paths(), ["a.env"]);
    assert!(inside.template("a.env").is_some() && inside.template("b.env").is_none());
    remember(&inside, "c.env", b"three");
    let outside = SealedFiles::open(state.path(), work.path()).unwrap();
    assert_eq!(outside.paths(), ["app/a.env", "b.env", "app/c.env"]);
    assert!(outside.template("app/c.env").is_some());
}

#[test]
fn values_that_stand_in_files_are_found() {
    let (state, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspace = Workspace::open(work.path()).unwrap();
    let sealed = SealedFiles::open(state.path(), work.path()).unwrap();
    let found = || {
        let held = sealed.held(&workspace);
        let values = held
            .iter()
            .map(|held| (held.names.join("+"), held.value.expose().to_owned()));
        values.collect::<Vec<_>>()
    };
    remember(&sealed, "a.env", b"TOKEN='hunter2'\nPLAIN='x'\n");
    assert_eq!(found(), []);
    fs::write(work.path().join("a.env"), "TOKEN='it'\\''s'\nPLAIN='x'\n").unwrap();
    assert_eq!(found(), [("TOKEN".to_owned(), "it's".to_owned())]);
    // What came in its place holds nothing up.
    fs::remove_file(work.path().join("a.env")).unwrap();
    nix::unistd::mkfifo(
        &work.path().join("a.env"),
        nix::sys::stat::Mode::from_bits_truncate(0o600),
    )
    .unwrap();
    assert_eq!(found(), []);
    fs::remove_file(work.path().join("a.env")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", work.path().join("a.env")).unwrap();
    assert_eq!(found(), []);
}
