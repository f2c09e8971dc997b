//! What is kept comes back as it was.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;

#[test]
fn a_tree_comes_back_as_it_was() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    place.write("lib/a/one.txt", "1");
    place.write("lib/run.sh", "#!/bin/sh");
    place.write("lib/empty", "");
    set_mode(&place.work("lib/run.sh"), 0o755);
    fs::create_dir(place.work("lib/nothing")).unwrap();
    link("a/one.txt", &place.work("lib/link"));
    link("../run.sh", &place.work("lib/a/up"));
    link("gone", &place.work("lib/dangling"));
    let long = format!("lib/{}/{}", "d".repeat(120), "f".repeat(200));
    place.write(&long, "long");
    link(&"t/".repeat(100), &place.work("lib/far"));
    fs::hard_link(place.work("lib/run.sh"), place.work("lib/twin")).unwrap();
    place.write("single.txt", "one file");
    // Times to the nanosecond, before 1970 too; of folders and links as well.
    let odd = SystemTime::UNIX_EPOCH - Duration::new(1, 500_000_001);
    let file = fs::File::options()
        .write(true)
        .open(place.work("lib/a/one.txt"))
        .unwrap();
    file.set_modified(odd).unwrap();
    fs::File::open(place.work("lib/a"))
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::new(7, 9))
        .unwrap();
    // A folder that nobody may write in, as some package managers make them.
    set_mode(&place.work("lib/nothing"), 0o555);
    set_mode(&place.work("lib/a"), 0o550);
    set_mode(&place.work("lib"), 0o500);
    let before = (place.listing("lib"), place.listing("single.txt"));
    let times: Vec<_> = [
        "lib",
        "lib/a",
        "lib/a/one.txt",
        "lib/link",
        &long,
        "single.txt",
    ]
    .map(|path| (path.to_owned(), mtime(&place.work(path))))
    .into();
    let all = wanted(&["single.txt", "lib"], "k", &[]);
    let Saved::Made { entry, removed: 0 } = place.save(&store, &all).unwrap() else {
        panic!("it was not made");
    };
    assert_eq!((entry.files, entry.bytes), (14, 1 + 9 + 9 + 4 + 8));
    assert!(matches!(
        place.save(&store, &all).unwrap(),
        Saved::ThereAlready
    ));
    tree::remove(&place.spots(&["lib".to_owned()])[0].folder, "lib").unwrap();
    fs::remove_file(place.work("single.txt")).unwrap();
    assert_eq!(place.restore(&store, &all).unwrap().as_deref(), Some("k"));
    assert_eq!((place.listing("lib"), place.listing("single.txt")), before);
    for (path, time) in times {
        assert_eq!(mtime(&place.work(&path)), time, "{path}");
    }
    assert_eq!((place.drafts("."), place.unfinished(&store)), (0, 0));
}

#[test]
fn what_is_there_stays() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let both = wanted(&["a", "b"], "k", &[]);
    place.write("a/kept", "1");
    place.write("b/kept", "1");
    place.save(&store, &both).unwrap();
    let occupied = |path: &str| {
        let found = place.restore(&store, &both);
        let is = matches!(&found, Err(RestoreError::Occupied { path: found }) if found == path);
        assert!(is, "{found:?}");
        assert_eq!(place.drafts("."), 0);
    };
    occupied("a");
    fs::remove_dir_all(place.work("a")).unwrap();
    // One that is there keeps all of them away: what belongs together comes together.
    occupied("b");
    assert!(!place.work("a").exists());
    fs::remove_dir_all(place.work("b")).unwrap();
    for make in [
        |path: &Path| fs::write(path, "mine").unwrap(),
        |path: &Path| link("elsewhere", path),
        |path: &Path| fs::create_dir_all(path.join("x")).unwrap(),
    ] {
        make(&place.work("a"));
        occupied("a");
        let _ = fs::remove_file(place.work("a"));
        let _ = fs::remove_dir_all(place.work("a"));
    }
    // An empty folder is nothing that anybody wants to keep.
    fs::create_dir(place.work("a")).unwrap();
    assert!(place.restore(&store, &both).unwrap().is_some());
    assert_eq!(fs::read_to_string(place.work("a/kept")).unwrap(), "1");
}

#[test]
fn what_comes_meanwhile_stays_as_well() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let both = wanted(&["a", "b"], "k", &[]);
    place.write("a/kept", "1");
    place.write("b", "1");
    place.save(&store, &both).unwrap();
    fs::remove_dir_all(place.work("a")).unwrap();
    fs::remove_file(place.work("b")).unwrap();
    for make in [
        |place: &Place| place.write("b", "mine"),
        |place: &Place| place.write("b/c", "mine"),
        |place: &Place| place.write("a/mine", "mine"),
    ] {
        let found = store.find(&both).unwrap().unwrap();
        let staging = crate::staging::Staging::new(&store, place.spots(both.paths()));
        let mut staging = staging.unwrap();
        let archive = fs::File::open(store.path().join(both.name()).join(CONTENT)).unwrap();
        let gate = Open::default();
        crate::archive::unpack(archive, &mut staging, &gate, &Stop::default()).unwrap();
        make(&place);
        let before = [place.work("a"), place.work("b")].map(|path| path.exists());
        assert!(matches!(
            staging.commit(),
            Err(RestoreError::Occupied { .. })
        ));
        // What was put in its place before the other one could not be is gone again.
        let after = [place.work("a"), place.work("b")].map(|path| path.exists());
        assert_eq!((after, place.drafts(".")), (before, 0));
        let _ = fs::remove_dir_all(place.work("a"));
        let _ = fs::remove_dir_all(place.work("b"));
        let _ = fs::remove_file(place.work("b"));
        drop(found);
    }
}

#[test]
fn fallback_keys_and_other_paths() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let put = |key: &str, paths: &[&str]| {
        for path in paths {
            place.write(&format!("{path}/key"), key);
        }
        place.save(&store, &wanted(paths, key, &[])).unwrap();
        for path in paths {
            fs::remove_dir_all(place.work(path)).unwrap();
        }
    };
    put("deps-1", &["lib"]);
    put("deps-2", &["lib"]);
    put("deps-3", &["lib", "more"]);
    put("tool-1", &["lib"]);
    let check = |key: &str, fallback: &[&str], expected: Option<&str>| {
        let found = place.restore(&store, &wanted(&["lib"], key, fallback));
        assert_eq!(found.unwrap().as_deref(), expected, "{key} {fallback:?}");
        if expected.is_some() {
            assert_eq!(
                fs::read_to_string(place.work("lib/key")).unwrap(),
                expected.unwrap()
            );
            fs::remove_dir_all(place.work("lib")).unwrap();
        }
    };
    check("deps-1", &["tool-"], Some("deps-1"));
    check("deps-9", &["deps-"], Some("deps-2"));
    check("deps-3", &[], None);
    check("x", &["y-", "tool-", "deps-"], Some("tool-1"));
    check("x", &["deps-3"], None);
}

#[test]
fn stores_are_kept_apart() {
    let place = Place::new();
    let of = |project: &str, trust| Store::open(&place.root(), project, trust).unwrap();
    let stores = [
        of("project", Trust::Trusted),
        of("project", Trust::Untrusted),
        of("other", Trust::Trusted),
    ];
    let key = wanted(&["lib"], "k", &["k"]);
    for (here, store) in stores.iter().enumerate() {
        place.write("lib/from", &here.to_string());
        place.save(store, &key).unwrap();
        fs::remove_dir_all(place.work("lib")).unwrap();
        for (there, other) in stores.iter().enumerate() {
            let found = place.restore(other, &key).unwrap();
            assert_eq!(found.is_some(), there <= here, "{here} {there}");
            if found.is_some() {
                let from = fs::read_to_string(place.work("lib/from")).unwrap();
                assert_eq!(from, there.to_string());
                fs::remove_dir_all(place.work("lib")).unwrap();
            }
        }
    }
    assert_eq!(Store::all(&place.root()).unwrap().len(), 3);
}

#[test]
fn what_is_not_kept() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let key = wanted(&["lib"], "k", &[]);
    let refused = |gate: &Open, expected: &str| {
        let found = place.save_through(&store, &key, gate).unwrap_err();
        assert_eq!(found.to_string(), expected);
        assert!(store.find(&key).unwrap().is_none());
        assert_eq!(place.unfinished(&store), 0, "nothing half is left");
    };
    let open = Open::default();
    refused(&open, "nothing of it is there");
    place.write("lib/a/file", "text");
    for target in ["/etc/passwd", "../../other", "../a/../../x", "file/.."] {
        link(target, &place.work("lib/a/link"));
        refused(
            &open,
            &format!("`lib/a/link` is a link to `{target}`, which is not surely in what is cached"),
        );
        fs::remove_file(place.work("lib/a/link")).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(place.work("lib/a/socket")).unwrap();
    refused(
        &open,
        "`lib/a/socket` is neither a file, a folder nor a link",
    );
    fs::remove_file(place.work("lib/a/socket")).unwrap();
    place.write("lib/a/two\nlines", "");
    refused(
        &open,
        "`lib/a/two\nlines` has a name that is no text of one line",
    );
    fs::remove_file(place.work("lib/a/two\nlines")).unwrap();
    let sealed = Open {
        sealed: vec!["lib/a/file"],
        ..Open::default()
    };
    let secret = "`lib/a/file` holds secrets, and those never enter a cache";
    refused(&sealed, secret);
    let copied = Open {
        secret: Some(b"text"),
        ..Open::default()
    };
    refused(&copied, secret);
    let large = fs::File::create(place.work("lib/large")).unwrap();
    large.set_len(crate::limits::MAX_BYTES).unwrap();
    refused(&open, "there are more than 8 GiB");
    fs::remove_file(place.work("lib/large")).unwrap();
    // A link in the place of what is kept, and one on the way to it, are no way to elsewhere.
    fs::rename(place.work("lib"), place.work("other")).unwrap();
    link("other", &place.work("lib"));
    refused(
        &open,
        "`lib` is a link to `other`, which is not surely in what is cached",
    );
    fs::remove_file(place.work("lib")).unwrap();
    fs::rename(place.work("other"), place.work("lib")).unwrap();
    // What no step is handed is left out.
    place.write("lib/.git/config", "x");
    let hidden = Open {
        hidden: vec!["lib/.git"],
        ..Open::default()
    };
    let Saved::Made { entry, .. } = place.save_through(&store, &key, &hidden).unwrap() else {
        panic!("it was not made");
    };
    assert_eq!(entry.files, 3);
}

#[test]
fn stopping_leaves_nothing_half() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let key = wanted(&["lib"], "k", &[]);
    place.write("lib/file", "text");
    let stop = Stop::default();
    stop.stop();
    let spots = place.spots(key.paths());
    let gate = Open::default();
    let saved = store.save(&key, &spots, &gate, "run", &stop);
    assert!(matches!(saved, Err(SaveError::Stopped)));
    assert_eq!(place.unfinished(&store), 0);
    place.save(&store, &key).unwrap();
    fs::remove_dir_all(place.work("lib")).unwrap();
    let found = store.find(&key).unwrap().unwrap();
    let restored = store.restore(&found, spots, &gate, &stop);
    assert!(matches!(restored, Err(RestoreError::Stopped)));
    assert!(!place.work("lib").exists());
    assert_eq!(place.drafts("."), 0);
    // That is no fault of the entry.
    assert!(place.restore(&store, &key).unwrap().is_some());
}

#[test]
fn a_store_is_ours_alone() {
    let place = Place::new();
    drop(place.store(Trust::Trusted));
    let root = place.root();
    let open = || Store::open(&root, "project", Trust::Trusted).map(drop);
    let below = ["caches", "caches/project", "caches/project/trusted"];
    let below = below.map(|path| root.join(path));
    for path in [root.clone()].into_iter().chain(below) {
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        for mode in [0o755, 0o770, 0o701] {
            set_mode(&path, mode);
            let why = open().unwrap_err().to_string();
            assert!(why.ends_with("and it must be 0700"), "{why}");
        }
        set_mode(&path, 0o700);
        let aside = root.with_extension("aside");
        fs::rename(&path, &aside).unwrap();
        symlink(&aside, &path).unwrap();
        let why = open().unwrap_err().to_string();
        assert!(why.ends_with("is not used: it is a link"), "{why}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        let why = open().unwrap_err().to_string();
        assert!(why.ends_with("is not used: it is no folder"), "{why}");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        open().unwrap();
    }
}

/// What is made at a path.
#[derive(Debug, Clone)]
enum Made {
    File(Vec<u8>, u32),
    Folder(u32),
    Link(&'static str),
}

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        (
            prop::collection::vec(any::<u8>(), 0..2_000),
            prop::sample::select(vec![0o644, 0o755, 0o400, 0o777])
        )
            .prop_map(|(bytes, mode)| Made::File(bytes, mode)),
        prop::sample::select(vec![0o755, 0o700, 0o555]).prop_map(Made::Folder),
        // Each of them surely stays within, wherever it lies.
        prop::sample::select(vec!["x", "./y/z", ".", "a/b/c"]).prop_map(Made::Link),
    ]
}

/// The bytes of everything below a path, by name, with what else is kept of it.
fn contents(path: &Path, name: &str, found: &mut Vec<(String, u32, (i64, i64), Vec<u8>)>) {
    let metadata = path.symlink_metadata().unwrap();
    let mode = metadata.mode() & 0o777;
    let bytes = if metadata.is_symlink() {
        fs::read_link(path)
            .unwrap()
            .into_os_string()
            .into_encoded_bytes()
    } else if metadata.is_file() {
        fs::read(path).unwrap()
    } else {
        Vec::new()
    };
    found.push((name.to_owned(), mode, mtime(path), bytes));
    if metadata.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        for child in names {
            let child = child.to_str().unwrap();
            contents(&path.join(child), &format!("{name}/{child}"), found);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever tree there is, it comes back: names of any kind and length, contents, permissions, links, times.
    #[test]
    fn any_tree_comes_back(
        parts in prop::collection::vec(
            (prop::collection::vec("[abü .-]{0,3}[a-z]|[a-z]{90}", 1..5), made()),
            0..20,
        ),
    ) {
        let place = Place::new();
        let store = place.store(Trust::Trusted);
        fs::create_dir(place.work("lib")).unwrap();
        let mut folders = Vec::new();
        for (path, made) in parts {
            let path = place.work(&format!("lib/{}", path.join("/")));
            // What is in the way of something else stays.
            if fs::create_dir_all(path.parent().unwrap()).is_err() || path.symlink_metadata().is_ok() {
                continue;
            }
            match made {
                Made::File(bytes, mode) => {
                    fs::write(&path, bytes).unwrap();
                    set_mode(&path, mode);
                }
                Made::Folder(mode) => {
                    fs::create_dir(&path).unwrap();
                    folders.push((path, mode));
                }
                Made::Link(target) => link(target, &path),
            }
        }
        for (path, mode) in folders {
            set_mode(&path, mode);
        }
        let tree = || {
            let mut found = Vec::new();
            contents(&place.work("lib"), "lib", &mut found);
            found
        };
        let before = tree();
        let key = wanted(&["lib"], "k", &[]);
        place.save(&store, &key).unwrap();
        tree::remove(&place.spots(&["lib".to_owned()])[0].folder, "lib").unwrap();
        place.restore(&store, &key).unwrap();
        prop_assert_eq!(tree(), before);
    }
}
