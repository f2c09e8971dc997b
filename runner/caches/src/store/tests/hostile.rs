//! Archives that nobody of us wrote, and entries that were changed: nothing of them reaches the workspace.

use std::io::Write as _;

use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use super::*;
use crate::entry::hexadecimal;

/// Puts another archive in an entry's place, with the digest that belongs to it.
fn replace(store: &Store, key: &Wanted, archive: &[u8]) {
    let entry = store.path().join(key.name());
    fs::write(entry.join(CONTENT), archive).unwrap();
    let text = fs::read_to_string(entry.join(RECORD)).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
    record["size"] = archive.len().into();
    record["sha256"] = hexadecimal(&Sha256::digest(archive)).into();
    fs::write(entry.join(RECORD), record.to_string()).unwrap();
}

fn header(kind: EntryType, path: &str, link: Option<&str>, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_mtime(1);
    header.set_size(size);
    // Not by `set_path`, which knows what a path is.
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    if let Some(link) = link {
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
    }
    header.set_cksum();
    header
}

type Make = Box<dyn Fn(&mut Builder<Vec<u8>>)>;

fn made(makes: &[Make]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for make in makes {
        make(&mut tar);
    }
    tar.into_inner().unwrap()
}

fn folder(path: &'static str) -> Make {
    entry(EntryType::Directory, path, None, b"")
}

fn file(path: &'static str) -> Make {
    entry(EntryType::Regular, path, None, b"text")
}

fn entry(
    kind: EntryType,
    path: &'static str,
    link: Option<&'static str>,
    data: &'static [u8],
) -> Make {
    Box::new(move |tar| {
        let header = header(kind, path, link, data.len() as u64);
        tar.append(&header, data).unwrap();
    })
}

fn extended(pairs: &'static [(&'static str, &'static str)]) -> Make {
    Box::new(move |tar| {
        let pairs = pairs.iter().map(|(key, value)| (*key, value.as_bytes()));
        tar.append_pax_extensions(pairs).unwrap();
    })
}

#[test]
fn archives_are_held_to_what_is_written() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let key = wanted(&["lib"], "k", &[]);
    let outside = place.dir.path().join("work/outside");
    let check = |archive: Vec<u8>, expected: Option<&str>| {
        place.write("lib/file", "text");
        place.save(&store, &key).unwrap();
        fs::remove_dir_all(place.work("lib")).unwrap();
        replace(&store, &key, &archive);
        let found = place.restore(&store, &key);
        match expected {
            None => assert!(found.is_ok(), "{found:?}"),
            Some(expected) => {
                let why = found.unwrap_err().to_string();
                assert_eq!(why, format!("the entry is damaged: {expected}"));
                assert!(!store.has(&key), "it is gone");
                assert!(!place.work("lib").exists());
            }
        }
        assert_eq!(place.drafts("."), 0);
        assert!(!outside.exists(), "nothing is written elsewhere");
        let _ = fs::remove_dir_all(place.work("lib"));
        if let Some(surplus) = store
            .surplus(
                &Kept {
                    entries: 0,
                    ..Kept::default()
                },
                true,
            )
            .unwrap()
            .first()
        {
            store.clear(surplus).unwrap();
        }
    };
    // What is as it should be comes back: the checks below are not about something else.
    let good = [
        folder("lib"),
        file("lib/a"),
        folder("lib/b"),
        file("lib/b/c"),
    ];
    check(made(&good), None);
    check(made(&[]), None);
    let none_of_its = |path: &str| format!("`{path}` is in it, and is none of its paths");
    check(made(&[file("outside")]), Some(&none_of_its("outside")));
    check(made(&[file("library/x")]), Some(&none_of_its("library/x")));
    for name in [
        "/outside",
        "../outside",
        "lib/../outside",
        "lib/./a",
        "lib//a",
        ".",
        "",
    ] {
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        check(
            made(&[folder("lib"), file(name)]),
            Some(&format!("the name `{name}` in it")),
        );
        check(
            made(&[
                folder("lib"),
                Box::new(move |tar| {
                    tar.append_pax_extensions([("path", name.as_bytes())])
                        .unwrap();
                }),
                file("lib/a"),
            ]),
            Some(&format!("the name `{name}` in it")),
        );
    }
    // A folder is never reached through a link, wherever that leads.
    let symlink = |path, target| entry(EntryType::Symlink, path, Some(target), b"");
    check(
        made(&[
            folder("lib"),
            folder("lib/b"),
            symlink("lib/l", "b"),
            file("lib/l/x"),
        ]),
        Some("`lib/l/x` comes out of turn"),
    );
    for target in ["/etc", "..", "../outside", "b/../..", ""] {
        let target: &'static str = Box::leak(target.to_owned().into_boxed_str());
        check(
            made(&[folder("lib"), symlink("lib/l", target)]),
            Some("the link `lib/l` in it leads elsewhere"),
        );
    }
    check(
        made(&[symlink("lib", "outside")]),
        Some("the link `lib` in it leads elsewhere"),
    );
    // A folder that was left is never opened again, and nothing takes the place of anything.
    check(
        made(&[
            folder("lib"),
            folder("lib/b"),
            file("lib/c"),
            file("lib/b/late"),
        ]),
        Some("`lib/b/late` comes out of turn"),
    );
    check(made(&[file("lib/a")]), Some("`lib/a` comes out of turn"));
    check(
        made(&[folder("lib"), file("lib/a/b")]),
        Some("`lib/a/b` comes out of turn"),
    );
    check(
        made(&[folder("lib"), file("lib/a"), file("lib/a")]),
        Some("`lib/a` is twice in it"),
    );
    check(
        made(&[folder("lib"), symlink("lib/a", "b"), file("lib/a")]),
        Some("`lib/a` is twice in it"),
    );
    check(
        made(&[folder("lib"), folder("lib")]),
        Some("`lib` is twice in it"),
    );
    // Nothing but files, folders and links.
    for kind in [
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Continuous,
        EntryType::GNUSparse,
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XGlobalHeader,
        EntryType::new(b'?'),
    ] {
        check(
            made(&[folder("lib"), entry(kind, "lib/x", Some("lib/a"), b"")]),
            Some("`lib/x` is neither a file, a folder nor a link"),
        );
    }
    check(
        made(&[
            folder("lib"),
            entry(EntryType::Directory, "lib/x", None, b"bytes"),
        ]),
        Some("`lib/x` has bytes, and is no file"),
    );
    // Extended headers say what ours say, once.
    check(
        made(&[folder("lib"), extended(&[("size", "0")]), file("lib/a")]),
        Some("one of its headers says what none should"),
    );
    check(
        made(&[
            folder("lib"),
            extended(&[("GNU.sparse.size", "999999999")]),
            file("lib/a"),
        ]),
        Some("one of its headers says what none should"),
    );
    check(
        made(&[
            folder("lib"),
            extended(&[("path", "lib/b"), ("path", "lib/c")]),
            file("lib/a"),
        ]),
        Some("one of its headers says something twice"),
    );
    check(
        made(&[folder("lib"), extended(&[("mtime", "soon")]), file("lib/a")]),
        Some("one of its headers can't be read"),
    );
    let twice = [
        folder("lib"),
        extended(&[("mtime", "1")]),
        extended(&[("mtime", "1")]),
        file("lib/a"),
    ];
    check(made(&twice), Some("two headers of one file"));
    check(
        made(&[extended(&[("mtime", "1")])]),
        Some("a header without a file"),
    );
    let large: Make = Box::new(|tar| {
        let value = vec![b'x'; 100_000];
        tar.append_pax_extensions([("path", value.as_slice())])
            .unwrap();
    });
    check(made(&[large]), Some("one of its headers is too large"));
}

#[test]
fn bombs_are_not_unpacked() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let key = wanted(&["lib"], "k", &[]);
    let check = |archive: Vec<u8>, expected: &str| {
        place.write("lib/file", "text");
        place.save(&store, &key).unwrap();
        fs::remove_dir_all(place.work("lib")).unwrap();
        replace(&store, &key, &archive);
        let why = place.restore(&store, &key).unwrap_err().to_string();
        assert_eq!(why, format!("the entry is damaged: {expected}"));
        assert!(!place.work("lib").exists());
        assert_eq!(place.drafts("."), 0);
    };
    // A file that says that it is larger than anything, with nothing behind it.
    let mut huge = made(&[folder("lib")]);
    huge.truncate(512);
    let mut more = header(
        EntryType::Regular,
        "lib/huge",
        None,
        crate::limits::MAX_BYTES + 1,
    );
    more.set_cksum();
    huge.extend_from_slice(more.as_bytes());
    check(huge, "there is more in it than an entry may have");
    // One that ends too early.
    let mut cut = made(&[folder("lib"), file("lib/a")]);
    cut.truncate(1024 + 2);
    check(cut, "it ends within `lib/a`");
    let mut garbage = made(&[folder("lib")]);
    garbage.truncate(512);
    garbage.write_all(&[7; 2000]).unwrap();
    let why = "archive header checksum mismatch";
    place.write("lib/file", "text");
    place.save(&store, &key).unwrap();
    fs::remove_dir_all(place.work("lib")).unwrap();
    replace(&store, &key, &garbage);
    let found = place.restore(&store, &key).unwrap_err().to_string();
    assert!(
        found.contains("the entry is damaged") || found.contains(why),
        "{found}"
    );
    // More folders in each other than are ever open at once.
    let mut deep = Builder::new(Vec::new());
    let mut path = "lib".to_owned();
    for _ in 0..200 {
        let header = header(EntryType::Directory, "long-name", None, 0);
        deep.append_pax_extensions([("path", path.as_bytes())])
            .unwrap();
        deep.append(&header, std::io::empty()).unwrap();
        path.push_str("/d");
    }
    let deep = deep.into_inner().unwrap();
    place.write("lib/file", "text");
    place.save(&store, &key).unwrap();
    fs::remove_dir_all(place.work("lib")).unwrap();
    replace(&store, &key, &deep);
    let found = place.restore(&store, &key).unwrap_err().to_string();
    assert!(found.ends_with("lies in too many folders"), "{found}");
    assert_eq!(place.drafts("."), 0);
}

#[test]
fn an_entry_that_was_changed_is_a_miss() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let key = wanted(&["lib"], "k", &["k"]);
    let check = |change: &dyn Fn(&Path), damaged: bool| {
        place.write("lib/file", "text");
        place.save(&store, &key).unwrap();
        fs::remove_dir_all(place.work("lib")).unwrap();
        change(&store.path().join(key.name()));
        match place.restore(&store, &key) {
            Err(RestoreError::Damaged(_)) => assert!(damaged),
            Ok(None) => assert!(!damaged),
            other => panic!("{other:?}"),
        }
        assert!(!place.work("lib").exists());
        // Whatever it was, the next one is made in its place.
        place.write("lib/file", "text");
        let saved = place.save(&store, &key).unwrap();
        assert!(matches!(saved, Saved::Made { .. }), "{saved:?}");
        fs::remove_dir_all(place.work("lib")).unwrap();
        assert!(place.restore(&store, &key).unwrap().is_some());
        fs::remove_dir_all(place.work("lib")).unwrap();
        fs::remove_dir_all(store.path().join(key.name())).unwrap();
    };
    let content = |entry: &Path| entry.join(CONTENT);
    check(
        &|entry| {
            let mut bytes = fs::read(content(entry)).unwrap();
            bytes[700] ^= 1;
            fs::write(content(entry), bytes).unwrap();
        },
        true,
    );
    check(&|entry| fs::write(content(entry), "").unwrap(), true);
    check(&|entry| fs::remove_file(content(entry)).unwrap(), true);
    // A link in its place is not followed, however good what it leads to is.
    check(
        &|entry| {
            let aside = entry.with_extension("aside");
            fs::rename(content(entry), &aside).unwrap();
            symlink(&aside, content(entry)).unwrap();
        },
        true,
    );
    check(
        &|entry| {
            let aside = entry.with_extension("aside");
            fs::rename(entry, &aside).unwrap();
            symlink(&aside, entry).unwrap();
        },
        false,
    );
    check(&|entry| fs::write(entry.join(RECORD), "{}").unwrap(), false);
    check(&|entry| fs::remove_file(entry.join(RECORD)).unwrap(), false);
    // An entry that goes by the name of another key.
    check(
        &|entry| {
            let text = fs::read_to_string(entry.join(RECORD)).unwrap();
            fs::write(entry.join(RECORD), text.replace("\"k\"", "\"kk\"")).unwrap();
        },
        false,
    );
}
