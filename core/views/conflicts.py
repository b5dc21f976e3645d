"""Conflicts as the socket, the command and the screens tell of them."""

from __future__ import annotations

from datetime import UTC, datetime

from core.model import ConflictView, VersionView
from core.names import wire_path
from core.sync.conflicts import Conflict, Version


def view(conflict: Conflict) -> ConflictView:
    """Return a conflict for people and programs."""
    (path, path_b64), (copy, copy_b64) = wire_path(conflict.path), wire_path(conflict.copy)
    mine, theirs = _version(conflict.mine), _version(conflict.theirs)
    return ConflictView(path=path, copy=copy, mine=mine, theirs=theirs, path_b64=path_b64, copy_b64=copy_b64)


def _version(version: Version | None) -> VersionView | None:
    if version is None:
        return None
    return VersionView(version.size, datetime.fromtimestamp(version.mtime_ns / 1e9, UTC))
