"""Many files made durable in one wait for the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable

from core.errors import StorageError
from core.storage import linux
from core.storage.directories import Directories


def sync_at_once(directories: Directories, paths: Iterable[bytes]) -> bool:
    """Make the file systems durable that some paths lie on: their bytes and names, and those of all else there.

    False where one is not known to promise that, or does not manage it: what is not durable is found out one by one.
    """
    synced: set[int] = set()
    try:
        for folder in sorted({os.path.dirname(path) for path in paths}):
            device = os.fstat(directories.of(folder)).st_dev
            if device not in synced:
                if not _sync(directories.open_directory(folder)):
                    return False
                synced.add(device)
    except (OSError, StorageError):
        return False
    return True


def _sync(descriptor: int) -> bool:
    try:
        if not linux.syncs_at_once(descriptor):
            return False
        linux.sync_file_system(descriptor)
    finally:
        os.close(descriptor)
    return True
