#!/usr/bin/env python3
"""make_table.py WRITE_ENV > table.json: writes each value of values.json with the program WRITE_ENV
(the example `write_env`), alone in a file and all in one, and records what each reader reads.

Needs bash, dash, python-dotenv, PyYAML, docker-compose 1.29 and Go.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile

import readers

HERE = os.path.dirname(os.path.abspath(__file__))
READERS = {
    "compose": {
        "compose-go": lambda path: readers.go("compose", path),
        "bash": readers.bash,
        "python-dotenv": readers.python_dotenv,
        "docker-compose": readers.docker_compose,
    },
    "shell": {
        "bash": readers.bash,
        "dash": lambda path: readers.bash(path, "dash"),
    },
    "docker": {"docker": lambda path: readers.go("docker", path)},
}


def written(program, form, entries):
    done = subprocess.run(
        [program, form], input=json.dumps(entries).encode(), capture_output=True
    )
    return done.stdout.decode() if done.returncode == 0 else None


def read(form, text, folder):
    """What each reader of the format makes of the text: a dict, or the error's kind."""
    path = os.path.join(folder, "env")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    answers = {}
    for name, reader in READERS[form].items():
        try:
            answers[name] = reader(path)
        except (subprocess.CalledProcessError, RuntimeError) as error:
            answers[name] = type(error).__name__
    return answers


def row(program, value, folder):
    result = {"value": value}
    for form in READERS:
        text = written(program, form, [{"name": "V", "value": value}])
        result[form] = {"text": text}
        if text is None:
            continue
        reads = {}
        for reader, answer in read(form, text, folder).items():
            same = answer == {"V": value}
            result[form][reader] = "same" if same else "different"
            if not same:
                reads[reader] = answer.get("V") if isinstance(answer, dict) else answer
        if reads:
            result[form]["reads"] = reads
    return result


def in_one_file(program, values, rows, folder):
    """All values in one file, and the rows that a reader then reads unlike each alone."""
    names = [f"V{index}" for index in range(len(values))]
    entries = [{"name": n, "value": v} for n, v in zip(names, values)]
    text = written(program, "compose", entries)
    others = {}
    for reader, answer in read("compose", text, folder).items():
        assert isinstance(answer, dict) and set(answer) == set(names), (reader, answer)
        for index, name in enumerate(names):
            alone = rows[index]["compose"]
            expected = alone.get("reads", {}).get(reader, values[index])
            if answer[name] != expected:
                others.setdefault(reader, {})[name] = answer[name]
    return {"text": text, "unlike alone": others}


def version(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]


def main():
    program = os.path.abspath(sys.argv[1])
    with open(os.path.join(HERE, "values.json"), encoding="utf-8") as file:
        values = json.load(file)
    with open(os.path.join(HERE, "compose_go", "go.mod"), encoding="utf-8") as file:
        modules = dict(
            line.split()[:2] for line in file if line.strip().startswith("github.com/")
        )
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(program, value, folder) for value in values]
        whole = in_one_file(program, values, rows, folder)
    dash = version("dpkg-query", "-W", "-f", "${Version}\n", "dash")
    table = {
        "versions": {
            "compose-go": modules["github.com/compose-spec/compose-go/v2"],
            "docker": "docker/cli " + modules["github.com/docker/cli"],
            "bash": version("bash", "--version"),
            "dash": dash,
            "python-dotenv": importlib.metadata.version("python-dotenv"),
            "docker-compose": version("docker-compose", "version"),
        },
        "in one file": whole,
        "rows": rows,
    }
    json.dump(table, sys.stdout, indent=1, ensure_ascii=True)
    print()


if __name__ == "__main__":
    main()
