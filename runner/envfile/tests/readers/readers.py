"""Reads environment files with other programs, each as its users run it.

Every function takes a file's path and gives a dict from names to values.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

PYTHON_DOTENV = "python-dotenv==1.2.2"

# Two readers interpolate `${HOME}` whatever is done; with this the table doesn't depend on who ran it.
HOME = "/home/user"


def bash(path, shell="bash"):
    """`set -a; . FILE`, then the environment as the kernel has it (so byte for byte)."""
    names = assigned_names(path)
    script = 'set -a; . "$0"; exec "$@"'
    dump = (
        "import json,os,sys;"
        "env={os.fsdecode(k):os.fsdecode(v) for k,v in os.environb.items()};"
        "json.dump({n:env[n] for n in sys.argv[1:] if n in env},sys.stdout)"
    )
    environment = {"PATH": os.defpath, "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
    command = [shell, "-c", script, os.path.abspath(path), sys.executable, "-c", dump]
    done = subprocess.run(
        command + names, env=environment, capture_output=True, check=True
    )
    if done.stderr:
        raise RuntimeError(f"{shell}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def assigned_names(path):
    """Candidates for names: too many do no harm, since only those that are set are shown."""
    with open(path, encoding="utf-8", newline="") as file:
        return sorted(set(re.findall(r"^([A-Za-z_][A-Za-z0-9_]*)=", file.read(), re.M)))


def python_dotenv(path):
    import dotenv

    os.environ["HOME"] = HOME
    return dict(dotenv.dotenv_values(path, encoding="utf-8"))


def docker_compose(path):
    """docker-compose 1.29: an `env_file` of a service, as `config` shows it."""
    return docker_compose_all([path])[0]


def docker_compose_all(paths):
    """The same for many files at once, each the `env_file` of a service of its own: starting the program costs more
    than all of them."""
    import yaml

    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, "docker-compose.yml")
        with open(project, "w", encoding="utf-8") as file:
            services = {
                f"s{index}": {"image": "x", "env_file": [os.path.abspath(path)]}
                for index, path in enumerate(paths)
            }
            json.dump({"version": "2.4", "services": services}, file)
        done = subprocess.run(
            ["docker-compose", "-f", project, "config"],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": HOME},
            capture_output=True,
            check=True,
            cwd=folder,
        )
    services = yaml.safe_load(done.stdout)["services"]
    # `config` doubles every dollar so that its output can be read as a compose file again.
    return [
        {
            name: str(value).replace("$$", "$")
            for name, value in services[f"s{index}"].get("environment", {}).items()
        }
        for index in range(len(paths))
    ]


def go(mode, path):
    """compose-go (`compose`) or the docker CLI (`docker`), by the program in compose_go/."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.environ.get("ENVREADERS")
        if not program:
            program = os.path.join(folder, "envreaders")
            source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compose_go")
            subprocess.run(["go", "build", "-o", program, "."], cwd=source, check=True)
        done = subprocess.run([program, mode, path], capture_output=True, check=True)
    return json.loads(done.stdout)


def compare(read, expected_path):
    """The exit code: 0 if `read` is what the JSON file holds; else names what differs and gives 1."""
    with open(expected_path, encoding="utf-8") as file:
        expected = json.load(file)
    names = [n for n in expected | read if expected.get(n) != read.get(n)]
    for name in names:
        print(f"{name}: expected {expected.get(name)!r}, read {read.get(name)!r}")
    return 1 if names else 0
