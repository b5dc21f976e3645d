"""Whether two files hold the same, asked only where the answer makes a difference; each local file is read once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

from core.errors import StorageError
from core.storage import Entry
from core.storage.copying import hashed
from core.storage.directories import opened, told
from core.storage.local import LocalStorage
from core.storage.s3.bucket import Head
from core.storage.s3.objects import SHA256, Objects
from core.sync import Pair

Method = Literal["sha256", "md5"]
_MD5_DIGITS = 32


class Contents:
    """Compares what both sides of a pair hold. `go_on` is called while files are read; it may raise Cancelled."""

    def __init__(self, local: LocalStorage, bucket: Objects, go_on: Callable[[], None]) -> None:
        self._local = local
        self._bucket = bucket
        self._go_on = go_on
        self._digests: dict[tuple[bytes, Method], str] = {}
        self._heads: dict[bytes, Head | None] = {}

    def is_same(self, pair: Pair) -> bool:
        """Tell whether the local file and the object of a path have the same content; False where that is unsure."""
        local, remote = pair.local, pair.remote
        if local is None or remote is None or local.size != remote.size:
            return False
        return self._holds(local, remote)

    def is_touched_only(self, pair: Pair) -> bool:
        """Tell whether a local file still holds what both had."""
        base, local = pair.base, pair.local
        if base is None or local is None or base.size != local.size or not base.sha256:
            return False
        return self.digest(local, "sha256") == base.sha256.hex()

    def came_from(self, before: Pair, after: Pair) -> bool:
        """Tell whether a new local file holds what one that left held."""
        base, local = before.base, after.local
        if base is None or local is None or base.size != local.size:
            return False
        if base.sha256:
            return self.digest(local, "sha256") == base.sha256.hex()
        return before.remote is not None and self._holds(local, before.remote)

    def came_from_remote(self, before: Pair, after: Pair) -> bool:
        """Tell whether a new object holds what the local file of a path that left the bucket holds."""
        local, remote = before.local, after.remote
        return local is not None and remote is not None and local.size == remote.size and self._holds(local, remote)

    def _holds(self, local: Entry, remote: Entry) -> bool:
        noted = self._noted(remote)
        if noted:
            return self.digest(local, "sha256") == noted
        etag = remote.version
        if len(etag) == _MD5_DIGITS:  # of an object that went up in one piece; equal means equal, unequal nothing
            return self.digest(local, "md5") == etag
        return False

    def _noted(self, remote: Entry) -> str:
        if remote.path not in self._heads:
            self._heads[remote.path] = self._bucket.head(remote.path)
        head = self._heads[remote.path]
        return head.metadata.get(SHA256, "") if head and head.entry.fingerprint == remote.fingerprint else ""

    def digest(self, entry: Entry, method: Method) -> str:
        """Return a local file's digest in hexadecimal; empty if it cannot be read, or changes meanwhile."""
        key = entry.path, method
        if key not in self._digests:
            try:
                self._digests[key] = self._read(entry, method)
            except StorageError:
                self._digests[key] = ""
        return self._digests[key]

    def _read(self, entry: Entry, method: Method) -> str:
        with told(), opened(self._local.open_file(entry.path, os.O_RDONLY)) as descriptor:
            digest = hashed(descriptor, method, lambda count: self._go_on())
        return digest.hex() if self._local.fingerprint(entry.path) == entry.fingerprint else ""
