#!/usr/bin/env python3
"""check_random.py WRITE_ENV READERS: values drawn at random, written by the program WRITE_ENV (the example `write_env`)
and read by each of READERS (joined by commas).

Each must be read as it is, but for the differences that README.md states, which are allowed for exactly those values that
it names; and whatever a reader makes of one value, the next one in the file is read as it is. What is drawn follows from a
seed, which is printed; CAPSTEP_TESTS_SEED gives the same again, and CAPSTEP_TESTS_ALL=1 draws ten times as many.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile

import readers

COUNT = 2000 if os.environ.get("CAPSTEP_TESTS_ALL") == "1" else 200

# What values are put together from: whatever a reader or a shell gives a meaning to, and what it doesn't.
PIECES = (
    "' \" \\ \\\\ $ $$ $HOME ${HOME} ${UNSET} ${X:-y} $( ) ` # = ! ~ * ; & | < > ( ) { } [ ] % \\n \\' \\\" \\$".split()
    + [" ", " #", "\n", "\t", "\r", "\r\n", "é", "💾", "\u0085", "\u00a0", "\u2028", "\x01", "\x7f"]
    + ["word", "two words", "export A=1", "0", "null", "-n"]
)

INTERPOLATED = re.compile(r"\$\{[^}:]*(:-[^}]*)?\}")


def in_double_quotes(value):
    """Values that single quotes can't hold for all readers."""
    return "'" in value or value.endswith("\\")


def by_bash(value):
    return "`" in value and in_double_quotes(value)


def by_python(value):
    return (
        "\r" in value
        or INTERPOLATED.search(value) is not None
        or ("$" in value and in_double_quotes(value))
        or ("`" in value and in_double_quotes(value))
        or ("\\\\" in value and ("$" in value or "`" in value))
    )


# Each reader: the format that it reads, how it reads files, and the values that it may read otherwise.
READERS = {
    "bash": ("compose", lambda paths: [readers.bash(path) for path in paths], by_bash),
    "python-dotenv": ("compose", lambda paths: [readers.python_dotenv(path) for path in paths], by_python),
    "docker-compose": (
        "compose",
        readers.docker_compose_all,
        lambda value: by_python(value) or "\u0085" in value,
    ),
    "compose-go": (
        "compose",
        lambda paths: [readers.go("compose", path) for path in paths],
        lambda value: False,
    ),
    "docker": (
        "docker",
        lambda paths: [readers.go("docker", path) for path in paths],
        lambda value: False,
    ),
}


def written(program, form, value):
    """The file with the value and one behind it; none where the format can't hold it."""
    entries = [{"name": "VALUE", "value": value}, {"name": "AFTER", "value": "it"}]
    done = subprocess.run([program, form], input=json.dumps(entries).encode(), capture_output=True)
    return done.stdout if done.returncode == 0 else None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, names = os.path.abspath(sys.argv[1]), sys.argv[2].split(",")
    seed = int(os.environ.get("CAPSTEP_TESTS_SEED") or random.randrange(2**32))
    draw = random.Random(seed)
    values = ["".join(draw.choices(PIECES, k=draw.randint(1, 6))) for _ in range(COUNT)]
    wrong = 0
    for name in names:
        form, read, may_differ = READERS[name]
        with tempfile.TemporaryDirectory() as folder:
            paths, kept = [], []
            for value in values:
                text = written(program, form, value)
                if text is None:
                    if form == "compose":
                        print(f"{name}: {value!r} is not written")
                        wrong += 1
                    continue
                path = os.path.join(folder, f"{len(paths)}.env")
                with open(path, "wb") as file:
                    file.write(text)
                paths.append(path)
                kept.append(value)
            differ = 0
            for value, found in zip(kept, read(paths), strict=True):
                if found.get("AFTER") != "it":
                    print(f"{name}: what stands behind {value!r} is read as {found!r}")
                    wrong += 1
                elif found.get("VALUE") == value:
                    continue
                elif may_differ(value):
                    differ += 1
                else:
                    print(f"{name}: {value!r} is read as {found.get('VALUE')!r}")
                    wrong += 1
            print(f"{name}: {len(kept)} values at random, {differ} read otherwise as stated")
    if wrong:
        print(f"{wrong} unlike what is stated; the same again with CAPSTEP_TESTS_SEED={seed}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
