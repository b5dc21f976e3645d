"""A person's own editor, on top of the screens for a while."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import UsageError

FALLBACKS = ("sensible-editor", "editor", "nano", "vi")
_GOES_TO_LINE = frozenset({"vi", "vim", "nvim", "nano", "emacs", "emacsclient", "micro", "joe", "kak", "ne", "mg"})
"""Editors that take `+LINE` before the file."""


def command(path: str, line: int | None, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return what opens a file in the person's editor, at a line if it can. Raises UsageError where there is none."""
    wanted = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        editor = shlex.split(wanted) or [next(name for name in FALLBACKS if shutil.which(name))]
    except (StopIteration, ValueError):
        raise UsageError("there is no editor: set EDITOR") from None
    goes = line and Path(editor[0]).name in _GOES_TO_LINE
    return [*editor, *([f"+{line}"] if goes else []), path]


def run(arguments: Sequence[str]) -> None:
    """Run an editor to its end, in this terminal. Raises UsageError where it cannot be started."""
    try:
        subprocess.run(list(arguments), check=False)
    except OSError as error:
        raise UsageError(f"{arguments[0]} cannot be started: {error.strerror}") from None
