#!/usr/bin/env python3
"""make_table.py > table.json: what OpenSSH's client says of a host, for many contents of known_hosts.

Each case is one `ssh -o StrictHostKeyChecking=yes` to a real sshd that this starts on loopback. The host's name and
port are whatever the case says: a ProxyCommand leads to the server, so that names are looked up as written and nothing
is resolved. The keys are made anew each time; the table holds their public halves.

Needs ssh, sshd, ssh-keygen and bash. `../table_tests.rs` holds our verdicts against the table; make it again to compare
with another version, and read what changed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HOST, PORT = "web.example.com", 22

# Each case: name, server, host, port, content. In a content `{new}` is the server's ed25519 key, `{old}` another one,
# `{ecdsa}` its ecdsa key where the server has two, `{ca}` the authority that signed its certificate, `{other}` another
# authority; `{hash:NAME}` is NAME hashed as `ssh-keygen -H` does it.
CASES = [
    ("nothing", "one", HOST, PORT, ""),
    ("the key", "one", HOST, PORT, "web.example.com {new}\n"),
    ("the key of another host", "one", HOST, PORT, "db.example.com {new}\n"),
    ("another key", "one", HOST, PORT, "web.example.com {old}\n"),
    ("without a line end", "one", HOST, PORT, "web.example.com {new}"),
    ("lines of DOS", "one", HOST, PORT, "# ours\r\nweb.example.com {new}\r\n"),
    ("comments and blank lines", "one", HOST, PORT, "# a\n\n   \n\t# b\nweb.example.com {new}\n"),
    ("a comment behind the key", "one", HOST, PORT, "web.example.com {new} made in 2026, by hand\n"),
    ("a comment sign behind the name", "one", HOST, PORT, "web.example.com# {new}\n"),
    ("tabs", "one", HOST, PORT, "web.example.com\t{new:tabs}\n"),
    ("blanks before and between", "one", HOST, PORT, "  \tweb.example.com   {new}\n"),
    ("a list of names", "one", HOST, PORT, "a.example.com,web.example.com,10.0.0.1 {new}\n"),
    ("a wildcard", "one", HOST, PORT, "*.example.com {new}\n"),
    ("a wildcard of one character", "one", HOST, PORT, "we?.example.com {new}\n"),
    ("a wildcard of one character too many", "one", HOST, PORT, "web?.example.com {new}\n"),
    ("a negated name", "one", HOST, PORT, "*.example.com,!web.example.com {new}\n"),
    ("a negated name before the wildcard", "one", HOST, PORT, "!web.example.com,*.example.com {new}\n"),
    ("another negated name", "one", HOST, PORT, "*.example.com,!db.example.com {new}\n"),
    ("nothing but a negated name", "one", HOST, PORT, "!db.example.com {new}\n"),
    ("a name in upper case", "one", HOST, PORT, "WEB.example.com {new}\n"),
    ("a host in upper case", "one", "WEB.Example.com", PORT, "web.example.com {new}\n"),
    ("a name in upper case on both sides", "one", "WEB.example.com", PORT, "WEB.example.com {new}\n"),
    ("hashed", "one", HOST, PORT, "{hash:web.example.com} {new}\n"),
    ("another host, hashed", "one", HOST, PORT, "{hash:db.example.com} {new}\n"),
    ("another key, hashed", "one", HOST, PORT, "{hash:web.example.com} {old}\n"),
    ("a broken hash", "one", HOST, PORT, "|1|AAAA|BBBB {new}\n"),
    ("two hashes in one list", "one", HOST, PORT, "{hash:db.example.com},{hash:web.example.com} {new}\n"),
    ("a port of its own", "one", HOST, 2222, "[web.example.com]:2222 {new}\n"),
    ("a port of its own, hashed", "one", HOST, 2222, "{hash:[web.example.com]:2222} {new}\n"),
    ("another port", "one", HOST, 2222, "[web.example.com]:2200 {new}\n"),
    ("a port for the usual one", "one", HOST, PORT, "[web.example.com]:22 {new}\n"),
    ("a name without the port", "one", HOST, 2222, "web.example.com {new}\n"),
    ("another key without the port", "one", HOST, 2222, "web.example.com {old}\n"),
    ("another key with the port, the key without", "one", HOST, 2222, "[web.example.com]:2222 {old}\nweb.example.com {new}\n"),
    ("the key with the port, another without", "one", HOST, 2222, "[web.example.com]:2222 {new}\nweb.example.com {old}\n"),
    ("a wildcard with a port", "one", HOST, 2222, "[*.example.com]:2222 {new}\n"),
    ("a wildcard for all ports", "one", HOST, 2222, "[web.example.com]:* {new}\n"),
    ("a bare wildcard and a port", "one", HOST, 2222, "* {new}\n"),
    ("old and new key", "one", HOST, PORT, "web.example.com {old}\nweb.example.com {new}\n"),
    ("new and old key", "one", HOST, PORT, "web.example.com {new}\nweb.example.com {old}\n"),
    ("two old keys", "one", HOST, PORT, "web.example.com {old}\nweb.example.com {older}\n"),
    ("a key of another type", "one", HOST, PORT, "web.example.com {ecdsa}\n"),
    ("a key of another type and another key", "one", HOST, PORT, "web.example.com {ecdsa}\nweb.example.com {old}\n"),
    ("two types, one known", "two", HOST, PORT, "web.example.com {ecdsa}\n"),
    ("two types, both known", "two", HOST, PORT, "web.example.com {ecdsa}\nweb.example.com {new}\n"),
    ("two types, one of them old", "two", HOST, PORT, "web.example.com {ecdsa}\nweb.example.com {old}\n"),
    ("revoked", "one", HOST, PORT, "@revoked web.example.com {new}\n"),
    ("revoked for all", "one", HOST, PORT, "@revoked * {new}\n"),
    ("revoked and known", "one", HOST, PORT, "web.example.com {new}\n@revoked * {new}\n"),
    ("revoked before it is known", "one", HOST, PORT, "@revoked * {new}\nweb.example.com {new}\n"),
    ("another key revoked", "one", HOST, PORT, "web.example.com {new}\n@revoked * {old}\n"),
    ("revoked for another host", "one", HOST, PORT, "web.example.com {new}\n@revoked db.example.com {new}\n"),
    ("revoked without the port", "one", HOST, 2222, "[web.example.com]:2222 {new}\n@revoked web.example.com {new}\n"),
    ("revoked, and another key", "one", HOST, PORT, "web.example.com {old}\n@revoked * {new}\n"),
    ("an unknown marker", "one", HOST, PORT, "@trusted web.example.com {new}\n"),
    ("an unknown type", "one", HOST, PORT, "web.example.com ssh-mars AAAAC3NzaC1lZDI1NTE5\nweb.example.com {new}\n"),
    ("an unknown type alone", "one", HOST, PORT, "web.example.com ssh-mars AAAAC3NzaC1lZDI1NTE5\n"),
    ("a type that is not the key's", "one", HOST, PORT, "web.example.com ecdsa-sha2-nistp256 {new:base64}\n"),
    ("a key that is cut", "one", HOST, PORT, "web.example.com {new:cut}\n"),
    ("too few fields", "one", HOST, PORT, "web.example.com ssh-ed25519\nweb.example.com {new}\n"),
    ("garbage before it", "one", HOST, PORT, "\x01\x02 garbage\nweb.example.com {new}\n"),
    ("options as in authorized_keys", "one", HOST, PORT, "web.example.com no-pty {new}\n"),
    ("a certificate, its authority named", "signed", HOST, PORT, "@cert-authority *.example.com {ca}\n"),
    ("a certificate, another authority", "signed", HOST, PORT, "@cert-authority *.example.com {other}\n"),
    ("a certificate, its authority for another host", "signed", HOST, PORT, "@cert-authority *.example.org {ca}\n"),
    ("a certificate for other names", "signed", "db.example.com", PORT, "@cert-authority *.example.com {ca}\n"),
    ("a certificate for other names, the key known", "signed", "db.example.com", PORT, "@cert-authority *.example.com {ca}\ndb.example.com {new}\n"),
    ("a certificate, the key known", "signed", HOST, PORT, "web.example.com {new}\n"),
    ("a certificate, another key known", "signed", HOST, PORT, "@cert-authority * {ca}\nweb.example.com {old}\n"),
    ("a certificate, its authority revoked", "signed", HOST, PORT, "@cert-authority * {ca}\n@revoked * {ca}\n"),
    ("a certificate, its key revoked", "signed", HOST, PORT, "@cert-authority * {ca}\n@revoked * {new}\n"),
    ("a certificate and a port", "signed", HOST, 2222, "@cert-authority [*.example.com]:2222 {ca}\n"),
    ("a certificate, the authority as a host's key", "signed", HOST, PORT, "web.example.com {ca}\n"),
    ("an authority, but no certificate", "one", HOST, PORT, "@cert-authority * {ca}\n"),
    ("the host's key as an authority", "one", HOST, PORT, "@cert-authority * {new}\n"),
    ("an authority, but no certificate, the key known", "one", HOST, PORT, "@cert-authority * {ca}\nweb.example.com {new}\n"),
]

SSHD = next(p for p in ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"] if os.path.exists(p))


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, **more)


def keygen(folder, name, kind="ed25519"):
    path = os.path.join(folder, name)
    run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path, check=True)
    with open(path + ".pub", encoding="ascii") as file:
        return " ".join(file.read().split()[:2])


def start(folder, name, lines):
    """A server on a free port; its process and port."""
    for port in range(22100 + os.getpid() % 1000, 24000):
        config = os.path.join(folder, f"{name}.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(
                f"Port {port}\nListenAddress 127.0.0.1\nPidFile {folder}/{name}.pid\nUsePAM no\nStrictModes no\n"
                f"PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\n"
                f"AuthorizedKeysFile {folder}/user.pub\n" + lines
            )
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.DEVNULL)
        for _ in range(100):
            time.sleep(0.05)
            if server.poll() is not None:
                break
            probe = run("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}")
            if probe.returncode == 0:
                return server, port
    raise RuntimeError("no server could be started")


def hashed(folder, name):
    """The hash of a name, as ssh-keygen writes it."""
    path = os.path.join(folder, "to_hash")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{name} {KEYS['new']}\n")
    run("ssh-keygen", "-H", "-f", path, check=True)
    with open(path, encoding="ascii") as file:
        return file.read().split()[0]


KEYS = {}


def filled(folder, content):
    new = KEYS["new"]
    forms = {
        "new:tabs": new.replace(" ", "\t"),
        "new:base64": new.split()[1],
        "new:cut": new[:-20],
    }
    content = re.sub(r"\{hash:([^}]+)\}", lambda found: hashed(folder, found[1]), content)
    return re.sub(r"\{([a-z0-9:]+)\}", lambda found: (forms | KEYS)[found[1]], content)


def verdict(folder, host, port, server_port, content):
    path = os.path.join(folder, "known_hosts")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(content)
    way = f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{server_port}; cat <&3 & cat >&3; kill $!' 2>/dev/null"
    options = {
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": path,
        "GlobalKnownHostsFile": "/dev/null",
        "BatchMode": "yes",
        "UpdateHostKeys": "no",
        "CheckHostIP": "no",
        "CanonicalizeHostname": "no",
        "IdentitiesOnly": "yes",
        "IdentityFile": os.path.join(folder, "user"),
        "ProxyCommand": way,
    }
    words = ["ssh", "-F", "none", "-T", "-p", str(port), "-l", os.environ.get("USER", "root")]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    done = run(*words, host, "true", stdin=subprocess.DEVNULL, timeout=60)
    said = done.stderr
    if done.returncode == 0:
        return "accepted"
    for mark, word in [
        ("REVOKED", "revoked"),
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", "mismatch"),
        ("host key is known for", "unknown"),
    ]:
        if mark in said:
            return word
    raise RuntimeError(f"not understood: {said}")


def main():
    folder = tempfile.mkdtemp(prefix="known-hosts-")
    servers = []
    try:
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        keygen(folder, "user")
        for name, kind in [
            ("new", "ed25519"),
            ("old", "ed25519"),
            ("older", "ed25519"),
            ("ecdsa", "ecdsa"),
            ("ca", "ed25519"),
            ("other", "ed25519"),
        ]:
            KEYS[name] = keygen(folder, name, kind)
        path = lambda name: os.path.join(folder, name)
        run("ssh-keygen", "-q", "-s", path("ca"), "-I", "web", "-h", "-n", HOST, "-V", "always:forever", path("new.pub"), check=True)
        with open(path("new-cert.pub"), encoding="ascii") as file:
            certificate = " ".join(file.read().split()[:2])
        ports = {}
        for name, lines in [
            ("one", f"HostKey {path('new')}\n"),
            ("two", f"HostKey {path('new')}\nHostKey {path('ecdsa')}\n"),
            ("signed", f"HostKey {path('new')}\nHostCertificate {path('new-cert.pub')}\n"),
        ]:
            server, ports[name] = start(folder, name, lines)
            servers.append(server)
        cases = []
        for name, server, host, port, content in CASES:
            content = filled(folder, content)
            found = verdict(folder, host, port, ports[server], content)
            cases.append({"case": name, "server": server, "host": host, "port": port, "known_hosts": content, "verdict": found})
        table = {
            "openssh": run("ssh", "-V").stderr.strip(),
            "keys": {"new": KEYS["new"], "ecdsa": KEYS["ecdsa"], "certificate": certificate},
            "cases": cases,
        }
        json.dump(table, sys.stdout, indent=1)
        print()
    finally:
        for server in servers:
            server.terminate()
            server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
