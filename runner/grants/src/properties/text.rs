//! Values, paths and bounds: paths never leave, a bound permits what it says, readers of any text never panic.

use proptest::prelude::*;
use proptest::sample::select;

use super::slots::{Handed, Slot};
use super::types::TYPES;
use crate::bind::Bound;
use crate::check::{Act, Permit, authorize};
use crate::manifest::{Kind, Methods, SiblingRef, SinkKind, UrlMatch};
use crate::workspace_path::WorkspacePath;
use crate::{Authority, remote_path, text};

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
    fn pointers_of_any_text_never_panic(input in "\\PC{0,12}", entry in "\\PC{0,8}") {
        let slot = |of: &str, words: &[&'static str], value| Slot {
            of: TYPES.iter().find(|known| known.text == of).unwrap(),
            words: words.iter().map(|word| (*word, false)).collect(),
            value: Some(value),
        };
        let beside = vec![
            slot("ssh-target", &["files"], ("a@b", "a@b:22")),
            slot("path", &["read"], ("src", "src")),
        ];
        let step = Handed { beside, inside: Vec::new(), flags: [None; 2], requires: Vec::new() };
        let step = step.step().unwrap();
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
