//! What the cases attack: a project, a server for SSH, one for HTTP, and a step that is handed a little of each.

use std::fs;
use std::net::{Ipv4Addr, ToSocketAddrs as _};
use std::os::unix::fs::symlink;
use std::sync::OnceLock;

use capstep_test_engine::registry::{PASSWORD, USERNAME};
use capstep_test_engine::{Dockerd, Registry};
use capstep_tests::hostile;
use capstep_tests::project::Project;
use capstep_tests::servers;
use capstep_tests::sshd::Sshd;
use serde_json::Value;

/// The planted secret.
pub(crate) const CANARY: &str = "cnry-9b0d7e6c1f5a4e3f8a2b";

/// The targets, all of them the same account, and what the plugin asks for on each.
const TARGETS: [(&str, &str); 6] = [
    ("target", r#"["script", "files"]"#),
    ("other", r#"["script", "files", "exec"]"#),
    ("half", r#"["exec", "script if flag", "files if flag"]"#),
    ("rest", r#"["files", "exec if flag"]"#),
    ("only", r#"["script"]"#),
    ("off", r#"["script if flag"]"#),
];

pub(crate) struct Place {
    pub(crate) project: Project,
    pub(crate) sshd: Sshd,
    /// A service that answers everything, and one that sends everybody there.
    pub(crate) http: u16,
    pub(crate) elsewhere: u16,
    pub(crate) redirecting: u16,
    /// An engine and a registry, for the cases that need them.
    engine: Option<(Dockerd, Registry)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let sshd = Sshd::start();
        let (http, _) = servers::answering("200 OK", "hello");
        let (elsewhere, _) = servers::answering("200 OK", "elsewhere");
        let redirecting = servers::redirecting(format!("http://127.0.0.1:{elsewhere}/"));
        let project = Project::empty();
        for folder in ["readable", "writable", "both", "switched", "linked", "sent"] {
            project.write(&format!("{folder}/a.txt"), "hello\n");
        }
        project.write(".git/config", "[core]\n");
        project.write("outside.txt", "not handed over\n");
        for folder in ["readable", "writable", "both", "switched"] {
            symlink("../outside.txt", project.path(&format!("{folder}/out"))).unwrap();
            symlink("..", project.path(&format!("{folder}/up"))).unwrap();
            fs::create_dir(project.path(&format!("{folder}/folder"))).unwrap();
            symlink("folder", project.path(&format!("{folder}/inner"))).unwrap();
        }
        symlink("../outside.txt", project.path("linked/out")).unwrap();
        project.write("trapped/out/x.txt", "through a link\n");
        // On the server: a folder of the deployment, with a link in it that leads elsewhere.
        for folder in ["in", "in/folder", "elsewhere"] {
            fs::create_dir(sshd.path(folder)).unwrap();
        }
        fs::write(sshd.path("in/there.txt"), "there\n").unwrap();
        fs::write(sshd.path("elsewhere/x.txt"), "not handed over\n").unwrap();
        symlink("../elsewhere", sshd.path("in/out")).unwrap();
        project.write("known_hosts", sshd.known_hosts());
        fs::write(project.dir.path().join("key"), sshd.key("user")).unwrap();
        fs::write(project.dir.path().join("canary"), CANARY).unwrap();
        project.write("plugins/hostile.wasm", hostile::plugin(&manifest()));
        project.write("image/Dockerfile", "FROM scratch\nCOPY hello /\n");
        project.write("image/hello", "hello\n");
        // Without a registry the password is for nobody.
        fs::write(project.dir.path().join("registry"), "no password").unwrap();
        Self {
            project,
            sshd,
            http,
            elsewhere,
            redirecting,
            engine: None,
        }
    }

    /// The same with an engine and a registry.
    pub(crate) fn with_engine() -> Self {
        let mut place = Self::new();
        let (dockerd, registry) = (Dockerd::start(), Registry::start());
        place
            .project
            .environment
            .push(("DOCKER_HOST".to_owned(), dockerd.host()));
        fs::write(place.project.dir.path().join("registry"), PASSWORD).unwrap();
        place.engine = Some((dockerd, registry));
        place
    }

    /// The arguments that hand over the secrets.
    pub(crate) fn secrets(&self) -> [String; 6] {
        let beside = |name: &str| self.project.dir.path().join(name).display().to_string();
        [
            "--secret".to_owned(),
            format!("KEY=file:{}", beside("key")),
            "--secret".to_owned(),
            format!("CANARY=file:{}", beside("canary")),
            "--secret".to_owned(),
            format!("REGISTRY=file:{}", beside("registry")),
        ]
    }

    /// The pipeline whose step makes these calls; `flag` is what some of its accesses hang on, and whether the method it
    /// chooses is POST.
    pub(crate) fn pipeline(&self, flag: bool, calls: &Value) -> String {
        let (http, redirecting, loopback) = (self.http, self.redirecting, loopback_name());
        let srv = self.sshd.remote("in");
        let method = if flag { "POST" } else { "GET" };
        let registry = match &self.engine {
            Some((_, registry)) => registry.host(),
            None => "127.0.0.1:1".to_owned(),
        };
        let mut with = format!(
            "text: hello
flag: {flag}
read: readable/
write: writable/
both: both/
switched: switched/
everything: .
exact: http://127.0.0.1:{http}/exact
site: http://127.0.0.1:{http}/site/
chosen-method: {method}
chosen: http://127.0.0.1:{http}/chosen
moved: http://127.0.0.1:{redirecting}/
metadata: http://169.254.169.254/
address: 127.0.0.1:{http}
read-state: kept
write-state: kept
off-state: kept
metadata-address: 169.254.169.254:80
token: \"${{{{ secrets.CANARY }}}}\"
shown: {{ value: \"${{{{ secrets.CANARY }}}}\", reveal: true }}
settings: settings.env
format: compose
vars: {{ PLAIN: value, SECRET: \"${{{{ secrets.CANARY }}}}\" }}
metadata-target: root@169.254.169.254
metadata-target-identity: \"${{{{ secrets.KEY }}}}\"
metadata-target-known: known_hosts
context: image/
off-context: image/
tag: {registry}/attacked:one
second: {registry}/attacked:two
pulled: {registry}/attacked:one
off-image: {registry}/attacked:one
registry: \"{registry}\"
registry-user: {USERNAME}
registry-password: \"${{{{ secrets.REGISTRY }}}}\"
loopback: http://{loopback}:{http}/
loopback-address: {loopback}:{http}
loopback-target: {user}@{loopback}:{port}
loopback-target-identity: \"${{{{ secrets.KEY }}}}\"
loopback-target-known: known_hosts
",
            user = self.sshd.user(),
            port = self.sshd.port,
        );
        for (name, _) in TARGETS {
            with.push_str(&format!(
                "{name}: {target}
{name}-identity: \"${{{{ secrets.KEY }}}}\"
{name}-known: known_hosts
{name}-run: echo from the script
{name}-release: {srv}/{name}
{name}-upload: [{{ from: sent/, to: {srv}/{name}-sent/ }}, {{ from: outside.txt, to: {srv}/{name}.txt }}, {{ from: linked/, to: {srv}/{name}-linked/ }}, {{ from: trapped/, to: {srv}/ }}]
{name}-fetch: [{{ from: {srv}/there.txt, to: fetched/{name}.txt }}, {{ from: {srv}/out/x.txt, to: fetched/{name}-out.txt }}]
{name}-look: {srv}/
",
                target = self.sshd.target(),
            ));
        }
        with.push_str(&format!(
            "way: {target}
way-identity: \"${{{{ secrets.KEY }}}}\"
way-known: known_hosts
behind: {target}
behind-identity: \"${{{{ secrets.KEY }}}}\"
behind-known: known_hosts
",
            target = self.sshd.target(),
        ));
        let with: String = with
            .lines()
            .map(|line| format!("          {line}\n"))
            .collect();
        format!(
            "version: 1\nname: attacked\nsecrets: [KEY, CANARY, REGISTRY]\njobs:\n  attack:\n    steps:\n      - uses: \
             ./plugins/hostile.wasm\n        with:\n          calls: {calls}\n{with}"
        )
    }
}

/// A name, not an address, that this machine's own resolver leads to loopback: one that its hosts file maps there, or its
/// own. Where there is none, a short form of the address, which is a name to a pipeline and an address to the resolver.
/// `localhost` is none of these: it is granted as it is written.
fn loopback_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
        let listed = hosts.lines().flat_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            line.split_whitespace().skip(1)
        });
        let own = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let mut names = listed.chain([own.trim(), "127.1"]);
        let found = names.find(|name| *name != "localhost" && leads_to_loopback(name));
        found.expect("the resolver knows `127.1`").to_owned()
    })
}

fn leads_to_loopback(name: &str) -> bool {
    // The servers of these tests listen on the address of the fourth version.
    let found = (name, 0).to_socket_addrs().into_iter().flatten();
    let addresses: Vec<_> = found.map(|address| address.ip()).collect();
    addresses.contains(&Ipv4Addr::LOCALHOST.into())
        && addresses.iter().all(std::net::IpAddr::is_loopback)
}

/// What the plugin declares.
fn manifest() -> String {
    let mut text = r#"
[inputs.text]
type = "string"
[inputs.flag]
type = "boolean"
[inputs.read]
type = "path"
access = ["read"]
[inputs.write]
type = "path"
access = ["write"]
[inputs.both]
type = "path"
access = ["read", "write"]
[inputs.switched]
type = "path"
access = ["read if flag", "write if flag"]
[inputs.everything]
type = "path"
access = ["read", "write"]
[inputs.exact]
type = "url"
methods = ["GET", "POST"]
[inputs.site]
type = "url"
match = "prefix"
methods = ["GET"]
[inputs.chosen-method]
type = "enum"
values = ["GET", "HEAD", "POST"]
default = "GET"
[inputs.chosen]
type = "url"
methods = "input(chosen-method)"
[inputs.moved]
type = "url"
[inputs.metadata]
type = "url"
[inputs.address]
type = "tcp-address"
[inputs.metadata-address]
type = "tcp-address"
[inputs.read-state]
type = "state"
access = ["read"]
[inputs.write-state]
type = "state"
access = ["write"]
[inputs.off-state]
type = "state"
access = ["read if flag", "write if flag"]
[inputs.token]
type = "secret"
sink = "http-header(exact)"
[inputs.shown]
type = "secret"
sink = "http-header(exact)"
[inputs.settings]
type = "path"
access = ["read", "write"]
[inputs.format]
type = "enum"
values = ["compose", "shell"]
[inputs.vars]
type = "map<string>"
sink = "file(settings, format)"
[inputs.metadata-target]
type = "ssh-target"
access = ["script"]
[inputs.metadata-target-identity]
type = "secret"
sink = "ssh-auth(metadata-target)"
[inputs.metadata-target-known]
type = "path"
role = "known-hosts(metadata-target)"
[inputs.context]
type = "path"
access = ["build"]
[inputs.off-context]
type = "path"
access = ["build if flag"]
[inputs.tag]
type = "image"
access = ["build", "push"]
[inputs.second]
type = "image"
access = ["build"]
[inputs.pulled]
type = "image"
access = ["pull"]
[inputs.off-image]
type = "image"
access = ["pull if flag", "build if flag", "push if flag"]
[inputs.registry]
type = "registry"
[inputs.registry-user]
type = "string"
role = "registry-username(registry)"
[inputs.registry-password]
type = "secret"
sink = "registry-auth(registry)"
[inputs.behind]
type = "ssh-target"
access = ["script"]
[inputs.behind-identity]
type = "secret"
sink = "ssh-auth(behind)"
[inputs.behind-known]
type = "path"
role = "known-hosts(behind)"
[inputs.way]
type = "ssh-target"
role = "jump(behind)"
[inputs.way-identity]
type = "secret"
sink = "ssh-auth(way)"
[inputs.way-known]
type = "path"
role = "known-hosts(way)"
[inputs.loopback]
type = "url"
[inputs.loopback-address]
type = "tcp-address"
[inputs.loopback-target]
type = "ssh-target"
access = ["script"]
[inputs.loopback-target-identity]
type = "secret"
sink = "ssh-auth(loopback-target)"
[inputs.loopback-target-known]
type = "path"
role = "known-hosts(loopback-target)"
"#
    .to_owned();
    for (name, access) in TARGETS {
        text.push_str(&format!(
            r#"
[inputs.{name}]
type = "ssh-target"
access = {access}
[inputs.{name}-identity]
type = "secret"
sink = "ssh-auth({name})"
[inputs.{name}-known]
type = "path"
role = "known-hosts({name})"
[inputs.{name}-run]
type = "script"
on = "{name}"
[inputs.{name}-release]
type = "remote-path({name})"
access = ["release"]
[inputs.{name}-look]
type = "remote-path({name})"
access = ["upload"]
[inputs.{name}-upload]
type = "list"
[inputs.{name}-upload.item]
type = "record"
[inputs.{name}-upload.item.fields.from]
type = "path"
access = ["upload"]
[inputs.{name}-upload.item.fields.to]
type = "remote-path(../{name})"
access = ["upload"]
[inputs.{name}-fetch]
type = "list"
[inputs.{name}-fetch.item]
type = "record"
[inputs.{name}-fetch.item.fields.from]
type = "remote-path(../{name})"
access = ["download"]
[inputs.{name}-fetch.item.fields.to]
type = "path"
access = ["write"]
"#
        ));
    }
    text
}
