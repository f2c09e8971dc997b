//! New versions of a manifest.

use proptest::prelude::*;

use super::acts::acts;
use super::slots::{Handed, Slot, handed};
use crate::check::authorize;
use crate::widening;

/// The values of the old step, as far as both versions have the input and accept them.
fn same(old: &Handed, new: &Handed) -> (Handed, Handed) {
    let both = |old: &[Slot], new: &[Slot]| -> (Vec<Slot>, Vec<Slot>) {
        old.iter()
            .zip(new)
            .map(|(old, new)| {
                let fits =
                    |value: &(&str, &str)| new.of.values.iter().any(|(known, _)| *known == value.0);
                let value = old.value.filter(fits);
                let with = |slot: &Slot| Slot {
                    value,
                    ..slot.clone()
                };
                (with(old), with(new))
            })
            .unzip()
    };
    let (beside, inside) = (
        both(&old.beside, &new.beside),
        both(&old.inside, &new.inside),
    );
    let with = |of: &Handed, beside, inside| Handed {
        beside,
        inside,
        flags: old.flags,
        ..of.clone()
    };
    (with(old, beside.0, inside.0), with(new, beside.1, inside.1))
}

/// A version that asks for less: words are gone, or hang on a boolean.
fn narrowed(handed: &Handed, keep: &[bool], hang: &[bool]) -> Handed {
    let mut less = handed.clone();
    let choices = &mut keep.iter().zip(hang).cycle();
    for slot in less.beside.iter_mut().chain(&mut less.inside) {
        let mut words = slot.words.clone();
        words.retain_mut(|(_, hangs)| {
            let (keep, hang) = choices.next().unwrap_or((&true, &false));
            *hangs |= *hang;
            *keep
        });
        // What asks for nothing asks for what its type implies, or is refused.
        if !words.is_empty() {
            slot.words = words;
        }
    }
    less
}

/// Two versions: any two, or one that was made of the other, in either order.
fn versions() -> impl Strategy<Value = (Handed, Handed)> {
    let choices = || proptest::collection::vec(any::<bool>(), 8);
    let related = (handed(), choices(), choices(), any::<bool>()).prop_map(
        |(handed, keep, hang, swapped)| {
            let less = narrowed(&handed, &keep, &hang);
            if swapped {
                (less, handed)
            } else {
                (handed, less)
            }
        },
    );
    prop_oneof![(handed(), handed()), related]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Where no widening is found, the new version's grants are among the old one's.
    #[test]
    fn without_a_widening_nothing_more_is_granted((old, new) in versions()) {
        let (before, after) = same(&old, &new);
        // A requirement that is another one is a widening, or refused by the step; the same one is granted alike.
        let (before, mut after) = (before, after);
        after.requires.clone_from(&before.requires);
        let (Some(of_old), Some(of_new)) = (before.manifest(), after.manifest()) else { return Ok(()) };
        if !widening(&of_old, &of_new).is_empty() {
            return Ok(());
        }
        let (Some(old), Some(new)) = (before.step(), after.step()) else { return Ok(()) };
        for tried in acts(&before.pointers()) {
            if authorize(&new, &tried.act).is_ok() {
                prop_assert!(authorize(&old, &tried.act).is_ok(), "{:?}", tried.act);
            }
        }
    }

    #[test]
    fn a_manifest_widens_nothing_against_itself(handed in handed()) {
        if let Some(manifest) = handed.manifest() {
            prop_assert_eq!(widening(&manifest, &manifest), vec![]);
        }
    }
}
