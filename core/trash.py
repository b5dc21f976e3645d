"""Where trashed files lie: `.shelver-trash/<operation>/`, on the file system that the file was on.

Trashing is a move, so that it costs nothing and loses nothing. Each planner that trashes asks `place` for
the destinations of its steps.
"""

from __future__ import annotations

import os

TRASH = b".shelver-trash"
"""The trash's folder, at the top of each mount within a folder. It is never organized, watched or synced."""


def place(root: bytes, path: bytes, operation: str) -> bytes:
    """Return where a file goes when it is trashed: below the topmost folder on its file system, within the root.

    Both paths are relative to the root, the path's own folders are kept below the trash. The place may be
    taken when one operation trashes two files that had the same name one after the other.
    """
    top = _top_of_mount(root, path)
    within = path[len(top) + 1 :] if top else path
    return b"/".join(part for part in (top, TRASH, os.fsencode(operation), within) if part)


def is_trash(path: bytes) -> bool:
    """Tell whether a path is the trash or lies in it."""
    return TRASH in path.split(b"/")


def _top_of_mount(root: bytes, path: bytes) -> bytes:
    folder = os.path.dirname(path)
    device = _device(root, folder)
    while folder and _device(root, os.path.dirname(folder)) == device:
        folder = os.path.dirname(folder)
    return folder


def _device(root: bytes, folder: bytes) -> int | None:
    try:
        return os.lstat(os.path.join(root, folder)).st_dev
    except OSError:
        return None
