"""Looks at single files of some places as they are now, and reads them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from core.duplicates import Place
from core.duplicates.contents import Arrival
from core.duplicates.files import asked
from core.duplicates.reader import DIGEST, FIRST, MISSING, Reader
from core.duplicates.reads import note_troubles
from core.errors import StorageError
from core.globs import fits_any, ignore_glob
from core.names import is_beneath, normalized
from core.planners.paths import name_of
from core.planners.scope import is_unfinished
from core.storage import Entry
from core.storage.local import LocalStorage

_AT_ONCE = 256


class Eyes:
    """A context manager. `tell` hears of files read, done and in all, and may raise to stop."""

    def __init__(self, places: Sequence[Place], left_out: Counter[str], tell: Callable[[int, int], None]) -> None:
        self._ignored = {place.root: [ignore_glob(pattern) for pattern in place.ignore] for place in places}
        self._nested = {
            root: [each for each in self._ignored if each != root and is_beneath(each, root)] for root in self._ignored
        }
        self._left_out = left_out
        self._tell = tell
        self._storages: dict[bytes, LocalStorage] = {}
        self._stack = ExitStack()
        self._reader = self._stack.enter_context(closing(Reader(())))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def minds(self, root: bytes, path: bytes) -> bool:
        """Tell whether a path is one that a search of the places would look at, as far as names tell."""
        name = name_of(path)
        if name.startswith(b".") or is_unfinished(name) or root not in self._ignored:
            return False
        if any(is_beneath(b"%s/%s" % (root.rstrip(b"/"), path), nested) for nested in self._nested[root]):
            return False
        return not (self._ignored[root] and fits_any(self._ignored[root], normalized(path)))

    def look(self, root: bytes, path: bytes) -> Entry | None:
        """Return the file at a path, if one can be seen there."""
        if root not in self._storages:
            self._storages[root] = self._stack.enter_context(LocalStorage(root))
        try:
            return self._storages[root].entry(path)
        except StorageError:
            return None

    def read(self, files: Sequence[Arrival], kind: bytes) -> list[Arrival]:
        """Return files with their first or whole digests; without those that cannot be read, or change meanwhile."""
        by_root: dict[bytes, list[Arrival]] = defaultdict(list)
        for file in files:
            by_root[file.root].append(file)
        found: list[Arrival] = []
        for root, some in by_root.items():
            for start in range(0, len(some), _AT_ONCE):
                self._tell(start, len(some))
                found += self._read(root, some[start : start + _AT_ONCE], kind)
        return found

    def _read(self, root: bytes, files: list[Arrival], kind: bytes) -> list[Arrival]:
        # By whole paths: what is opened is told by its inode and times, so that no link on the way leads astray.
        paths = b"\0".join([file.entry.path for file in files])
        request = [kind, root, b"", paths, asked(file.entry for file in files)]
        digests, troubles = self._reader.answer(request, lambda count: self._tell(0, 0))
        note_troubles(troubles, self._left_out)
        found = []
        for number, file in enumerate(files):
            digest = digests[number * DIGEST : (number + 1) * DIGEST]
            if digest != MISSING:
                head, whole = (digest, file.whole) if kind == FIRST else (file.head, digest)
                found.append(Arrival(root, file.entry, head, whole))
        return found
