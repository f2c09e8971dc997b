//! Every act, granted and denied, and a proof that the table is complete.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::manifest::SinkKind;
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
access = ["read", "write", "upload", "download"]
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
  key: "${{ secrets.KEY }}"
  token: "Bearer ${{ secrets.OTHER }}"
  env: { "A/B~C": plain, KEY: { value: "${{ secrets.KEY }}", reveal: true } }
  bastion: "j@b1"
  other-bastion: ["j@b2"]
  emptied: /www
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
        Act::SshConnect { .. } => "ssh-connect",
        Act::SshScript { .. } => "ssh-script",
        Act::SshUpload { .. } => "ssh-upload",
        Act::SshJump { .. } => "ssh-jump",
        Act::SshDelete { .. } => "ssh-delete",
        Act::SshDownload { .. } => "ssh-download",
        Act::SshStat { .. } => "ssh-stat",
        Act::SshRelease { .. } => "ssh-release",
        Act::SshExec { .. } => "ssh-exec",
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
            Permit::Ssh(permit) => format!("{}@{}:{}", permit.user, permit.host, permit.port),
            Permit::Script { text, .. } => text,
            Permit::Transfer { root, remote, .. } => format!("{root} {}", remote.path),
            Permit::Remote(permit) => permit.path,
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

fn paths() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let look = |input, entry| Act::Look { input, entry };
    let read = |input, entry| Act::Read { input, entry };
    let write = |input, entry| Act::Write { input, entry };
    let reserved = "is never handed to a step";
    vec![
        (look("/read", ""), yes("src")),
        (look("/write", "a"), yes("out/a")),
        (look("/up", "a/b"), yes("bin/a/b")),
        (look("/pairs/1/local", ""), yes("b")),
        (look("/unset", ""), NotSet),
        (
            look("/nothing", ""),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            look("/text", ""),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no read access",
            ),
        ),
        (
            look("/pairs/0", ""),
            no(
                Rule::NoAuthority,
                "`/pairs/0` is a record; it grants no read access",
            ),
        ),
        (
            look("/remote", ""),
            no(Rule::NoAuthority, "`/remote` is a remote-path, not a path"),
        ),
        (
            look("/known", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/known`",
            ),
        ),
        (
            look("/off", ""),
            no(Rule::AccessOff, "`read` on `/off` needs `flag: true`"),
        ),
        (
            look("/read", "../x"),
            no(
                Rule::OutsidePath,
                "`../x` below `src` leads out of its folder",
            ),
        ),
        (
            look("/all", ".git/config"),
            no(
                Rule::ReservedPath,
                &format!("`.git/config` below `.` {reserved}"),
            ),
        ),
        (read("/read", "a/b.txt"), yes("src/a/b.txt")),
        (read("/glob", "dist/a.txt"), yes("dist/a.txt")),
        (read("/unset", ""), NotSet),
        (
            read("", ""),
            no(Rule::UndeclaredInput, "`p` declares no input at ``"),
        ),
        (
            read("/url", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/url`",
            ),
        ),
        (
            read("/write", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `read` on `/write`",
            ),
        ),
        (
            read("/flag", ""),
            no(
                Rule::NoAuthority,
                "`/flag` is a boolean; it grants no read access",
            ),
        ),
        (
            read("/remote", ""),
            no(Rule::NoAuthority, "`/remote` is a remote-path, not a path"),
        ),
        (
            read("/off", "a"),
            no(Rule::AccessOff, "`read` on `/off` needs `flag: true`"),
        ),
        (
            read("/read", "/etc/passwd"),
            no(
                Rule::OutsidePath,
                "`/etc/passwd` below `src` is absolute; paths are relative to the pipeline's folder",
            ),
        ),
        (
            read("/glob", "dist/a/b.txt"),
            no(
                Rule::OutsidePath,
                "`dist/a/b.txt` is not matched by `dist/*.txt`",
            ),
        ),
        (
            read("/all", "Capstep.yml"),
            no(
                Rule::ReservedPath,
                &format!("`Capstep.yml` below `.` {reserved}"),
            ),
        ),
        (write("/write", "a"), yes("out/a")),
        (write("/unset", "a"), NotSet),
        (
            write("/read", "a"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `write` on `/read`",
            ),
        ),
        (
            write("/nothing/0", "a"),
            no(
                Rule::UndeclaredInput,
                "`p` declares no input at `/nothing/0`",
            ),
        ),
        (
            write("/text", "a"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no write access",
            ),
        ),
        (
            write("/remote", ""),
            no(Rule::NoAuthority, "`/remote` is a remote-path, not a path"),
        ),
        (
            write("/off", "a"),
            no(Rule::AccessOff, "`write` on `/off` needs `flag: true`"),
        ),
        (
            write("/write", "a/../../b"),
            no(
                Rule::OutsidePath,
                "`a/../../b` below `out` leads out of its folder",
            ),
        ),
        (
            write("/write", "a/.git/hooks/x"),
            no(
                Rule::ReservedPath,
                &format!("`a/.git/hooks/x` below `out` {reserved}"),
            ),
        ),
    ]
}

fn network() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let http = |input, url, method| Act::Http { input, url, method };
    let get = |input, url| Act::Http {
        input,
        url,
        method: "GET",
    };
    let tcp = |input| Act::Tcp { input };
    vec![
        (get("/url", None), yes("https://a.example/x?y=1")),
        (
            get("/below", Some("https://a.example/v2/z")),
            yes("https://a.example/v2/z"),
        ),
        (
            http("/site", Some("https://a.example/z"), "POST"),
            yes("https://a.example/z"),
        ),
        (
            get("requires/api", None),
            yes("https://api.example.com/v2/"),
        ),
        (get("/unset-url", None), NotSet),
        (
            get("requires/other", None),
            no(
                Rule::UndeclaredInput,
                "`p` declares no input at `requires/other`",
            ),
        ),
        (
            get("/text", None),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no request access",
            ),
        ),
        (
            get("/tcp", None),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `request` on `/tcp`",
            ),
        ),
        (
            get("/url-off", None),
            no(
                Rule::AccessOff,
                "`request` on `/url-off` needs `flag: true`",
            ),
        ),
        (
            get("/url", Some("https://b.example/x?y=1")),
            no(
                Rule::OtherOrigin,
                "`https://b.example/x` is not on `https://a.example`",
            ),
        ),
        (
            get("/url", Some("x")),
            no(Rule::OtherOrigin, "the URL can't be read"),
        ),
        (
            get("/url", Some("https://a.example/x?y=2")),
            no(
                Rule::OtherPath,
                "`https://a.example/x` is not within `https://a.example/x?y=1` (exact)",
            ),
        ),
        (
            http("/url", None, "DELETE"),
            no(
                Rule::OtherMethod,
                "the method DELETE is not among GET, HEAD",
            ),
        ),
        (tcp("/tcp"), yes("db:5432")),
        (tcp("/unset-tcp"), NotSet),
        (
            tcp("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            tcp("/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no connect access",
            ),
        ),
        (
            tcp("/url"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `connect` on `/url`",
            ),
        ),
        (
            tcp("/tcp-off"),
            no(
                Rule::AccessOff,
                "`connect` on `/tcp-off` needs `flag: true`",
            ),
        ),
    ]
}

fn logins() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let connect = |target| Act::SshConnect { target };
    let exec = |target| Act::SshExec { target };
    let script = |target, script| Act::SshScript { target, script };
    let jump = |target, through| Act::SshJump { target, through };
    vec![
        (connect("/one"), yes("a@one:22")),
        (connect("/two/0"), yes("b@two:22")),
        (connect("/unset-target"), NotSet),
        (connect("/two/1"), NotSet),
        (
            connect("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            connect("/two"),
            no(
                Rule::NoAuthority,
                "`/two` is a list; it grants no such access",
            ),
        ),
        (
            connect("/run"),
            no(Rule::NoAuthority, "`/run` is a script, not an ssh-target"),
        ),
        (
            connect("/read"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/read`",
            ),
        ),
        (
            connect("/bare"),
            no(Rule::AccessOff, "`script` on `/bare` needs `flag: true`"),
        ),
        (exec("/exec"), yes("c@three:22")),
        (exec("/unset-target"), NotSet),
        (
            exec("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            exec("/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no exec access",
            ),
        ),
        (
            exec("/one"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `exec` on `/one`",
            ),
        ),
        (
            exec("/bare"),
            no(Rule::AccessOff, "`exec` on `/bare` needs `flag: true`"),
        ),
        (jump("/one", "/bastion"), yes("j@b1:22")),
        (jump("/two/0", "/other-bastion/0"), yes("j@b2:22")),
        (jump("/one", "/unset-bastion"), NotSet),
        (
            jump("/one", "/other-bastion/0"),
            no(
                Rule::OtherTarget,
                "`/other-bastion/0` was not handed over for `/one`",
            ),
        ),
        (
            jump("/one", "/exec"),
            no(Rule::OtherTarget, "`/exec` was not handed over for `/one`"),
        ),
        (
            jump("/one", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            jump("/text", "/bastion"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no such access",
            ),
        ),
        (
            jump("/bastion", "/bastion"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/bastion`",
            ),
        ),
        (
            jump("/target-off", "/bastion"),
            no(
                Rule::AccessOff,
                "`script` on `/target-off` needs `flag: true`",
            ),
        ),
        (
            connect("/bastion"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/bastion`",
            ),
        ),
        (script("/one", "/run"), yes("true")),
        (script("/one", "/unset-run"), NotSet),
        (script("/unset-target", "/run"), NotSet),
        (
            script("/one", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            script("/one", "/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no script access",
            ),
        ),
        (
            script("/one", "/one"),
            no(Rule::NoAuthority, "`/one` is a ssh-target, not a script"),
        ),
        (
            script("/exec", "/run"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `script` on `/exec`",
            ),
        ),
        (
            script("/target-off", "/run"),
            no(
                Rule::AccessOff,
                "`script` on `/target-off` needs `flag: true`",
            ),
        ),
        (
            script("/two/0", "/run"),
            no(Rule::OtherTarget, "`/run` was not handed over for `/two/0`"),
        ),
    ]
}

fn remote() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let upload = |target, source, destination| Act::SshUpload {
        target,
        source,
        destination,
    };
    let delete = |target, source, destination| Act::SshDelete {
        target,
        source,
        destination,
    };
    let download = |target, source, destination| Act::SshDownload {
        target,
        source,
        destination,
    };
    let stat = |target, path, entry| Act::SshStat {
        target,
        path,
        entry,
    };
    let release = |target, release| Act::SshRelease { target, release };
    vec![
        (
            upload("/one", "/pairs/0/local", "/pairs/0/far"),
            yes("a /a"),
        ),
        (upload("/one", "/pairs/1/local", "/pairs/1/far"), yes("b b")),
        (upload("/one", "/up", "/remote"), yes("bin /data")),
        (upload("/one", "/up", "/unset-remote"), NotSet),
        (
            upload("/one", "/pairs/0/nothing", "/pairs/0/far"),
            no(
                Rule::UndeclaredInput,
                "`p` declares no input at `/pairs/0/nothing`",
            ),
        ),
        (
            upload("/one", "/text", "/remote"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no upload access",
            ),
        ),
        (
            upload("/one", "/remote", "/remote"),
            no(Rule::NoAuthority, "`/remote` is a remote-path, not a path"),
        ),
        (
            upload("/one", "/up", "/up"),
            no(Rule::NoAuthority, "`/up` is a path, not a remote-path"),
        ),
        (
            upload("/one", "/read", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `upload` on `/read`",
            ),
        ),
        (
            upload("/exec", "/up", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `files` on `/exec`",
            ),
        ),
        (
            upload("/one", "/up", "/release-off"),
            no(
                Rule::AccessOff,
                "`upload` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            upload("/two/0", "/up", "/remote"),
            no(
                Rule::OtherTarget,
                "`/remote` was not handed over for `/two/0`",
            ),
        ),
        (
            upload("/one", "/pairs/0/local", "/pairs/1/far"),
            no(
                Rule::NotSiblings,
                "`/pairs/0/local` and `/pairs/1/far` were not handed over together",
            ),
        ),
        (delete("/one", "/up", "/emptied"), yes("bin /www")),
        (delete("/one", "/up", "/unset-emptied"), NotSet),
        (
            delete("/one", "/nothing", "/emptied"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            delete("/one", "/up", "/up"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `delete` on `/up`",
            ),
        ),
        (
            delete("/one", "/up", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `delete` on `/remote`",
            ),
        ),
        (
            delete("/one", "/up", "/release-off"),
            no(
                Rule::AccessOff,
                "`delete` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            delete("/two/0", "/up", "/emptied"),
            no(
                Rule::OtherTarget,
                "`/emptied` was not handed over for `/two/0`",
            ),
        ),
        (
            delete("/one", "/pairs/0/local", "/emptied"),
            no(
                Rule::NotSiblings,
                "`/pairs/0/local` and `/emptied` were not handed over together",
            ),
        ),
        (
            delete("/one", "/text", "/emptied"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no delete access",
            ),
        ),
        (
            download("/one", "/pairs/0/far", "/pairs/0/local"),
            yes("a /a"),
        ),
        (download("/one", "/remote", "/write"), yes("out /data")),
        (download("/one", "/unset-remote", "/write"), NotSet),
        (
            download("/one", "/nothing", "/write"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            download("/one", "/text", "/write"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no download access",
            ),
        ),
        (
            download("/one", "/release", "/write"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `download` on `/release`",
            ),
        ),
        (
            download("/one", "/remote", "/read"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `write` on `/read`",
            ),
        ),
        (
            download("/one", "/release-off", "/write"),
            no(
                Rule::AccessOff,
                "`download` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            download("/two/0", "/remote", "/write"),
            no(
                Rule::OtherTarget,
                "`/remote` was not handed over for `/two/0`",
            ),
        ),
        (
            download("/one", "/remote", "/pairs/0/local"),
            no(
                Rule::NotSiblings,
                "`/pairs/0/local` and `/remote` were not handed over together",
            ),
        ),
        (stat("/one", "/remote", ""), yes("/data")),
        (stat("/one", "/remote", "a/b"), yes("/data/a/b")),
        (stat("/one", "/remote", "."), yes("/data")),
        (stat("/one", "/unset-remote", ""), NotSet),
        (
            stat("/one", "/nothing", ""),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            stat("/one", "/read", ""),
            no(Rule::NoAuthority, "`/read` is a path, not a remote-path"),
        ),
        (
            stat("/one", "/release", ""),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `upload` on `/release`",
            ),
        ),
        (
            stat("/one", "/release-off", ""),
            no(
                Rule::AccessOff,
                "`upload` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            stat("/two/0", "/remote", ""),
            no(
                Rule::OtherTarget,
                "`/remote` was not handed over for `/two/0`",
            ),
        ),
        (
            stat("/one", "/remote", "../x"),
            no(Rule::OutsidePath, "`../x` leads out of `/data`"),
        ),
        (
            stat("/one", "/remote", "/etc"),
            no(Rule::OutsidePath, "`/etc` leads out of `/data`"),
        ),
        (release("/one", "/release"), yes("/srv")),
        (release("/one", "/unset-remote"), NotSet),
        (
            release("/one", "/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            release("/one", "/text"),
            no(
                Rule::NoAuthority,
                "`/text` is a string; it grants no release access",
            ),
        ),
        (
            release("/one", "/remote"),
            no(
                Rule::AccessNotRequested,
                "`p` does not ask for `release` on `/remote`",
            ),
        ),
        (
            release("/one", "/release-off"),
            no(
                Rule::AccessOff,
                "`release` on `/release-off` needs `flag: true`",
            ),
        ),
        (
            release("/two/0", "/release"),
            no(
                Rule::OtherTarget,
                "`/release` was not handed over for `/two/0`",
            ),
        ),
    ]
}

fn values() -> Vec<(Act<'static>, Outcome)> {
    use Outcome::NotSet;
    let using = |input, sink, to| Act::Use { input, sink, to };
    let reveal = |input| Act::Reveal { input };
    vec![
        (using("/key", SinkKind::SshAuth, "/one"), yes("secret")),
        (using("/token", SinkKind::HttpHeader, "/url"), yes("secret")),
        (
            using("/env/KEY", SinkKind::RemoteEnv, "/run"),
            yes("secret"),
        ),
        (
            using("/env/A~1B~0C", SinkKind::RemoteEnv, "/run"),
            yes("plain"),
        ),
        (using("/text", SinkKind::HttpHeader, "/url"), yes("plain")),
        (using("/unset-key", SinkKind::SshAuth, "/one"), NotSet),
        (using("/env/NONE", SinkKind::RemoteEnv, "/run"), NotSet),
        (
            using("/nothing", SinkKind::SshAuth, "/one"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            using("/key", SinkKind::SshAuth, "/two/0"),
            no(
                Rule::OtherSink,
                "the secret at `/key` goes to ssh-auth of /one, not to ssh-auth of /two/0",
            ),
        ),
        (
            using("/token", SinkKind::HttpBody, "/url"),
            no(
                Rule::OtherSink,
                "the secret at `/token` goes to http-header of /url, not to http-body of /url",
            ),
        ),
        (reveal("/env/KEY"), yes("secret")),
        (reveal("/text"), yes("plain")),
        (reveal("/unset-text"), NotSet),
        (
            reveal("/nothing"),
            no(Rule::UndeclaredInput, "`p` declares no input at `/nothing`"),
        ),
        (
            reveal("/key"),
            no(
                Rule::NotRevealed,
                "the secret at `/key` is for its sink, not for the plugin",
            ),
        ),
    ]
}

fn table() -> Vec<(Act<'static>, Outcome)> {
    [paths(), network(), logins(), remote(), values()].concat()
}

#[test]
fn acts_and_their_outcomes() {
    let step = step();
    for (act, expected) in table() {
        assert_eq!(outcome(&step, &act), expected, "{act:?}");
    }
}

#[test]
fn every_act_has_a_yes_a_no_and_an_absence() {
    let acts: BTreeSet<&str> = table().iter().map(|(act, _)| name(act)).collect();
    assert_eq!(acts.len(), 16);
    for act in acts {
        let has = |wanted: fn(&Outcome) -> bool| {
            table()
                .iter()
                .any(|(other, outcome)| name(other) == act && wanted(outcome))
        };
        assert!(has(|outcome| matches!(outcome, Outcome::Yes(_))), "{act}");
        assert!(has(|outcome| matches!(outcome, Outcome::No(..))), "{act}");
        assert!(has(|outcome| matches!(outcome, Outcome::NotSet)), "{act}");
    }
}

/// Whatever combination of pointers, entries, URLs and methods is asked for, no act is denied by a rule that the table
/// has no case of.
#[test]
fn the_table_has_every_rule_of_every_act() {
    let step = step();
    let covered: BTreeSet<(&str, Rule)> = table()
        .iter()
        .filter_map(|(act, outcome)| match outcome {
            Outcome::No(rule, _) => Some((name(act), *rule)),
            _ => None,
        })
        .collect();
    let mut pointers: Vec<String> = step
        .manifest
        .inputs
        .iter()
        .map(|input| crate::pointer::join("", &input.name))
        .collect();
    pointers.extend(
        [
            "",
            "/nothing",
            "/two/0",
            "/two/1",
            "/two/x",
            "/pairs/0",
            "/pairs/0/local",
            "/pairs/1/far",
            "/pairs/9/far",
            "/env/KEY",
            "/env/A~1B~0C",
            "requires/api",
            "requires/x",
            "/text/0",
        ]
        .map(str::to_owned),
    );
    let entries = ["", "a", "../a", "/a", ".git", "capstep.lock", "dist/a.txt"];
    let urls = [
        None,
        Some("x"),
        Some("https://a.example/v2/x"),
        Some("https://b.example/"),
        Some("https://api.example.com/v2/"),
    ];
    let mut seen = BTreeSet::new();
    let mut ask = |act: Act<'_>| {
        if let Err(Refusal::Denied(denial)) = authorize(&step, &act) {
            seen.insert((name(&act), denial.rule));
        }
    };
    for input in pointers.iter().map(String::as_str) {
        for entry in entries {
            ask(Act::Look { input, entry });
            ask(Act::Read { input, entry });
            ask(Act::Write { input, entry });
        }
        for url in urls {
            for method in ["GET", "POST"] {
                ask(Act::Http { input, url, method });
            }
        }
        ask(Act::Tcp { input });
        ask(Act::SshConnect { target: input });
        ask(Act::SshExec { target: input });
        ask(Act::Reveal { input });
        for to in pointers.iter().map(String::as_str) {
            ask(Act::SshScript {
                target: input,
                script: to,
            });
            ask(Act::SshJump {
                target: input,
                through: to,
            });
            ask(Act::SshRelease {
                target: input,
                release: to,
            });
            for sink in [
                SinkKind::SshAuth,
                SinkKind::Passphrase,
                SinkKind::RemoteEnv,
                SinkKind::HttpHeader,
                SinkKind::HttpBody,
                SinkKind::File,
            ] {
                ask(Act::Use { input, sink, to });
            }
            for entry in entries {
                ask(Act::SshStat {
                    target: input,
                    path: to,
                    entry,
                });
            }
            for source in pointers.iter().map(String::as_str) {
                ask(Act::SshDelete {
                    target: input,
                    source,
                    destination: to,
                });
                ask(Act::SshUpload {
                    target: input,
                    source,
                    destination: to,
                });
                ask(Act::SshDownload {
                    target: input,
                    source,
                    destination: to,
                });
            }
        }
    }
    assert_eq!(seen, covered);
}

/// Rules that only the host can find: they are about links, bytes, addresses and sockets.
#[test]
fn the_other_rules_are_the_hosts() {
    let here: BTreeSet<Rule> = table()
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::No(rule, _) => Some(*rule),
            _ => None,
        })
        .collect();
    let others: Vec<&str> = Rule::ALL
        .iter()
        .filter(|rule| !here.contains(rule))
        .map(|rule| rule.word())
        .collect();
    assert_eq!(
        others,
        [
            "link-leaves-path",
            "sealed-file",
            "address-refused",
            "raw-socket",
            "name-lookup",
            "raw-http"
        ]
    );
    for rule in Rule::ALL {
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.word());
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
        Some("capstep.yml:36:18"),
        Some("`key: { value: …, reveal: true }` in the step would hand over its bytes"),
    );
    check(Act::Tcp { input: "/nothing" }, None, None);
}
