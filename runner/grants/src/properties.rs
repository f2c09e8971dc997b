//! Properties that hold for all inputs, found wanting by random ones: the effective grant is at most what the manifest
//! requests and the step designates, paths never leave, parsers never panic.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::bind::Bound;
use crate::check::{Act, Permit, Refusal, StepAuthority, authorize};
use crate::manifest::{Kind, Manifest, Methods, SiblingRef, SinkKind, UrlMatch};
use crate::testing::{bound, try_manifest};
use crate::workspace_path::WorkspacePath;
use crate::{Authority, remote_path, text, widening};

/// One input of a random manifest: its name is its place, `i0`, `i1`, ...
#[derive(Debug, Clone)]
struct Field {
    kind: &'static str,
    words: Vec<&'static str>,
    /// What a step sets it to, as YAML; none where it sets nothing.
    value: Option<&'static str>,
}

/// Each type with its access words and values that can be written for it.
const TYPES: &[(&str, &[&str], &[&str])] = &[
    ("string", &[], &["hello", "a/b", "root@x"]),
    ("boolean", &[], &["true", "false"]),
    (
        "path",
        &["read", "write", "upload", "mount", "build"],
        &["src", "./out//a/", "dist/*.txt", "."],
    ),
    (
        "url",
        &[],
        &["\"https://a.example/v2/\"", "\"HTTP://B.example:80\""],
    ),
    ("tcp-address", &[], &["\"db:5432\"", "\"[::1]:80\""]),
    (
        "ssh-target",
        &["script", "files", "exec"],
        &["a@b", "\"root@Web.Example.com:2222\""],
    ),
    (
        "remote-path(i0)",
        &["upload", "download", "release", "read", "write"],
        &["/srv", "/srv//web/"],
    ),
    ("script", &[], &["make", "bash deploy.sh"]),
    (
        "image",
        &["pull", "build", "push"],
        &["ruby", "\"Registry.example.com/webapp:web\""],
    ),
    ("registry", &[], &["docker.io", "Registry.example.com"]),
    ("state", &["read", "write"], &["releases", "last-good"]),
];

fn field() -> impl Strategy<Value = Field> {
    select(TYPES).prop_flat_map(|(kind, words, values)| {
        let words = proptest::sample::subsequence(words.to_vec(), 0..=words.len());
        (words, proptest::option::of(select(values))).prop_map(move |(words, value)| Field {
            kind,
            words,
            value,
        })
    })
}

/// A manifest whose first input is the target that the others name.
fn fields() -> impl Strategy<Value = Vec<Field>> {
    let target = Field {
        kind: "ssh-target",
        words: vec!["script", "files", "exec"],
        value: Some("a@b"),
    };
    proptest::collection::vec(field(), 1..6).prop_map(move |others| {
        let mut fields = vec![target.clone()];
        fields.extend(others);
        fields
    })
}

fn manifest_of(fields: &[Field]) -> Option<Manifest> {
    let body: String = fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let access = if field.words.is_empty() {
                String::new()
            } else {
                format!(", access = {:?}", field.words)
            };
            let on = if field.kind == "script" {
                ", on = \"i0\""
            } else {
                ""
            };
            format!(
                "inputs.i{index} = {{ type = \"{}\"{access}{on} }}\n",
                field.kind
            )
        })
        .collect();
    try_manifest(&body).ok()
}

fn step_of(fields: &[Field]) -> Option<StepAuthority> {
    let manifest = manifest_of(fields)?;
    let values: Vec<String> = fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| Some(format!("i{index}: {}", field.value?)))
        .collect();
    let with = format!("with: {{ {} }}", values.join(", "));
    let (bound, mistakes) = bound(&manifest, &with, Value::Null);
    assert_eq!(mistakes, Vec::<String>::new());
    Some(StepAuthority {
        manifest: Arc::new(manifest),
        bound,
    })
}

/// Every act on these pointers, with the access word that it needs of its own input.
fn acts<'a>(pointers: &'a [String]) -> Vec<(Act<'a>, &'static [&'static str])> {
    let mut acts: Vec<(Act<'a>, &'static [&'static str])> = Vec::new();
    for input in pointers {
        acts.push((Act::Look { input, entry: "" }, &["read", "upload", "write"]));
        acts.push((Act::Read { input, entry: "" }, &["read"]));
        acts.push((Act::Write { input, entry: "" }, &["write"]));
        acts.push((
            Act::Http {
                input,
                url: None,
                method: "GET",
            },
            &[],
        ));
        acts.push((Act::Tcp { input }, &[]));
        acts.push((Act::StateRead { input }, &["read"]));
        acts.push((Act::StateWrite { input }, &["write"]));
        acts.push((
            Act::SshConnect { target: input },
            &["script", "files", "exec"],
        ));
        acts.push((Act::SshExec { target: input }, &["exec"]));
        acts.push((Act::DockerLogin { registry: input }, &[]));
        acts.push((
            Act::DockerInspect { image: input },
            &["pull", "build", "push"],
        ));
        acts.push((
            Act::DockerBuild {
                context: input,
                image: None,
            },
            &["build"],
        ));
        for registry in std::iter::once(None).chain(pointers.iter().map(|at| Some(at.as_str()))) {
            let image = input;
            acts.push((Act::DockerPull { image, registry }, &["pull"]));
            acts.push((Act::DockerPush { image, registry }, &["push"]));
        }
        for source in pointers {
            let image = input;
            acts.push((Act::DockerTag { source, image }, &["build"]));
        }
        for target in pointers {
            acts.push((
                Act::SshScript {
                    target,
                    script: input,
                },
                &[],
            ));
            acts.push((
                Act::SshRelease {
                    target,
                    release: input,
                },
                &["release"],
            ));
            acts.push((
                Act::SshStat {
                    target,
                    path: input,
                    entry: "",
                },
                &["upload", "download", "read", "write"],
            ));
            for source in pointers {
                acts.push((
                    Act::SshDelete {
                        target,
                        source,
                        destination: input,
                    },
                    &["delete"],
                ));
                acts.push((
                    Act::SshUpload {
                        target,
                        source,
                        destination: input,
                    },
                    &["upload"],
                ));
                acts.push((
                    Act::SshDownload {
                        target,
                        source: input,
                        destination: source,
                    },
                    &["download"],
                ));
            }
        }
    }
    acts
}

fn index_of(pointer: &str) -> Option<usize> {
    pointer.strip_prefix("/i")?.parse().ok()
}

/// What the input's text designates, worked out here a second time.
fn designated(field: &Field) -> Vec<String> {
    let value = field.value.unwrap().trim_matches('"');
    let canonical = match value {
        "./out//a/" => "out/a",
        "HTTP://B.example:80" => "http://b.example/",
        "[::1]:80" => "::1:80",
        "a@b" => "a@b:22",
        "root@Web.Example.com:2222" => "root@web.example.com:2222",
        "/srv//web/" => "/srv/web",
        "ruby" => "docker.io/library/ruby:latest",
        "Registry.example.com/webapp:web" => "registry.example.com/webapp:web",
        "Registry.example.com" => "registry.example.com",
        other => other,
    };
    vec![canonical.to_owned()]
}

fn touched(permit: &Permit) -> Vec<String> {
    match permit {
        Permit::Path { path, .. } => vec![path.to_string()],
        Permit::Url(permit) => vec![permit.url.to_string()],
        Permit::Tcp { host, port, .. } => vec![format!("{host}:{port}")],
        Permit::State { name, .. } => vec![name.clone()],
        Permit::Ssh(permit) => vec![format!("{}@{}:{}", permit.user, permit.host, permit.port)],
        Permit::Script { text, .. } => vec![text.clone()],
        Permit::Transfer { remote, .. } | Permit::Remote(remote) => vec![remote.path.clone()],
        Permit::Registry(permit) => vec![permit.host.clone()],
        Permit::Image(permit) => {
            let login = permit.login.as_ref();
            assert!(login.is_none_or(|login| login.host == permit.image.registry));
            vec![permit.image.to_string()]
        }
        Permit::Build { root, .. } => vec![root.to_string()],
        Permit::Tag { image, .. } => vec![image.image.to_string()],
        Permit::Value { .. } => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Effective ≤ manifest ∩ inputs: what is permitted is what the input's own text designates, the access is one that
    /// the manifest asks for, and without either the answer is no.
    #[test]
    fn nothing_is_permitted_that_is_not_requested_and_designated(fields in fields()) {
        let Some(step) = step_of(&fields) else { return Ok(()) };
        let mut pointers: Vec<String> = (0..fields.len()).map(|index| format!("/i{index}")).collect();
        pointers.extend(["", "/i9", "/i0/0", "/with", "requires/i0"].map(str::to_owned));
        for (act, words) in acts(&pointers) {
            let Ok(permit) = authorize(&step, &act) else { continue };
            let index = index_of(act.input());
            prop_assert!(index.is_some_and(|index| index < fields.len()), "{act:?} on what is no input");
            let index = index.unwrap();
            let field = &fields[index];
            prop_assert!(field.value.is_some(), "{act:?} on an input that is not set");
            prop_assert_eq!(touched(&permit), designated(field), "{:?}", act);
            prop_assert!(words.is_empty() || words.iter().any(|word| field.words.contains(word)), "{act:?}");

            let mut unset = fields.clone();
            unset[index].value = None;
            let step = step_of(&unset).unwrap();
            prop_assert!(matches!(authorize(&step, &act), Err(Refusal::NotSet(_) | Refusal::Denied(_))), "{act:?}");

            if !words.is_empty() {
                let mut silent = fields.clone();
                silent[index].words.retain(|word| !words.contains(word));
                if let Some(step) = step_of(&silent) {
                    prop_assert!(matches!(authorize(&step, &act), Err(Refusal::Denied(_))), "{act:?}");
                }
            }
        }
    }

    /// Where no widening is found, the new version's grants are among the old one's.
    #[test]
    fn without_a_widening_nothing_more_is_granted(old in fields(), new in fields()) {
        let (Some(before), Some(after)) = (manifest_of(&old), manifest_of(&new)) else { return Ok(()) };
        if !widening(&before, &after).is_empty() {
            return Ok(());
        }
        // The same pipeline: the values of the old step, as far as both versions have the input and accept them.
        let same: Vec<Field> = old.iter().zip(&new).map(|(old, new)| {
            let fits = TYPES.iter().any(|(kind, _, values)| *kind == new.kind && old.value.is_some_and(|value| values.contains(&value)));
            Field { value: old.value.filter(|_| fits), ..new.clone() }
        }).collect();
        let old: Vec<Field> = old.iter().zip(&same).map(|(old, same)| Field { value: same.value, ..old.clone() }).collect();
        let (Some(before), Some(after)) = (step_of(&old), step_of(&same)) else { return Ok(()) };
        let pointers: Vec<String> = (0..old.len()).map(|index| format!("/i{index}")).collect();
        for (act, _) in acts(&pointers) {
            if authorize(&after, &act).is_ok() {
                prop_assert!(authorize(&before, &act).is_ok(), "{act:?}");
            }
        }
    }

    #[test]
    fn a_manifest_widens_nothing_against_itself(fields in fields()) {
        if let Some(manifest) = manifest_of(&fields) {
            prop_assert_eq!(widening(&manifest, &manifest), vec![]);
        }
    }
}

/// Text with what paths are made of.
fn pathlike() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just(String::new()),
        Just(".git".to_owned()),
        Just(".GIT".to_owned()),
        Just("capstep.yml".to_owned()),
        Just("CAPSTEP.lock".to_owned()),
        "[a-c*]{1,3}",
        "\\PC{0,3}",
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.join("/"))
}

fn stays(path: &WorkspacePath) -> Result<(), TestCaseError> {
    let text = path.as_str();
    prop_assert!(!text.is_empty() && !text.starts_with('/'), "{text}");
    if text != "." {
        for part in text.split('/') {
            prop_assert!(!matches!(part, "" | "." | ".."), "{text}");
            prop_assert!(!part.eq_ignore_ascii_case(".git"), "{text}");
        }
    }
    let first = text.split('/').next().unwrap().to_ascii_lowercase();
    prop_assert!(
        !["capstep.yml", "capstep.lock", "capstep.policy.yml"].contains(&first.as_str()),
        "{text}"
    );
    Ok(())
}

fn kinds() -> Vec<Kind> {
    vec![
        Kind::Path,
        Kind::Url {
            url_match: UrlMatch::Prefix,
            methods: Methods::Listed(vec!["GET".to_owned()]),
        },
        Kind::TcpAddress,
        Kind::SshTarget,
        Kind::Image,
        Kind::Registry,
        Kind::State,
        Kind::RemotePath {
            target: SiblingRef::Requirement("t".to_owned()),
        },
    ]
}

fn read(kind: &Kind, written: &str) -> Option<Authority> {
    match kind {
        Kind::RemotePath { .. } => Some(Authority::RemotePath {
            path: remote_path::parse(written).ok()?,
            targets: vec![],
            release: None,
        }),
        kind => text::authority(kind, written).ok()?,
    }
}

proptest! {
    #[test]
    fn paths_stay_in_the_workspace(path in pathlike(), entry in pathlike()) {
        if let Ok(root) = WorkspacePath::parse(&path) {
            stays(&root)?;
            prop_assert_eq!(&WorkspacePath::parse(root.as_str()).unwrap(), &root, "one spelling");
            prop_assert!(root.overlaps(&root));
            if let Ok(below) = root.below(&entry) {
                stays(&below)?;
                let is_below = root.as_str() == "." || below == root
                    || below.as_str().strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'));
                prop_assert!(is_below, "{below} below {root}");
            }
        }
        if let Ok(remote) = remote_path::parse(&path) {
            prop_assert!(remote.split('/').all(|part| part != ".."), "{remote}");
            prop_assert_eq!(remote_path::parse(&remote).unwrap(), remote);
        }
    }

    #[test]
    fn readers_of_values_never_panic(text in "\\PC{0,40}", shaped in "[a-z]{0,3}@?\\[?[0-9a-f.:*/]{0,12}\\]?:?[0-9]{0,6}") {
        for kind in kinds() {
            for written in [&text, &shaped, &format!("http://{shaped}/{text}"), &format!("a@{text}")] {
                let _ = read(&kind, written);
                let _ = Bound::parse(&kind, written);
            }
        }
    }

    /// A bound permits only its own kind, and only what lies on its host, in its network or below its folder.
    #[test]
    fn bounds_hold(
        host in select(&["a.example.com", "b.example.com", "example.com", "x.a.example.com", "10.1.2.3", "11.1.2.3", "[::1]"][..]),
        user in select(&["a", "root"][..]),
        port in select(&[22_u16, 80, 443][..]),
        path in select(&["", "/", "/v2", "/v2/x", "/v2x", "/v2/../x", "/v2/%2e%2e/x"][..]),
        pattern in select(&["a.example.com", "*.example.com", "10.0.0.0/8"][..]),
    ) {
        let target = read(&Kind::SshTarget, &format!("{user}@{host}:{port}")).unwrap();
        let address = read(&Kind::TcpAddress, &format!("{host}:{port}")).unwrap();
        let url = read(&kinds()[1], &format!("http://{host}:{port}{path}")).unwrap();
        let matches = match pattern {
            "*.example.com" => matches!(host, "a.example.com" | "b.example.com"),
            "10.0.0.0/8" => host.starts_with("10."),
            exact => host == exact,
        };
        let ssh = Bound::parse(&Kind::SshTarget, &format!("root@{pattern}:22")).unwrap();
        prop_assert_eq!(ssh.permits(&target), matches && user == "root" && port == 22);
        let tcp = Bound::parse(&Kind::TcpAddress, &format!("{pattern}:443")).unwrap();
        prop_assert_eq!(tcp.permits(&address), matches && port == 443);
        let bracketed = if pattern.contains('/') { format!("[{pattern}]") } else { pattern.to_owned() };
        let web = Bound::parse(&kinds()[1], &format!("http://{bracketed}/v2/")).unwrap();
        // `/v2/%2e%2e/x` and `/v2/../x` are `/x` once they are read.
        let below = matches!(path, "/v2" | "/v2/x");
        prop_assert_eq!(web.permits(&url), matches && port == 80 && below, "{}", url);
        for bound in [&ssh, &tcp, &web] {
            let others = [&target, &address, &url].into_iter().filter(|authority| bound.permits(authority)).count();
            prop_assert!(others <= 1, "one kind alone");
        }
    }

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

    #[test]
    fn pointers_of_any_text_never_panic(input in "\\PC{0,12}", entry in "\\PC{0,8}") {
        let step = step_of(&[
            Field { kind: "ssh-target", words: vec!["files"], value: Some("a@b") },
            Field { kind: "path", words: vec!["read"], value: Some("src") },
        ]).unwrap();
        for act in [
            Act::Read { input: &input, entry: &entry },
            Act::Read { input: "/i1", entry: &entry },
            Act::Http { input: &input, url: Some(&entry), method: &entry },
            Act::Use { input: &input, sink: SinkKind::File, to: &entry },
            Act::SshStat { target: &input, path: &entry, entry: "" },
        ] {
            if let Ok(Permit::Path { root, path, .. }) = authorize(&step, &act) {
                prop_assert_eq!(root.as_str(), "src");
                prop_assert!(path.as_str() == "src" || path.as_str().starts_with("src/"), "{path}");
            }
        }
    }
}
