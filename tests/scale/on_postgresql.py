"""Run a command with DATABASE_URL naming an empty database of a real PostgreSQL that lives as long as the command.

python -m tests.scale.on_postgresql .venv/bin/pytest tests/sessions_app/domain
"""

import os
import subprocess
import sys

from tests.scale.stores import find_postgres, postgresql


def main(command: list[str]) -> int:
    if find_postgres() is None:
        sys.stderr.write("watchfloor: skipped, PostgreSQL is not installed (apt-get install postgresql)\n")
        return 0
    with postgresql() as server:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": f"{server}/postgres"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
