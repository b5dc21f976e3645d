"""Conflicts of a folder as the command lists them, and which of them a person means."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Sequence

from core.errors import UsageError
from core.model import ConflictView, VersionView
from core.names import shown
from tui import words
from tui.commands.desk import Desk
from tui.commands.output import Output
from tui.commands.records import exactly, when


def print_conflicts(out: Output, conflicts: Sequence[ConflictView]) -> None:
    """Print conflicts, each with both versions: name, mine, theirs, the copy that was put aside."""
    out.records(conflicts)
    out.rows([[(each.path, "strong"), *_versions(out, each), (each.copy, "dim")] for each in conflicts])


def _versions(out: Output, conflict: ConflictView) -> list[str]:
    sides = (("mine", conflict.mine), ("theirs", conflict.theirs))
    return [f"{name} {_version(out, version)}" for name, version in sides]


def _version(out: Output, version: VersionView | None) -> str:
    if version is None:
        return "is gone"
    if out.terminal:
        return f"{words.size(version.size)}, {when(version.modified)}"
    return f"{version.size} bytes, {exactly(version.modified)}"


def tell_conflicts(desk: Desk, out: Output, folder: str) -> None:
    """Say on a terminal that conflicts wait, and how they are settled."""
    waiting = len(desk.conflicts(folder)) if out.terminal and not out.json else 0
    if waiting:
        out.note(f"{words.conflicts(waiting)} to settle: shelver sync {shown(folder)} --conflicts")


def copies_meant(desk: Desk, folder: str, paths: Sequence[str]) -> list[bytes]:
    """Return the conflict copies that are meant, relative to the folder: by their own name or the file's.

    `paths`: relative to the folder or absolute, files or folders; without any, all. Raises UsageError.
    """
    conflicts = desk.conflicts(folder)
    if not conflicts:
        raise UsageError("there is no conflict to settle")
    if not paths:
        return [_exact(each.copy, each.copy_b64) for each in conflicts]
    root = next((os.fsencode(each.path) for each in desk.folders() if each.name == folder), b"")
    meant: list[bytes] = []
    for text in paths:
        path = _relative(os.fsencode(text), root)
        found = [copy for each in conflicts if path in _names(copy := _exact(each.copy, each.copy_b64), each)]
        if not found:
            raise UsageError(f"{shown(text)} is in no conflict; `shelver sync {shown(folder)} --conflicts` lists them")
        meant += found
    return list(dict.fromkeys(meant))


def _names(copy: bytes, conflict: ConflictView) -> set[bytes]:
    """Return every path by which a conflict may be named: its copy, its file, and the folders that these lie in."""
    names = {copy, _exact(conflict.path, conflict.path_b64)}
    folder = os.path.dirname(copy)
    while folder:
        names.add(folder)
        folder = os.path.dirname(folder)
    return names


def _relative(path: bytes, root: bytes) -> bytes:
    if os.path.isabs(path):
        return os.path.relpath(path, root) if root else path
    return os.path.normpath(path)


def _exact(text: str, encoded: str | None) -> bytes:
    return text.encode() if encoded is None else b64decode(encoded)
