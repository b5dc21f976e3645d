"""How the rooms of the project hang together, apart from the walls that import-linter holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

IMPORT_EACH_FIRST = """
import importlib, os, sys, traceback
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit(f"cannot be imported first: {failed}" if failed else 0)
"""


@pytest.mark.heavy
@pytest.mark.parametrize("room", ["core", "agent", "tui"])
def test_every_module_can_be_the_first_that_is_imported(room: str) -> None:
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / room).rglob("*.py")]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__"]
    assert len(names) > 20
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH_FIRST, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
