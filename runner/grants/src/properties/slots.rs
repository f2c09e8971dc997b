//! Random manifests, and steps that use them: inputs side by side and in a record of a list, accesses that hang on a
//! boolean, requirements that the step grants or not.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::Value;

use super::types::{TYPES, Type};
use crate::check::StepAuthority;
use crate::manifest::Manifest;
use crate::testing::{bound, try_manifest};

/// One input of a random manifest.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) of: &'static Type,
    /// The accesses asked for, and whether each hangs on the boolean beside the input.
    pub(super) words: Vec<(&'static str, bool)>,
    /// What a step sets it to and what that designates; none where it sets nothing.
    pub(super) value: Option<(&'static str, &'static str)>,
}

impl Slot {
    /// Whether one of these words is asked for, and in force while the boolean is `flag`.
    fn asks(&self, words: &[&str], flag: bool) -> bool {
        if self.words.is_empty() {
            return self.of.implied.iter().any(|word| words.contains(word));
        }
        self.words
            .iter()
            .any(|(word, hangs)| words.contains(word) && (flag || !hangs))
    }

    fn declaration(&self, to_target: &str) -> String {
        let words: Vec<String> = self
            .words
            .iter()
            .map(|(word, hangs)| {
                let when = if *hangs { " if flag" } else { "" };
                format!("\"{word}{when}\"")
            })
            .collect();
        let access = match words.as_slice() {
            [] => String::new(),
            words => format!(", access = [{}]", words.join(", ")),
        };
        let keys = format!("type = \"{}\"{}{access}", self.of.text, self.of.more);
        keys.replace("TARGET", to_target)
    }
}

/// A requirement of the manifest, and whether the step grants it.
#[derive(Debug, Clone)]
pub(super) struct Required {
    pub(super) of: &'static Type,
    pub(super) value: (&'static str, &'static str),
    pub(super) allowed: bool,
}

/// A manifest and a step that uses it. Beside the target `t`, with every word, are the inputs `i0`, `i1`, …; more of
/// them are in the one record of the list `pairs`.
#[derive(Debug, Clone)]
pub(super) struct Handed {
    pub(super) beside: Vec<Slot>,
    pub(super) inside: Vec<Slot>,
    /// The booleans that accesses hang on: the one beside the target, the one in the record.
    pub(super) flags: [Option<bool>; 2],
    pub(super) requires: Vec<Required>,
}

/// Where an input is found.
pub(super) enum At<'a> {
    Target,
    Slot(&'a Slot, bool),
    Required(&'a Required),
}

impl Handed {
    /// The pointers of everything that can be named.
    pub(super) fn pointers(&self) -> Vec<String> {
        let beside = (0..self.beside.len()).map(|index| format!("/i{index}"));
        let inside = (0..self.inside.len()).map(|index| format!("/pairs/0/i{index}"));
        let requires = (0..self.requires.len()).map(|index| format!("requires/r{index}"));
        let target = std::iter::once("/t".to_owned());
        target.chain(beside).chain(inside).chain(requires).collect()
    }

    pub(super) fn at(&self, pointer: &str) -> Option<At<'_>> {
        let index = |prefix: &str| pointer.strip_prefix(prefix)?.parse::<usize>().ok();
        let flag = |number: usize| self.flags[number] == Some(true);
        if pointer == "/t" {
            return Some(At::Target);
        }
        if let Some(index) = index("/i") {
            return Some(At::Slot(self.beside.get(index)?, flag(0)));
        }
        if let Some(index) = index("/pairs/0/i") {
            return Some(At::Slot(self.inside.get(index)?, flag(1)));
        }
        Some(At::Required(self.requires.get(index("requires/r")?)?))
    }

    /// The slot at a pointer, to change it.
    pub(super) fn slot_mut(&mut self, pointer: &str) -> Option<&mut Slot> {
        let index = |prefix: &str| pointer.strip_prefix(prefix)?.parse::<usize>().ok();
        match (index("/i"), index("/pairs/0/i")) {
            (Some(index), _) => self.beside.get_mut(index),
            (_, Some(index)) => self.inside.get_mut(index),
            _ => None,
        }
    }

    /// What the value at a pointer designates, worked out here a second time.
    pub(super) fn designated(&self, pointer: &str) -> Option<&'static str> {
        match self.at(pointer)? {
            At::Target => Some("a@b:22"),
            At::Slot(slot, _) => Some(slot.value?.1),
            At::Required(required) => required.allowed.then_some(required.value.1),
        }
    }

    /// Whether the manifest asks, at a pointer, for one of these words on this type, and it is in force.
    pub(super) fn asks(&self, pointer: &str, kind: &str, words: &[&str]) -> bool {
        let is = |of: &Type| of.text.split('(').next() == Some(kind);
        match self.at(pointer) {
            Some(At::Target) => kind == "ssh-target",
            Some(At::Slot(slot, flag)) => is(slot.of) && slot.asks(words, flag),
            Some(At::Required(required)) => {
                is(required.of) && required.of.implied.iter().any(|word| words.contains(word))
            }
            None => false,
        }
    }

    pub(super) fn manifest(&self) -> Option<Manifest> {
        let mut body = "inputs.flag = { type = \"boolean\" }\n\
                        inputs.t = { type = \"ssh-target\", access = [\"script\", \"files\", \"exec\"] }\n"
            .to_owned();
        for (index, slot) in self.beside.iter().enumerate() {
            body.push_str(&format!(
                "inputs.i{index} = {{ {} }}\n",
                slot.declaration("t")
            ));
        }
        body.push_str(
            "inputs.pairs.type = \"list\"\ninputs.pairs.item.fields.flag = { type = \"boolean\" }\n",
        );
        for (index, slot) in self.inside.iter().enumerate() {
            body.push_str(&format!(
                "inputs.pairs.item.fields.i{index} = {{ {} }}\n",
                slot.declaration("../t")
            ));
        }
        for (index, required) in self.requires.iter().enumerate() {
            body.push_str(&format!(
                "requires.r{index} = {{ type = \"{}\", value = \"{}\", doc = \"d\" }}\n",
                required.of.text,
                required.value.0.trim_matches('"')
            ));
        }
        try_manifest(&body).ok()
    }

    pub(super) fn step(&self) -> Option<StepAuthority> {
        let manifest = self.manifest()?;
        let set = |slots: &[Slot], flag: Option<bool>| {
            let flag = flag.map(|flag| format!("flag: {flag}"));
            let values = slots.iter().enumerate();
            let values =
                values.filter_map(|(index, slot)| Some(format!("i{index}: {}", slot.value?.0)));
            flag.into_iter()
                .chain(values)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let beside = set(&self.beside, self.flags[0]);
        let inside = set(&self.inside, self.flags[1]);
        let mut with = format!("with: {{ t: a@b, pairs: [{{ {inside} }}], {beside} }}");
        let allowed = self.requires.iter().enumerate();
        let allowed: Vec<String> = allowed
            .filter(|(_, required)| required.allowed)
            .map(|(index, required)| format!("r{index}: {}", required.value.0))
            .collect();
        if !allowed.is_empty() {
            with.push_str(&format!("\nallow: {{ {} }}", allowed.join(", ")));
        }
        let (bound, mut mistakes) = bound(&manifest, &with, Value::Null);
        // A requirement that is not granted keeps the step from starting; here it is asked all the same.
        mistakes.retain(|mistake| !mistake.contains("requirement-not-granted"));
        assert_eq!(mistakes, Vec::<String>::new(), "{with}");
        Some(StepAuthority {
            manifest: Arc::new(manifest),
            bound,
        })
    }
}

fn slot() -> impl Strategy<Value = Slot> {
    (0..TYPES.len()).prop_flat_map(|index| {
        let of = &TYPES[index];
        // Types without words of their own need none; the others need one.
        let least = usize::from(of.implied.is_empty() && !of.words.is_empty());
        let words = subsequence(of.words.to_vec(), least..=of.words.len());
        let hanging = proptest::collection::vec(any::<bool>(), of.words.len());
        let value = proptest::option::weighted(0.8, select(of.values));
        (words, hanging, value).prop_map(move |(words, hanging, value)| Slot {
            of,
            words: words.into_iter().zip(hanging).collect(),
            value,
        })
    })
}

fn required() -> impl Strategy<Value = Required> {
    let possible: Vec<&'static Type> = TYPES
        .iter()
        .filter(|of| matches!(of.text, "url" | "tcp-address"))
        .collect();
    (select(possible), any::<bool>()).prop_flat_map(|(of, allowed)| {
        select(of.values).prop_map(move |value| Required { of, value, allowed })
    })
}

/// A random manifest and step.
pub(super) fn handed() -> impl Strategy<Value = Handed> {
    let slots = |most| proptest::collection::vec(slot(), 0..=most);
    let flag = || proptest::option::of(any::<bool>());
    let requires = proptest::collection::vec(required(), 0..=1);
    (slots(4), slots(3), flag(), flag(), requires).prop_map(
        |(beside, inside, one, two, requires)| Handed {
            beside,
            inside,
            flags: [one, two],
            requires,
        },
    )
}

/// A step that is handed one of everything, twice: beside the target and in the record.
pub(super) fn everything() -> Handed {
    let slots = || {
        let all = TYPES.iter();
        all.map(|of| Slot {
            of,
            words: of.words.iter().map(|word| (*word, true)).collect(),
            value: of.values.last().copied(),
        })
        .collect()
    };
    let of = TYPES.iter().find(|of| of.text == "url").unwrap();
    Handed {
        beside: slots(),
        inside: slots(),
        flags: [Some(true); 2],
        requires: vec![Required {
            of,
            value: of.values[0],
            allowed: true,
        }],
    }
}
