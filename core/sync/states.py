"""The states of all pairs, one file a folder, and what they tell people of one."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from core.config.models import Folder
from core.errors import UsageError
from core.model import Pending
from core.names import shown
from core.sync.conflicts import Conflict, conflicts_of
from core.sync.state import SyncState


class Standing(Struct, frozen=True):
    """How a pair is: what its last comparison or sync left to be carried, and how many conflicts nobody settled."""

    pending: Pending = Pending()
    conflicts: int = 0


def check_bucket(folder: Folder) -> None:
    """Raise UsageError for a folder that is kept in step with nothing."""
    if not folder.sync:
        what = f"folder {shown(folder.name)} is kept in step with nothing"
        raise UsageError(f'{what}: give it a `sync = "s3://bucket/prefix"`', field="folder")


class States:
    """`directory`: where the files lie. The bucket is asked for nothing here."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open(self, folder: Folder) -> SyncState:
        """Open what is known of a folder's pair; whoever asks closes it."""
        return SyncState(self._place(folder))

    def conflicts(self, folder: Folder) -> list[Conflict]:
        """Return the conflicts that nobody settled yet. Raises UsageError where there is no pair, StorageError."""
        check_bucket(folder)
        if not self._place(folder).exists():  # it was never compared, and looking makes nothing
            return []
        with closing(self.open(folder)) as state:
            return conflicts_of(folder, state)

    def standing(self, folder: Folder) -> Standing:
        """Return how a folder's pair is; of a folder that is away, as it was last seen. Raises StorageError."""
        if not self._place(folder).exists():
            return Standing()
        with closing(self.open(folder)) as state:
            is_here = os.path.isdir(folder.path)
            return Standing(state.pending, len(conflicts_of(folder, state) if is_here else state.conflicts()))

    def _place(self, folder: Folder) -> Path:
        return self._directory / f"{hashlib.blake2b(folder.path, digest_size=8).hexdigest()}.db"
