#!/usr/bin/env python3
"""check_table.py WRITE_ENV READER: does READER still read what the program WRITE_ENV (the example `write_env`) writes
as `table.json` says?

READER is `python-dotenv`, `docker-compose`, `compose-go` or `docker`. Every value of the table is written and read for
real, alone in a file and all in one. Exit code 0 if all is as in the table, 1 if not (with what differs). Run by
`check_tables`, which gets the readers.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile

import readers

HERE = os.path.dirname(os.path.abspath(__file__))

# Each reader: the format that it reads, how it reads many files, and how it says its version.
READERS = {
    "python-dotenv": (
        "compose",
        lambda paths: [readers.python_dotenv(path) for path in paths],
        lambda: importlib.metadata.version("python-dotenv"),
    ),
    "docker-compose": (
        "compose",
        readers.docker_compose_all,
        lambda: subprocess.run(
            ["docker-compose", "version"], capture_output=True, text=True, check=True
        ).stdout.splitlines()[0],
    ),
    "compose-go": (
        "compose",
        lambda paths: [readers.go("compose", path) for path in paths],
        None,
    ),
    "docker": (
        "docker",
        lambda paths: [readers.go("docker", path) for path in paths],
        None,
    ),
}


def written(program, form, entries):
    """What the program writes, or none where the format can't hold it."""
    done = subprocess.run(
        [program, form], input=json.dumps(entries).encode(), capture_output=True
    )
    return done.stdout if done.returncode == 0 else None


def as_in_table(reader, form, table):
    """What the reader read when the table was made: of each value alone, and of all in one file."""
    alone = []
    for row in table["rows"]:
        same = row[form].get(reader) == "same"
        alone.append(row["value"] if same else row[form].get("reads", {}).get(reader))
    others = table["in one file"]["unlike alone"].get(reader, {})
    whole = {f"V{index}": others.get(f"V{index}", value) for index, value in enumerate(alone)}
    return alone, whole


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in READERS:
        sys.exit(__doc__)
    program, reader = os.path.abspath(sys.argv[1]), sys.argv[2]
    form, read_all, version = READERS[reader]
    with open(os.path.join(HERE, "table.json"), encoding="utf-8") as file:
        table = json.load(file)
    differences = []

    def compare(what, expected, found):
        if expected != found:
            differences.append(f"{what}: the table has {expected!r}, found {found!r}")

    if version is not None:
        compare("version", table["versions"][reader], version())
    values = [row["value"] for row in table["rows"]]
    alone, whole = as_in_table(reader, form, table)
    with tempfile.TemporaryDirectory() as folder:
        paths, expected = [], []

        def put(text):
            path = os.path.join(folder, f"{len(paths)}.env")
            with open(path, "wb") as file:
                file.write(text)
            paths.append(path)

        for row, reads in zip(table["rows"], alone):
            text = written(program, form, [{"name": "V", "value": row["value"]}])
            compare(f"{row['value']!r} is written", row[form]["text"], text and text.decode())
            if text is not None:
                put(text)
                expected.append((repr(row["value"]), {"V": reads}))
        if form == "compose":
            entries = [{"name": f"V{index}", "value": value} for index, value in enumerate(values)]
            text = written(program, form, entries)
            compare("all in one are written", table["in one file"]["text"], text.decode())
            put(text)
            expected.append(("all in one", whole))
        for (what, reads), found in zip(expected, read_all(paths), strict=True):
            compare(what, reads, found)
    for difference in differences:
        print(difference)
    print(f"{reader}: {len(expected)} files read, {len(differences)} unlike the table")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
