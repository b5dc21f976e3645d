"""Goes through every directory of some places, with several readers, and looks up what is known of each."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from itertools import islice

import numpy as np

from core.duplicates import Place
from core.duplicates.contents import Arrival, Contents, Known, device_name, is_another_device
from core.duplicates.files import Files, Numbers, Part, row
from core.duplicates.reader import COLUMNS, DIGEST, FOUND, GONE, LOOK, LOOKED, MISSING, ROW, UNREADABLE
from core.duplicates.readers import Readers, Task
from core.globs import fits_any, ignore_glob
from core.names import normalized
from core.planners.paths import folder_of, name_of
from core.planners.scope import PROJECT_MARKS, why_never_entered

MARKS = frozenset(mark.decode() for mark in PROJECT_MARKS)
_MOST_AT_ONCE = 32
UNREADABLE_FOLDERS = "folders that cannot be read"


class Walk:
    """One walk over some places; `files` are what it found, `left_out` counts what it could not look into.

    A directory that is the root of another place is left to that; `roots`: those of all places. Never enters what
    organizing never enters.
    """

    def __init__(
        self, places: Sequence[Place], roots: Collection[bytes], contents: Contents, left_out: Counter[str]
    ) -> None:
        self.files = Files(places)
        self.gone: list[list[int]] = [[] for _ in places]
        """What the contents know of each place and is no longer there."""
        self.began = contents.clock()
        self._contents = contents
        self._left_out = left_out
        self._roots = frozenset(roots)
        self.ignored = [tuple(ignore_glob(pattern) for pattern in place.ignore) for place in places]
        self._known = [contents.parts(place.root) for place in places]
        self._arrivals = [_by_directory(contents.arrivals(place.root)) for place in places]
        self._waiting: deque[tuple[int, bytes]] = deque((number, b"") for number in range(len(places)))
        self._unreadable: list[tuple[int, bytes]] = []

    def run(self, readers: Readers, tell: Callable[[], None]) -> Files:
        """Walk, and return the files; `tell` is called often, and may raise to stop it."""
        readers.run(lambda: self._take(readers.share), tell)
        self.files.settle()
        self._find_gone()
        return self.files

    def _take(self, share: int) -> Task | None:
        """Return the next few directories of one place to look into."""
        if not self._waiting:
            return None
        place = self._waiting[0][0]
        most = min(_MOST_AT_ONCE, 1 + len(self._waiting) // share)
        batch: list[bytes] = []
        while len(batch) < most and self._waiting and self._waiting[0][0] == place:
            batch.append(self._waiting.popleft()[1])
        request = [LOOK, self.files.places[place].root, *batch]
        return Task(request, lambda answer: self._looked(place, batch, answer))

    def _looked(self, place: int, batch: list[bytes], answer: list[bytes]) -> None:
        parts = iter(answer)
        for directory in batch:
            outcome, device, count = LOOKED.unpack(next(parts))
            below = next(parts)
            if outcome == FOUND:
                self._descend(place, directory, below)
                listed = list(islice(parts, 2 * count))
                for number, (names, rows) in enumerate(zip(listed[::2], listed[1::2], strict=True)):
                    self._found(place, directory, number, device, names, rows)
            elif outcome == UNREADABLE or (outcome == GONE and not directory):
                self._left_out[UNREADABLE_FOLDERS] += 1
                self._unreadable.append((place, directory))

    def _descend(self, place: int, directory: bytes, below: bytes) -> None:
        root, ignored = self.files.places[place].root, self.ignored[place]
        prefix = directory + b"/" if directory else b""
        for name in below.split(b"\0") if below else ():
            path = prefix + name
            if why_never_entered(name) or b"%s/%s" % (root.rstrip(b"/"), path) in self._roots:
                continue
            if not (ignored and fits_any(ignored, normalized(path))):
                self._waiting.append((place, path))

    def _found(self, place: int, directory: bytes, number: int, device: int, names: bytes, rows: bytes) -> None:
        id = self._known[place].pop((directory, number), None)
        known = self._contents.part(id) if id is not None else None
        heads = wholes = b""
        is_stored = False
        if known is not None and not is_another_device(known.device, device_name(device)):
            is_stored = known.names == names and known.rows == rows and known.device == device_name(device)
            heads, wholes = (known.heads, known.wholes) if is_stored else _still_known(known, names, rows)
        if arrived := self._arrivals[place].get(directory):
            heads, wholes = _with_arrivals(arrived, names, rows, heads, wholes)
            is_stored = False
        start, count = len(self.files), len(rows) // ROW
        self.files.add(Part(place, directory, number, device, names, start, count, is_stored), rows, heads, wholes)

    def _find_gone(self) -> None:
        for place, directory in self._unreadable:  # what lies there is only out of sight
            prefix = directory + b"/" if directory else b""
            known = self._known[place]
            for key in [key for key in known if key[0] == directory or key[0].startswith(prefix)]:
                del known[key]
        self.gone = [list(known.values()) for known in self._known]


def _still_known(known: Known, names: bytes, rows: bytes) -> tuple[bytes, bytes]:
    """Return the digests of those files of a part that are as they were."""
    if not known.heads:
        return b"", b""
    before = np.frombuffer(known.rows, np.int64).reshape(-1, COLUMNS)[:, :4]
    now = np.frombuffer(rows, np.int64).reshape(-1, COLUMNS)[:, :4]
    if known.names == names:
        at, was_at = np.arange(len(now)), np.arange(len(before))
    else:
        places = {name: number for number, name in enumerate(known.names.split(b"\0"))}
        old = np.array([places.get(name, -1) for name in names.split(b"\0")], np.int64)
        at = np.flatnonzero(old >= 0)
        was_at = old[at]
    is_same = (before[was_at] == now[at]).all(axis=1)
    at, was_at = at[is_same], was_at[is_same]
    return _moved(known.heads, was_at, at, len(now)), _moved(known.wholes, was_at, at, len(now))


def _with_arrivals(
    arrived: dict[bytes, Arrival], names: bytes, rows: bytes, heads: bytes, wholes: bytes
) -> tuple[bytes, bytes]:
    """Return the digests of a part together with those of files that were read when they arrived."""
    found = np.frombuffer(rows, np.int64).reshape(-1, COLUMNS)
    digests = [bytearray(content or bytes(DIGEST * len(found))) for content in (heads, wholes)]
    for number, name in enumerate(names.split(b"\0")):
        arrival = arrived.get(name)
        if arrival and arrival.head and row(arrival.entry)[:4] == found[number, :4].tolist():
            for content, digest in zip(digests, (arrival.head, arrival.whole or MISSING), strict=True):
                content[number * DIGEST : (number + 1) * DIGEST] = digest
    return bytes(digests[0]), bytes(digests[1])


def _by_directory(arrivals: list[Arrival]) -> dict[bytes, dict[bytes, Arrival]]:
    found: dict[bytes, dict[bytes, Arrival]] = {}
    for arrival in arrivals:
        path = arrival.entry.path
        found.setdefault(folder_of(path), {})[name_of(path)] = arrival
    return found


def _moved(content: bytes, was_at: Numbers, at: Numbers, count: int) -> bytes:
    if not content:
        return b""
    moved = np.zeros(count, f"V{DIGEST}")
    moved[at] = np.frombuffer(content, f"V{DIGEST}")[was_at]
    return moved.tobytes()
