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
        self._by_size: dict[int, list[tuple[int, Entry]]] = defaultdict(list)
        self._digests: dict[tuple[int, bytes], bytes] = {}

    def add(self, root: int, file: Entry) -> None:
        """Take in a file."""
        self._by_size[file.size].append((root, file))

    def has(self, root: int, file: Entry) -> bool:
        """Tell whether another file holds the same bytes. What cannot be read is like nothing."""
        others = [(r, other) for r, other in self._by_size.get(file.size, ()) if (r, other.path) != (root, file.path)]
        try:
            return any(
                self._digest(r, other) == self._digest(root, file) and self._are_equal((r, other), (root, file))
                for r, other in others
            )
        except (OSError, StorageError):
            return False

    def _digest(self, root: int, file: Entry) -> bytes:
        if (root, file.path) not in self._digests:
            descriptor = self._open(root, file)
            try:
                self._digests[root, file.path] = digest_of(descriptor)
            finally:
                os.close(descriptor)
        return self._digests[root, file.path]

    def _are_equal(self, one: tuple[int, Entry], other: tuple[int, Entry]) -> bool:
        first, second = self._open(*one), -1
        try:
            second = self._open(*other)
            position = 0
            while True:
                left, right = os.pread(first, CHUNK, position), os.pread(second, CHUNK, position)
                if left != right:
                    return False
                if not left:
                    return True
                position += len(left)
        finally:
            os.close(first)
            if second >= 0:
                os.close(second)

    def _open(self, root: int, file: Entry) -> int:
        return self._storage(root).open_file(file.path, os.O_RDONLY)
