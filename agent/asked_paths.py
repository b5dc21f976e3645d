"""The paths that people ask about: absolute, and in a folder of the config."""

from __future__ import annotations

import os

from core.config import Config, Folder
from core.errors import UsageError
from core.names import shown
from core.storage.remotes import is_bucket


def path_in(text: str | None, encoded: bytes | None) -> bytes:
    """Return a path that came as text, or exactly. Raises UsageError for what is no absolute path."""
    path = encoded if encoded is not None else os.fsencode(text or "") if is_text(text or "") else b""
    if not path.startswith(b"/") or b"\0" in path:
        raise UsageError(f"{shown(path) or 'nothing'} is no absolute path", field="path")
    return os.path.abspath(path)


def is_text(text: str) -> bool:
    """Tell whether a text holds whole characters: half of one names no file."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def asked_path(config: Config, text: str | None, encoded: bytes | None) -> tuple[Folder, bytes]:
    """Return the folder of the config that a path lies in, and the path relative to it.

    Raises UsageError for what lies in none, or in a bucket.
    """
    folder, path = asked_anywhere(config, text, encoded)
    if not folder.is_local:
        raise UsageError(f"{shown(folder.absolute(path))} does not lie on this machine", field="path")
    return folder, path


def asked_anywhere(config: Config, text: str | None, encoded: bytes | None) -> tuple[Folder, bytes]:
    """Return the same of an object in a bucket, too, by its `s3://` URI. Raises UsageError for what lies in none."""
    given = encoded if encoded is not None else (text or "").encode("utf-8", "replace")
    path = given if is_bucket(given) else path_in(text, encoded)
    folder = config.owner(path)
    if folder is None:
        raise UsageError(f"{shown(path)} lies in no folder that Shelver looks after", field="path")
    return folder, path[len(folder.path.rstrip(b"/")) + 1 :]
