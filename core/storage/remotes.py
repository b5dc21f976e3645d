"""Which endpoint a bucket lies at, and what that was found to honour: opens the storage of any root."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock

import msgspec

from core.config.models import Config, Folder, Remote
from core.errors import StorageError, UsageError
from core.model import now
from core.names import is_beneath, shown
from core.state import write_durably
from core.storage import Entry, open_storage
from core.storage.local import LocalStorage
from core.storage.s3.bucket import Bucket
from core.storage.s3.capabilities import OLD_AFTER_DAYS, PROBE_VERSION, Capabilities, probe
from core.storage.s3.endpoint import Endpoint
from core.storage.s3.keys import SCHEME, split_uri
from core.storage.s3.listing import fetched
from core.storage.s3.objects import Objects

AnyStorage = LocalStorage | Objects


def is_bucket(root: bytes) -> bool:
    """Tell whether a root is a bucket's prefix."""
    return root.startswith(SCHEME)


class Remotes:
    """The endpoints of a config, each opened once; safe to share among threads.

    `directory`: where is kept what each bucket's endpoint was found to honour; it may be deleted at any time.
    """

    def __init__(self, config: Config, directory: Path) -> None:
        self._config = config
        self._directory = directory
        self._endpoints: dict[str, Endpoint] = {}
        self._buckets: dict[bytes, Bucket] = {}
        self._opening = Lock()

    def close(self) -> None:
        """Let go of every connection."""
        for bucket in self._buckets.values():
            bucket.close()
        self._buckets.clear()
        for endpoint in self._endpoints.values():
            endpoint.close()
        self._endpoints.clear()

    def open(self, root: bytes) -> AnyStorage:
        """Return the storage of a root. A bucket that was not looked at lately is tried out first.

        Raises UsageError, RemoteRefused, RemoteUnreachable.
        """
        if not is_bucket(root):
            return open_storage(root)
        return Objects(root, self.endpoint(root), self.capabilities(root))

    def endpoint(self, root: bytes) -> Endpoint:
        """Return the endpoint that a bucket lies at."""
        remote = self.remote(root)
        with self._opening:
            if remote.name not in self._endpoints:
                self._endpoints[remote.name] = Endpoint(remote)
            return self._endpoints[remote.name]

    def remote(self, root: bytes) -> Remote:
        """Return the `[[remote]]` of a bucket: the one that its folder names, else the only one there is.

        With none in the config at all: Amazon's, with whatever credentials the environment has. Raises UsageError.
        """
        remotes = self._config.remotes
        folder = next((folder for folder in self._config.folders if _lies_in(root, folder)), None)
        if folder is not None and folder.remote:
            return next(remote for remote in remotes if remote.name == folder.remote)
        if len(remotes) > 1:
            raise UsageError(f"several remotes: the folder of {shown(root)} does not say which")
        return remotes[0] if remotes else Remote("")

    # -- looking into objects

    def fetched(self, root: bytes, entry: Entry) -> int:
        """Return a descriptor of a file in memory with an object's beginning and end. Raises OSError."""
        return fetched(self.bucket(root), entry)

    def mtimes(self, root: bytes, entries: Sequence[Entry]) -> list[int]:
        """Return when the files that objects were made from were changed, or else they were written. Raises OSError."""
        bucket = self.bucket(root)
        try:
            heads = bucket.each(bucket.head, [entry.path for entry in entries])
        except StorageError as error:
            raise OSError(str(error)) from error
        return [head.mtime_ns if head else entry.mtime_ns for head, entry in zip(heads, entries, strict=True)]

    def bucket(self, root: bytes) -> Bucket:
        """Return a bucket's prefix to look at: nothing is tried out, and nothing can be changed by it.

        Raises UsageError.
        """
        with self._opening:
            known = self._buckets.get(root)
        if known is None:
            known = Bucket(root, self.endpoint(root))
            with self._opening:
                known = self._buckets.setdefault(root, known)
        return known

    # -- what endpoints honour

    def known_capabilities(self, root: bytes) -> Capabilities | None:
        """Return what was found of a bucket's endpoint, however long ago, or None."""
        with suppress(OSError, msgspec.MsgspecError):
            found = msgspec.json.decode(self._file(root).read_bytes(), type=Capabilities)
            if found.version == PROBE_VERSION:
                return found
        return None

    def capabilities(self, root: bytes) -> Capabilities:
        """Return what a bucket's endpoint honours, tried out anew where that was long ago. Raises StorageError."""
        found = self.known_capabilities(root)
        if found is None or now() - found.probed > timedelta(days=OLD_AFTER_DAYS):
            found = self.try_out(root)
        return found

    def try_out(self, root: bytes, attempt: Callable[[Bucket], Capabilities] = probe) -> Capabilities:
        """Try a bucket's endpoint out now, and remember what it honours. Raises StorageError."""
        bucket = Bucket(root, self.endpoint(root))
        try:
            found = attempt(bucket)
        finally:
            bucket.close()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(self._file(root), msgspec.json.encode(found))
        return found

    def _file(self, root: bytes) -> Path:
        remote = self.remote(root)
        place = f"{remote.endpoint}\n{remote.profile}\n{split_uri(root)[0]}"
        return self._directory / f"{hashlib.blake2b(place.encode(), digest_size=8).hexdigest()}.json"


def _lies_in(root: bytes, folder: Folder) -> bool:
    uris = [folder.path if not folder.is_local else b"", folder.sync.encode()]
    return any(uri and is_beneath(root, uri) for uri in uris)
