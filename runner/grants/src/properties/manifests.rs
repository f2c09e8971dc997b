//! Reading and writing manifests: nothing that anybody could embed makes the reader panic, and what is embedded is what
//! was declared.

use indexmap::IndexMap;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::manifest::{
    AbiName, AccessDeclaration, InputDeclaration, Manifest, ManifestDeclaration,
    MethodsDeclaration, OutputDeclaration, RequirementDeclaration, UrlMatch,
};

/// Any text: what authors write, and what they don't.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z-]{1,12}",
        "\\PC{0,12}",
        "[\"\\\\\n\t\u{7f}\u{0}é😀]{0,6}"
    ]
}

/// Any value that a default or an example can have; none that is nothing.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((any_text(), inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn access() -> impl Strategy<Value = Vec<AccessDeclaration>> {
    let one = ("[a-z]{1,8}", option::of("[a-z-]{1,8}"));
    vec(
        one.prop_map(|(word, when)| AccessDeclaration { word, when }),
        0..3,
    )
}

fn url_match() -> impl Strategy<Value = Option<UrlMatch>> {
    option::of(select(vec![
        UrlMatch::Exact,
        UrlMatch::Prefix,
        UrlMatch::Origin,
    ]))
}

fn methods() -> impl Strategy<Value = MethodsDeclaration> {
    prop_oneof![
        vec("[A-Z]{1,6}", 0..3).prop_map(MethodsDeclaration::Listed),
        any_text().prop_map(MethodsDeclaration::Chosen),
    ]
}

/// An input without what it holds.
fn plain_input() -> impl Strategy<Value = InputDeclaration> {
    let words = (
        any_text(),
        access(),
        any::<bool>(),
        option::of(value()),
        any_text(),
    );
    let more = (
        vec(value(), 0..2),
        option::of(any_text()),
        option::of(any_text()),
        option::of(any_text()),
        vec(any_text(), 0..3),
    );
    let number = || option::of(proptest::num::f64::NORMAL);
    let bounds = (
        number(),
        number(),
        option::of(any_text()),
        url_match(),
        methods(),
    );
    (words, more, bounds).prop_map(|(words, more, bounds)| {
        let (kind, access, required, default, doc) = words;
        let (examples, sink, role, on, values) = more;
        let (min, max, pattern, url_match, methods) = bounds;
        InputDeclaration {
            kind,
            access,
            required,
            default,
            doc,
            examples,
            sink,
            role,
            on,
            values,
            min,
            max,
            pattern,
            url_match,
            methods,
            ..InputDeclaration::default()
        }
    })
}

fn named<T: std::fmt::Debug + Clone>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = IndexMap<String, T>> {
    vec((any_text(), of), 0..4).prop_map(|items| items.into_iter().collect())
}

fn input() -> impl Strategy<Value = InputDeclaration> {
    plain_input().prop_recursive(3, 8, 3, |inner| {
        let part = || option::of(inner.clone().prop_map(Box::new));
        (plain_input(), part(), part(), named(inner.clone())).prop_map(
            |(outer, item, value, fields)| InputDeclaration {
                item,
                value,
                fields,
                ..outer
            },
        )
    })
}

fn requirement() -> impl Strategy<Value = RequirementDeclaration> {
    let texts = (any_text(), any_text(), any_text());
    let more = (access(), url_match(), vec(any_text(), 0..3));
    (texts, more).prop_map(|((kind, value, doc), (access, url_match, methods))| {
        RequirementDeclaration {
            kind,
            value,
            doc,
            access,
            url_match,
            methods,
        }
    })
}

fn declaration() -> impl Strategy<Value = ManifestDeclaration> {
    let groups = vec(vec(any_text(), 0..3), 0..2);
    let head = (
        any_text(),
        any_text(),
        any_text(),
        option::of(any_text()),
        option::of(Just(AbiName::Command)),
        option::of(any::<u32>()),
    );
    let output = (any_text(), any_text()).prop_map(|(kind, doc)| OutputDeclaration { kind, doc });
    let parts = (named(input()), named(requirement()), named(output));
    (head, groups, parts).prop_map(|(head, any_of, (inputs, requires, outputs))| {
        let (name, version, description, world, abi, protocol) = head;
        ManifestDeclaration {
            name,
            version,
            description,
            world,
            abi,
            protocol,
            any_of,
            inputs,
            requires,
            outputs,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is embedded says what was declared, in the same order.
    #[test]
    fn what_is_embedded_is_what_was_declared(declared in declaration()) {
        let section = declared.to_section();
        let read: ManifestDeclaration = serde_json::from_slice(&section).unwrap();
        prop_assert_eq!(&read, &declared);
        // Maps compare without their order; their text doesn't.
        prop_assert_eq!(String::from_utf8(read.to_section()), String::from_utf8(section));
    }
}

proptest! {
    #[test]
    fn manifests_never_panic(
        text in "\\PC{0,60}",
        kind in "(list<|map<){0,12}(path|url|string|ssh-target|remote-path\\(\\PC{0,5}\\)|\\PC{0,4})>{0,12}",
        words in "\\PC{0,12}( if \\PC{0,3})?",
        call in "(ssh-auth|file|known-hosts|keep|\\PC{0,5})\\(?(\\.\\./){0,4}(a|b|requires/|\\PC{0,3})[,)]{0,2}",
        json in "[\\[\\]{}\":,a-z0-9 ]{0,60}",
    ) {
        let _ = Manifest::from_toml(&text);
        let _ = Manifest::from_json(json.as_bytes());
        let declaration = json!({
            "name": "p", "version": "1.0.0", "description": "d", "world": "capstep:step@0.1.0",
            "inputs": {
                "a": { "type": kind, "access": [words], "sink": call },
                "b": { "type": kind, "role": call, "on": call, "default": json },
                "c": { "type": "record", "fields": { "d": { "type": kind, "sink": call, "min": 1.5, "max": -1e300 } } },
            },
        });
        let _ = Manifest::from_json(declaration.to_string().as_bytes());
    }
}
