#!/usr/bin/python3
"""check_compose.py FILE EXPECTED.json: does docker-compose 1.29 read FILE as the object in EXPECTED.json?

FILE is a service's `env_file`, read by `docker-compose config`, which needs no engine. Exit code 0
if it does, 1 if not (with the names that differ), 2 if there is no docker-compose. Needs PyYAML,
which Debian's docker-compose brings along for /usr/bin/python3.
"""

import shutil
import sys

import readers

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if shutil.which("docker-compose") is None:
        print("docker-compose is not installed", file=sys.stderr)
        sys.exit(2)
    sys.exit(readers.compare(readers.docker_compose(sys.argv[1]), sys.argv[2]))
