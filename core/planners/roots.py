"""The places that an organize plan may touch, and their storages."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import cast

from core.config import Config, Folder
from core.names import is_beneath
from core.planners.distant import project_mark_of
from core.planners.naming import Place
from core.planners.scope import project_mark
from core.storage import open_storage
from core.storage.local import LocalStorage
from core.storage.s3.listing import Listing


class Roots:
    """The roots of a plan: the folder first, then each that a destination needed.

    Of nested folders the innermost owns a file. A destination of `[agent]` that lies within a folder adds no root:
    one directory must not have two names in a plan.
    """

    def __init__(self, folder: Folder, config: Config, open_roots: ExitStack, listing: Listing | None = None) -> None:
        """`listing`: of a folder that is a bucket: its files go nowhere else."""
        self.paths = [folder.path]
        self._listing = listing
        folders = {folder.path, *(each.path for each in config.folders if each.is_local and folder.is_local)}
        self._allowed = sorted(folders, key=len)
        for destination in sorted(config.agent.destinations if folder.is_local else (), key=len):
            if not any(is_beneath(destination, root) for root in self._allowed):
                self._allowed.append(destination)
        self._open_roots = open_roots
        self._storages: dict[int, LocalStorage] = {}
        self._places: dict[bytes, Place | None] = {}

    def storage(self, number: int) -> LocalStorage:
        """Return the storage of a root; of a bucket its listing, which answers the same questions."""
        if self._listing is not None:
            return cast("LocalStorage", self._listing)
        if number not in self._storages:
            self._storages[number] = self._open_roots.enter_context(closing(open_storage(self.paths[number])))
        return self._storages[number]

    @property
    def project_mark(self) -> Callable[[bytes], str]:
        """What says of an absolute directory what makes it a project's, or nothing."""
        return project_mark if self._listing is None else project_mark_of(self._listing)

    def locate(self, directory: bytes) -> Place | None:
        """Return the root that owns an absolute directory, and the path there; None for what is nobody's or away."""
        if directory not in self._places:
            self._places[directory] = self._locate(directory)
        return self._places[directory]

    def _locate(self, directory: bytes) -> Place | None:
        owner = max((root for root in self._allowed if is_beneath(directory, root)), key=len, default=None)
        if owner is None or not (self._listing is not None or os.path.isdir(owner)):
            return None
        if owner not in self.paths:
            self.paths.append(owner)
        return self.paths.index(owner), directory[len(owner.rstrip(b"/")) + 1 :]
