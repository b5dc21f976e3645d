from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.facts.confinement import landlock_version

PROGRAM = """
import os, socket, subprocess, sys
from core.facts.confinement import confine
confine(int(sys.argv[1]))
precious, folder = sys.argv[2], os.path.dirname(sys.argv[2])
attempts = {
    "read": lambda: open(precious).read(),
    "write": lambda: open(precious, "a"),
    "delete": lambda: os.unlink(precious),
    "rename": lambda: os.rename(precious, precious + ".gone"),
    "make": lambda: os.mkdir(folder + "/new"),
    "link": lambda: os.symlink(precious, folder + "/link"),
    "run": lambda: subprocess.run(["/bin/true"]),
}
for name, attempt in attempts.items():
    try:
        attempt()
        print(name, "yes")
    except PermissionError:
        print(name, "no")
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_a_decoder_that_was_taken_over_can_only_read(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    done = run(str(os.getpid()), str(precious))
    allowed = dict(line.split() for line in done.stdout.splitlines())
    forbidden = ("write", "delete", "rename", "make", "link", "run")
    assert allowed == {"read": "yes"} | dict.fromkeys(forbidden, "no"), done.stderr
    assert precious.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [precious]


def test_it_ends_at_once_when_its_parent_is_another(tmp_path: Path) -> None:
    done = run("1" if os.getpid() != 1 else "2", str(tmp_path / "precious"))
    assert (done.returncode, done.stdout) == (0, "")
