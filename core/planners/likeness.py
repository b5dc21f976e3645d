"""Whether some files hold the same bytes as another: size, then xxh3, then byte for byte."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable

from core.errors import StorageError
from core.storage import Entry
from core.storage.copying import CHUNK, digest_of
from core.storage.local import LocalStorage


class Likeness:
    """Files that want one name, and the question whether one more is like any of them. Each is read once or twice."""

    def __init__(self, storages: Callable[[int], LocalStorage]) -> None:
        self._storage = storages
        self._unread: dict[int, list[tuple[int, Entry]]] = defaultdict(list)
        self._by_digest: dict[tuple[int, bytes], list[tuple[int, Entry]]] = defaultdict(list)
        self._digests: dict[tuple[int, bytes], bytes] = {}

    def add(self, root: int, file: Entry) -> None:
        """Take in a file."""
        self._unread[file.size].append((root, file))

    def has(self, root: int, file: Entry) -> bool:
        """Tell whether one of them holds the same bytes. What cannot be read is like nothing."""
        for other in self._unread.pop(file.size, ()):
            if (digest := self._digest(*other)) is not None:
                self._by_digest[file.size, digest].append(other)
        if not self._by_digest:
            return False
        digest = self._digest(root, file)
        if digest is None:
            return False
        alike = self._by_digest.get((file.size, digest), ())
        return any(self._are_equal(other, (root, file)) for other in alike)

    def _digest(self, root: int, file: Entry) -> bytes | None:
        if (root, file.path) not in self._digests:
            try:
                descriptor = self._open(root, file)
            except (OSError, StorageError):
                return None
            try:
                self._digests[root, file.path] = digest_of(descriptor)
            except OSError:
                return None
            finally:
                os.close(descriptor)
        return self._digests[root, file.path]

    def _are_equal(self, one: tuple[int, Entry], other: tuple[int, Entry]) -> bool:
        descriptors = []
        try:
            descriptors = [self._open(*one)]
            descriptors.append(self._open(*other))
            first, second = descriptors
            position = 0
            while True:
                left, right = os.pread(first, CHUNK, position), os.pread(second, CHUNK, position)
                if left != right:
                    return False
                if not left:
                    return True
                position += len(left)
        except (OSError, StorageError):
            return False
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _open(self, root: int, file: Entry) -> int:
        return self._storage(root).open_file(file.path, os.O_RDONLY)
