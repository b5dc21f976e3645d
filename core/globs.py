"""Globs over names and paths in NFC, ignoring case.

In a name `*`, `?`, `[abc]` and `[!abc]` stand for what they do in a shell. In a path `*` stays within a component,
`**` spans any number of them, and a pattern that fits a directory fits all that lies beneath it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import translate

_ANY_DEPTH = "**"


def checked_glob(pattern: str) -> str:
    """Return the pattern in NFC. Raises ValueError where it can never be meant so."""
    if not pattern:
        raise ValueError("an empty pattern fits nothing")
    if "\0" in pattern:
        raise ValueError("a pattern holds no NUL")
    opened = pattern.find("[")
    while opened >= 0:
        body = opened + 2 if pattern[opened + 1 : opened + 2] == "!" else opened + 1
        closed = pattern.find("]", body + 1)
        if closed < 0:
            raise ValueError(f"in {pattern!r} a [ is never closed; write [[] for the bracket itself")
        opened = pattern.find("[", closed)
    return unicodedata.normalize("NFC", pattern)


def name_glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob over one name. Raises ValueError."""
    return re.compile(translate(checked_glob(pattern)), re.IGNORECASE)


class PathGlob:
    """A glob over a path beneath a folder. Raises ValueError."""

    def __init__(self, pattern: str) -> None:
        parts = checked_glob(pattern).removesuffix("/").split("/")
        if not all(parts) or ".." in parts:
            raise ValueError(f"{pattern!r} must be a path beneath the folder, without a / before it and without ..")
        self._parts = tuple(None if part == _ANY_DEPTH else name_glob(part) for part in parts)

    def fits(self, path: str) -> bool:
        """Tell whether a path (NFC), or a directory above it, fits."""
        reached = {0}
        for component in path.split("/"):
            reached = self._step(reached, component)
            if not reached:
                return False
            if len(self._parts) in reached:
                return True
        return False

    def _step(self, reached: set[int], component: str) -> set[int]:
        following: set[int] = set()
        for index in self._through_any_depth(reached):
            part = self._parts[index] if index < len(self._parts) else None
            if part is None:
                following.add(index)
                if index == len(self._parts) - 1:
                    following.add(index + 1)
            elif part.match(component):
                following.add(index + 1)
        return following

    def _through_any_depth(self, reached: set[int]) -> set[int]:
        """A `**` may also stand for nothing."""
        wider = set(reached)
        for index in reached:
            while index < len(self._parts) - 1 and self._parts[index] is None:
                index += 1  # noqa: PLW2901
                wider.add(index)
        return wider


def ignore_glob(pattern: str) -> PathGlob:
    """Compile a glob of `ignore`: one without a slash fits at any depth. Raises ValueError."""
    checked_glob(pattern)
    return PathGlob(pattern if "/" in pattern.removesuffix("/") else f"**/{pattern}")


def fits_any(globs: Sequence[PathGlob], path: str) -> bool:
    """Tell whether a path (NFC) fits one of the globs."""
    return any(glob.fits(path) for glob in globs)
