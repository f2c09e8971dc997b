//! What goes, and what killed programs left.

use std::time::{Duration, SystemTime};

use super::*;

fn names(place: &Place, store: &Store, kept: &Kept) -> Vec<String> {
    let surplus = store.surplus(kept, true).unwrap();
    let mut names: Vec<String> = surplus
        .iter()
        .map(|surplus| {
            let name = surplus.path.strip_prefix(store.path()).unwrap();
            let name = name.to_str().unwrap().to_owned();
            let of = ["a", "b", "c"].into_iter();
            let mut of = of.filter(|key| wanted(&["lib"], key, &[]).name() == name);
            of.next().map_or(name, str::to_owned)
        })
        .collect();
    names.sort();
    for surplus in surplus {
        store.clear(&surplus).unwrap();
    }
    assert_eq!(place.unfinished(store), 0);
    names
}

#[test]
fn entries_go_by_their_last_use() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    place.write("lib/file", "text");
    let touch = |key: &str, ago: u64| {
        let record = store
            .path()
            .join(wanted(&["lib"], key, &[]).name())
            .join(RECORD);
        let file = fs::File::options().write(true).open(record).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(ago))
            .unwrap();
    };
    for key in ["a", "b", "c"] {
        place.save(&store, &wanted(&["lib"], key, &[])).unwrap();
    }
    touch("a", 300);
    touch("b", 200);
    touch("c", 100);
    // Whoever is brought back was used.
    fs::remove_dir_all(place.work("lib")).unwrap();
    place.restore(&store, &wanted(&["lib"], "a", &[])).unwrap();
    let kept = |entries, unused| Kept {
        entries,
        unused: Duration::from_secs(unused),
        ..Kept::default()
    };
    assert_eq!(names(&place, &store, &kept(3, 1_000)), [""; 0]);
    assert_eq!(names(&place, &store, &kept(2, 1_000)), ["b"]);
    assert_eq!(names(&place, &store, &kept(2, 50)), ["c"]);
    let none = Kept {
        bytes: 0,
        ..Kept::default()
    };
    assert_eq!(names(&place, &store, &none), ["a"]);
    // One that can't be read is of no use.
    place.save(&store, &wanted(&["lib"], "b", &[])).unwrap();
    let entry = store.path().join(wanted(&["lib"], "b", &[]).name());
    fs::write(entry.join(RECORD), "{").unwrap();
    assert!(!store.has(&wanted(&["lib"], "b", &[])));
    assert_eq!(names(&place, &store, &Kept::default()), ["b"]);
    // And makes room for one that can.
    fs::create_dir(&entry).unwrap();
    fs::write(entry.join("other"), "").unwrap();
    let saved = place.save(&store, &wanted(&["lib"], "b", &[])).unwrap();
    assert!(matches!(saved, Saved::Made { .. }));
}

#[test]
fn what_killed_programs_left_is_told_by_its_lock() {
    let place = Place::new();
    let store = place.store(Trust::Trusted);
    let live = draft::Draft::new(&store).unwrap();
    fs::create_dir(store.path().join(".new-dead")).unwrap();
    fs::write(store.path().join(".new-dead/content.tar"), "half").unwrap();
    fs::create_dir(store.path().join(".old-gone")).unwrap();
    let found = store.surplus(&Kept::default(), true).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|surplus| surplus.path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(found, [".new-dead", ".old-gone"]);
    drop(live);
    for surplus in store.surplus(&Kept::default(), true).unwrap() {
        store.clear(&surplus).unwrap();
    }
    assert_eq!(place.unfinished(&store), 0);
    // In the workspace the next one that restores there does it.
    place.write("lib/file", "text");
    let key = wanted(&["lib"], "k", &[]);
    place.save(&store, &key).unwrap();
    fs::remove_dir_all(place.work("lib")).unwrap();
    place.write(".capstep-restore-dead/lib/half", "x");
    set_mode(&place.work(".capstep-restore-dead/lib"), 0o500);
    place.write(".capstep-restore-file", "x");
    let held = fs::File::create(place.work(".capstep-restore-live")).unwrap();
    held.lock().unwrap();
    place.restore(&store, &key).unwrap();
    let left = fs::read_dir(place.work(".")).unwrap();
    let mut left: Vec<_> = left
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".capstep-restore-live", "lib"]);
}
