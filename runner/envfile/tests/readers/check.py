#!/usr/bin/env python3
"""check.py FILE EXPECTED.json: does python-dotenv read FILE as the object in EXPECTED.json?

Exit code 0 if it does, 1 if not (with the names that differ). Uses an importable python-dotenv, or
makes a virtual environment in a temporary folder with the pinned version from PyPI.
"""

import os
import subprocess
import sys
import tempfile
import venv

import readers


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        import dotenv  # noqa: F401
    except ImportError:
        if os.environ.get("ENVFILE_CHECK_VENV"):
            raise
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            python = os.path.join(folder, "bin", "python")
            pip = [python, "-m", "pip", "install", "--quiet", readers.PYTHON_DOTENV]
            subprocess.run(pip, check=True)
            again = subprocess.run(
                [python] + sys.argv, env=os.environ | {"ENVFILE_CHECK_VENV": "1"}
            )
        sys.exit(again.returncode)
    sys.exit(readers.compare(readers.python_dotenv(sys.argv[1]), sys.argv[2]))


if __name__ == "__main__":
    main()
