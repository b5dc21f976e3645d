"""The one door: `python -m tests.check` runs every check, cheapest first, and stops at none.

`python -m tests.check lint` (or format, types, walls, tests) runs one of them; what follows `tests` goes to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys

IN_CI = os.environ.get("CI") == "true"
COVERAGE = ["--cov", "--cov-report=term-missing:skip-covered"]
WORKERS = min((os.cpu_count() or 1) + 1, 4)
"""One more than there are cores: many tests wait, for a process to start or for a file to settle."""

CHECKS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "walls": ["importlinter.cli"],
    "tests": ["pytest", f"--numprocesses={WORKERS}", "--dist=worksteal", *(COVERAGE if IN_CI else [])],
}


def run(name: str, arguments: list[str]) -> bool:
    """Run one check, print what it is called and whether it passed."""
    print(f"── {name} " + "─" * (76 - len(name)), flush=True)
    command = CHECKS[name]
    if name == "walls":
        argv = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    else:
        argv = [sys.executable, "-m", *command, *arguments]
    return subprocess.run(argv, check=False).returncode == 0


def main(argv: list[str]) -> int:
    """Run the checks named, or all. Returns 0 when each passed."""
    if argv and argv[0] not in CHECKS:
        print(f"no such check: {argv[0]}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    names = argv[:1] or list(CHECKS)
    failed = [name for name in names if not run(name, argv[1:])]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
