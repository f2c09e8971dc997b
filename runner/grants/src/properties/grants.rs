//! Effective ≤ manifest ∩ inputs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::acts::{Try, acts};
use super::slots::{Handed, everything, handed};
use crate::check::{Act, Permit, Refusal, StepAuthority, authorize};

/// What a permit lets be touched, by the pointer that designated it.
fn touched(permit: &Permit) -> Vec<(&str, String)> {
    match permit {
        Permit::Path { grant, path, .. } => vec![(grant, path.to_string())],
        Permit::Url(permit) => vec![(&permit.grant, permit.url.to_string())],
        Permit::Tcp {
            grant, host, port, ..
        } => vec![(grant, format!("{host}:{port}"))],
        Permit::State { grant, name, .. } => vec![(grant, name.clone())],
        Permit::Ssh(permit) => vec![(
            &permit.grant,
            format!("{}@{}:{}", permit.user, permit.host, permit.port),
        )],
        Permit::Script { grant, text, .. } => vec![(grant, text.clone())],
        Permit::Transfer {
            local,
            root,
            remote,
        } => vec![
            (local, root.to_string()),
            (&remote.grant, remote.path.clone()),
        ],
        Permit::Remote(remote) => vec![(&remote.grant, remote.path.clone())],
        Permit::Registry(permit) => vec![(&permit.grant, permit.host.clone())],
        Permit::Image(permit) => {
            let image = (permit.grant.as_str(), permit.image.to_string());
            let login = permit.login.as_ref();
            let login = login.map(|login| (login.grant.as_str(), login.host.clone()));
            std::iter::once(image).chain(login).collect()
        }
        Permit::Build {
            grant, root, image, ..
        } => {
            let image = image.as_ref();
            let image = image.map(|image| (image.grant.as_str(), image.image.to_string()));
            std::iter::once((grant.as_str(), root.to_string()))
                .chain(image)
                .collect()
        }
        Permit::Tag { source, image } => vec![
            (&source.grant, source.image.to_string()),
            (&image.grant, image.image.to_string()),
        ],
        Permit::Value { .. } => Vec::new(),
    }
}

/// The same step with a little less, each made once.
struct Less<'a> {
    whole: &'a Handed,
    made: BTreeMap<String, Option<StepAuthority>>,
}

impl Less<'_> {
    /// Insists that the act is refused once this is taken away. A manifest that can't be without it is refused whole.
    fn refuses(
        &mut self,
        act: &Act<'_>,
        what: String,
        take: impl FnOnce(&mut Handed),
    ) -> Result<(), TestCaseError> {
        let step = self.made.entry(what).or_insert_with_key(|_| {
            let mut less = self.whole.clone();
            take(&mut less);
            less.step()
        });
        if let Some(step) = step {
            let answer = authorize(step, act);
            prop_assert!(
                matches!(answer, Err(Refusal::NotSet(_) | Refusal::Denied(_))),
                "{act:?} with less: {answer:?}"
            );
        }
        Ok(())
    }
}

fn holds(handed: &Handed, tried: &Try<'_>, less: &mut Less<'_>) -> Result<(), TestCaseError> {
    let act = &tried.act;
    for (at, kind, words) in &tried.needs {
        prop_assert!(
            handed.asks(at, kind, words),
            "{act:?}: nobody asks for {words:?} on a {kind} at {at}"
        );
        less.refuses(act, format!("unset {at}"), |less| match less.slot_mut(at) {
            Some(slot) => slot.value = None,
            None => less
                .requires
                .iter_mut()
                .for_each(|required| required.allowed = false),
        })
        // The target has every word and is always set.
        .or_else(|error| if at == "/t" { Ok(()) } else { Err(error) })?;
        if at != "/t" && !at.starts_with("requires/") {
            less.refuses(act, format!("{words:?} at {at}"), |less| {
                if let Some(slot) = less.slot_mut(at) {
                    slot.words.retain(|(word, _)| !words.contains(word));
                    // What asks for nothing asks for what its type implies: only unset it asks for less.
                    if slot.words.is_empty() {
                        slot.value = None;
                    }
                }
            })?;
            less.refuses(act, format!("{words:?} off at {at}"), |less| {
                less.flags = [Some(false); 2];
                if let Some(slot) = less.slot_mut(at) {
                    let implied = slot.words.is_empty();
                    slot.words
                        .iter_mut()
                        .filter(|(word, _)| words.contains(word))
                        .for_each(|(_, hangs)| *hangs = true);
                    if implied {
                        slot.value = None;
                    }
                }
            })?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is permitted is what the inputs' own text designates, the accesses are ones that the manifest asks for and
    /// no boolean switches off, and without any of these the answer is no.
    #[test]
    fn nothing_is_permitted_that_is_not_requested_and_designated(handed in handed()) {
        let Some(step) = handed.step() else { return Ok(()) };
        let mut pointers = handed.pointers();
        pointers.extend(["", "/i9", "/t/0", "/pairs/0", "/pairs/1/i0", "/with", "requires/t"].map(str::to_owned));
        let mut less = Less { whole: &handed, made: BTreeMap::new() };
        for tried in acts(&pointers) {
            let Ok(permit) = authorize(&step, &tried.act) else { continue };
            for (at, thing) in touched(&permit) {
                let designated = handed.designated(at);
                prop_assert_eq!(Some(thing.as_str()), designated, "{:?} touches {}", tried.act, at);
                let named = at == tried.act.input() || tried.needs.iter().any(|(need, _, _)| need == at);
                prop_assert!(named, "{:?} touches {at}, which it didn't name", tried.act);
            }
            holds(&handed, &tried, &mut less)?;
        }
    }
}

/// The property above says something of every act: handed one of everything, each is permitted somewhere.
#[test]
fn every_act_is_permitted_to_a_step_that_has_everything() {
    let handed = everything();
    let step = handed.step().unwrap();
    let pointers = handed.pointers();
    let word = |act: &Act<'_>| {
        let shown = format!("{act:?}");
        shown.split(' ').next().unwrap_or_default().to_owned()
    };
    let (mut permitted, mut all) = (BTreeSet::new(), BTreeSet::new());
    for tried in acts(&pointers) {
        if authorize(&step, &tried.act).is_ok() {
            permitted.insert(word(&tried.act));
        }
        all.insert(word(&tried.act));
    }
    assert_eq!(permitted, all);
    // Values and secrets have sinks instead of words; their acts are in the table of `check`.
    assert_eq!(all.len(), 22, "{all:?}");
}
