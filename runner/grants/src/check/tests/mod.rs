//! Every act, granted and denied, and a proof that the table is complete.
//!
//! The table is in parts, by what the acts are on; each is held against one step that was handed a little of everything.

mod complete;
mod images;
mod local;
mod logins;
mod network;
mod remote;
mod state;
mod values;
mod vocabulary;

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::testing::{bound, manifest};

const MANIFEST: &str = r#"
[inputs.flag]
type = "boolean"
default = false
[inputs.text]
type = "string"
[inputs.unset-text]
type = "string"
[inputs.read]
type = "path"
access = ["read"]
[inputs.all]
type = "path"
access = ["read"]
[inputs.glob]
type = "path"
access = ["read"]
[inputs.write]
type = "path"
access = ["write"]
[inputs.off]
type = "path"
access = ["read if flag", "write if flag", "upload if flag"]
[inputs.unset]
type = "path"
access = ["read", "write", "upload"]
[inputs.known]
type = "path"
role = "known-hosts(one)"
[inputs.url]
type = "url"
[inputs.below]
type = "url"
match = "prefix"
[inputs.site]
type = "url"
match = "origin"
methods = ["post"]
[inputs.url-off]
type = "url"
access = ["request if flag"]
[inputs.unset-url]
type = "url"
[inputs.tcp]
type = "tcp-address"
[inputs.tcp-off]
type = "tcp-address"
access = ["connect if flag"]
[inputs.unset-tcp]
type = "tcp-address"
[inputs.one]
type = "ssh-target"
access = ["script", "files"]
[inputs.two]
type = "list<ssh-target>"
access = ["script", "files", "exec"]
[inputs.bare]
type = "ssh-target"
access = ["exec if flag"]
[inputs.exec]
type = "ssh-target"
access = ["exec"]
[inputs.target-off]
type = "ssh-target"
access = ["script if flag", "files if flag", "exec if flag"]
[inputs.unset-target]
type = "ssh-target"
access = ["script", "files", "exec"]
[inputs.bastion]
type = "ssh-target"
role = "jump(one)"
[inputs.other-bastion]
type = "list<ssh-target>"
role = "jump(two)"
[inputs.unset-bastion]
type = "ssh-target"
role = "jump(one)"
[inputs.emptied]
type = "remote-path(one)"
access = ["upload", "delete"]
[inputs.run]
type = "script"
on = "one"
[inputs.unset-run]
type = "script"
on = "one"
[inputs.release]
type = "remote-path(one)"
access = ["release"]
[inputs.release-off]
type = "remote-path(one)"
access = ["release if flag", "upload if flag", "download if flag", "delete if flag"]
[inputs.unset-emptied]
type = "remote-path(one)"
access = ["delete"]
[inputs.unset-remote]
type = "remote-path(one)"
access = ["release", "upload", "download"]
[inputs.remote]
type = "remote-path(one)"
access = ["upload", "download"]
[inputs.up]
type = "path"
access = ["upload"]
[inputs.pairs]
type = "list"
[inputs.pairs.item.fields.local]
type = "path"
access = ["upload", "write"]
[inputs.pairs.item.fields.far]
type = "remote-path(../one)"
access = ["upload", "download"]
[inputs.context]
type = "path"
access = ["build"]
[inputs.context-off]
type = "path"
access = ["build if flag"]
[inputs.unset-context]
type = "path"
access = ["build"]
[inputs.base]
type = "image"
access = ["pull"]
[inputs.made]
type = "image"
access = ["build", "push"]
[inputs.pushed]
type = "image"
access = ["push"]
[inputs.image-off]
type = "image"
access = ["pull if flag", "build if flag", "push if flag"]
[inputs.unset-image]
type = "image"
access = ["pull", "build", "push"]
[inputs.hub]
type = "registry"
[inputs.registry-off]
type = "registry"
access = ["login if flag"]
[inputs.unset-registry]
type = "registry"
[inputs.seen]
type = "state"
access = ["read"]
[inputs.kept]
type = "state"
access = ["read", "write"]
[inputs.set]
type = "state"
access = ["write"]
[inputs.state-off]
type = "state"
access = ["read if flag", "write if flag"]
[inputs.unset-state]
type = "state"
access = ["read", "write"]
[inputs.key]
type = "secret"
sink = "ssh-auth(one)"
[inputs.unset-key]
type = "secret"
sink = "ssh-auth(one)"
[inputs.token]
type = "string"
sink = "http-header(url)"
[inputs.env]
type = "map<string>"
sink = "remote-env(run)"
[requires.api]
type = "url"
value = "https://api.example.com/v2/"
doc = "Its API."
"#;

const WITH: &str = r#"with:
  text: hello
  read: src
  all: .
  glob: "dist/*.txt"
  write: out
  off: off
  known: known_hosts
  url: "https://a.example/x?y=1"
  below: "https://a.example/v2/"
  site: "https://a.example/"
  url-off: "https://a.example/"
  tcp: "db:5432"
  tcp-off: "db:5432"
  one: "a@one"
  two: "b@two"
  bare: "c@three"
  exec: "c@three"
  target-off: "d@four"
  run: "true"
  release: /srv
  release-off: /off
  remote: /data
  up: bin
  pairs:
    - { local: a, far: /a }
    - { local: b, far: b }
  context: webapp
  context-off: webapp
  base: "docker.io/ruby:3"
  made: "r.example/webapp:web"
  pushed: "s.example/webapp:web"
  image-off: "r.example/off"
  hub: r.example
  registry-off: r.example
  key: "${{ secrets.KEY }}"
  token: "Bearer ${{ secrets.OTHER }}"
  env: { "A/B~C": plain, KEY: { value: "${{ secrets.KEY }}", reveal: true } }
  bastion: "j@b1"
  other-bastion: ["j@b2"]
  emptied: /www
  seen: images
  kept: releases
  set: last
  state-off: off
allow: { api: "https://api.example.com/v2/" }"#;

fn step() -> StepAuthority {
    let manifest = manifest(MANIFEST);
    let (bound, mistakes) = bound(&manifest, WITH, Value::Null);
    assert_eq!(mistakes, Vec::<String>::new());
    StepAuthority {
        manifest: Arc::new(manifest),
        bound,
    }
}

/// The act's name. A new act doesn't compile until it has one, and then until the table has its cases.
fn name(act: &Act<'_>) -> &'static str {
    match act {
        Act::Look { .. } => "look",
        Act::Read { .. } => "read",
        Act::Write { .. } => "write",
        Act::Http { .. } => "http",
        Act::Tcp { .. } => "tcp",
        Act::StateRead { .. } => "state-read",
        Act::StateWrite { .. } => "state-write",
        Act::SshConnect { .. } => "ssh-connect",
        Act::SshScript { .. } => "ssh-script",
        Act::SshUpload { .. } => "ssh-upload",
        Act::SshJump { .. } => "ssh-jump",
        Act::SshDelete { .. } => "ssh-delete",
        Act::SshDownload { .. } => "ssh-download",
        Act::SshStat { .. } => "ssh-stat",
        Act::SshRelease { .. } => "ssh-release",
        Act::SshExec { .. } => "ssh-exec",
        Act::DockerLogin { .. } => "docker-login",
        Act::DockerPull { .. } => "docker-pull",
        Act::DockerBuild { .. } => "docker-build",
        Act::DockerTag { .. } => "docker-tag",
        Act::DockerPush { .. } => "docker-push",
        Act::DockerInspect { .. } => "docker-inspect",
        Act::Use { .. } => "use",
        Act::Reveal { .. } => "reveal",
    }
}

/// What comes of an act, in words that tables can hold.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// Granted: the thing that may be touched.
    Yes(String),
    /// The rule and the message.
    No(Rule, String),
    NotSet,
}

fn outcome(step: &StepAuthority, act: &Act<'_>) -> Outcome {
    match authorize(step, act) {
        Ok(permit) => Outcome::Yes(match permit {
            Permit::Path { path, .. } => path.to_string(),
            Permit::Url(permit) => permit.url.to_string(),
            Permit::Tcp { host, port, .. } => format!("{host}:{port}"),
            Permit::State { name, .. } => name,
            Permit::Ssh(permit) => format!("{}@{}:{}", permit.user, permit.host, permit.port),
            Permit::Script { text, .. } => text,
            Permit::Transfer { root, remote, .. } => format!("{root} {}", remote.path),
            Permit::Remote(permit) => permit.path,
            Permit::Registry(permit) => permit.host,
            Permit::Image(permit) => match permit.login {
                Some(login) => format!("{} as of {}", permit.image, login.host),
                None => permit.image.to_string(),
            },
            Permit::Build { root, image, .. } => match image {
                Some(image) => format!("{root} as {}", image.image),
                None => root.to_string(),
            },
            Permit::Tag { source, image } => format!("{} as {}", source.image, image.image),
            Permit::Value { secret } => (if secret { "secret" } else { "plain" }).to_owned(),
        }),
        Err(Refusal::Denied(denial)) => Outcome::No(denial.rule, denial.message),
        Err(Refusal::NotSet(_)) => Outcome::NotSet,
    }
}

fn yes(shown: &str) -> Outcome {
    Outcome::Yes(shown.to_owned())
}

fn no(rule: Rule, message: &str) -> Outcome {
    Outcome::No(rule, message.to_owned())
}

fn table() -> Vec<(Act<'static>, Outcome)> {
    [
        local::table(),
        network::table(),
        logins::table(),
        remote::table(),
        images::table(),
        state::table(),
        values::table(),
    ]
    .concat()
}

#[test]
fn acts_and_their_outcomes() {
    let step = step();
    for (act, expected) in table() {
        assert_eq!(outcome(&step, &act), expected, "{act:?}");
    }
}

#[test]
fn a_denial_says_where_and_what_would_grant_it() {
    let step = step();
    let check = |act: Act<'_>, place: Option<&str>, hint: Option<&str>| {
        let Err(Refusal::Denied(denial)) = authorize(&step, &act) else {
            panic!("{act:?} was not denied")
        };
        assert_eq!(denial.pointer, act.input(), "{act:?}");
        let shown = denial.place.as_ref().map(ToString::to_string);
        assert_eq!((shown.as_deref(), denial.hint.as_deref()), (place, hint));
    };
    check(
        Act::Read {
            input: "/off",
            entry: "",
        },
        Some("capstep.yml:15:18"),
        Some("`flag: true` in the step would grant it"),
    );
    check(
        Act::Http {
            input: "/url",
            url: Some("https://b.example/"),
            method: "GET",
        },
        Some("capstep.yml:17:18"),
        Some("hand that URL over as an input of the step"),
    );
    check(
        Act::Reveal { input: "/key" },
        Some("capstep.yml:44:18"),
        Some("`key: { value: …, reveal: true }` in the step would hand over its bytes"),
    );
    check(Act::Tcp { input: "/nothing" }, None, None);
}
