#!/usr/bin/env python3
"""check_go.py compose|docker FILE EXPECTED.json: does compose-go, or the docker CLI, read FILE as the
object in EXPECTED.json?

Exit code 0 if it does, 1 if not (with the names that differ). Builds compose_go/ with Go, unless the
variable ENVREADERS names the built program.
"""

import sys

import readers

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("compose", "docker"):
        sys.exit(__doc__)
    sys.exit(readers.compare(readers.go(sys.argv[1], sys.argv[2]), sys.argv[3]))
