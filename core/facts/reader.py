"""Facts about files, asked lazily: what no rule asks is never looked at.

Names and `lstat` cost nothing; `kind` costs one read; what is inside costs a decoder's look. What was found is kept
in the index, also that nothing was, so that an unchanged file is never opened again.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from core.errors import FactUnavailable, StorageError
from core.facts import kind, names
from core.facts.decoders import DecoderPool, Look
from core.facts.extensions import extension_of, kind_of_name
from core.facts.families import CAPTURE, FAMILIES, FAMILY_OF, THUMBNAIL, Family
from core.facts.wire import Job, Value
from core.storage import Entry
from core.storage.directories import Directories

if TYPE_CHECKING:
    from core.stores.index import Index, Record

Fact = str | int | datetime | None
Answer = Future[dict[str, Value]]

_LIBRARIES = {family.libraries for family in FAMILIES.values()}
_KEEP_EVERY = 500
_MODIFIED_VERSION = 1
_AT_ONCE_REMOTE = 16
_AT_ONCE = 256
"""Looks under way at once in a prefetch."""


class Thumbnail(NamedTuple):
    """A picture made small, rows of three bytes a pixel; `full_width` and `full_height` are the picture's own."""

    rgb: bytes
    width: int
    height: int
    full_width: int
    full_height: int

    @property
    def is_whole(self) -> bool:
        """Whether there are as many bytes as its size says."""
        return self.width > 0 and self.height > 0 and len(self.rgb) == self.width * self.height * 3


class FileFacts:
    """The facts of one file. Each is looked up once; the answer then stays."""

    __slots__ = ("_reader", "_values", "entry", "name", "records", "root")

    def __init__(self, reader: FactReader, root: bytes, entry: Entry) -> None:
        self.root = root
        self.entry = entry
        self.name = entry.path[entry.path.rfind(b"/") + 1 :]
        self.records: dict[str, Record] | None = None
        """What the index keeps of it; None until it was asked."""
        self._reader = reader
        self._values: dict[str, Fact] = {}

    @property
    def path(self) -> bytes:
        """The path relative to the root."""
        return self.entry.path

    def get(self, name: str) -> Fact:
        """Return a fact, or None if the file has none by that name.

        `name stem ext kind camera artist album title text taken_source` are text (names in NFC, `ext` in lower case
        without its dot); `size` is bytes. `taken` is the wall time where it was taken, without a zone; `modified` and
        `first_seen` are UTC. Raises nothing: what cannot be read has no value.
        """
        try:
            return self._values[name]
        except KeyError:
            cheap = _CHEAP.get(name) or (None if self.entry.version else _CHEAP_HERE.get(name))
            value = self._values[name] = cheap(self) if cheap is not None else self._reader.look(self, name)
            return value

    def known(self) -> dict[str, Fact]:
        """Return what was asked so far."""
        return dict(self._values)


_CHEAP: dict[str, Callable[[FileFacts], Fact]] = {
    "name": lambda file: names.name_fact(file.name),
    "stem": lambda file: names.stem_fact(file.name),
    "ext": lambda file: names.extension_fact(file.name),
    "size": lambda file: file.entry.size,
}


_CHEAP_HERE: dict[str, Callable[[FileFacts], Fact]] = {
    "modified": lambda file: _moment(file.entry.mtime_ns),
}
"""What is cheap of a file on this machine alone: of an object the bucket must be asked."""


class Remote(Protocol):
    """Looks into objects of buckets. Raises OSError."""

    def fetched(self, root: bytes, entry: Entry) -> int:
        """Return a descriptor of a file in memory with the object's beginning and end; the caller closes it."""

    def mtimes(self, root: bytes, entries: Sequence[Entry]) -> list[int]:
        """Return when the files were changed that objects were made from, or when the objects were written."""


class FactReader:
    """Makes `FileFacts`, and looks into files for them. A context manager; threads may share it.

    `index`: where facts are kept, or None. `remote`: looks into objects of buckets. Decoders start when a fact first
    needs one, and end on exit.
    """

    def __init__(self, index: Index | None, *, decoders: int = 2, remote: Remote | None = None) -> None:
        self._index = index
        self._remote = remote
        self._pools = {libraries: DecoderPool(decoders, libraries=libraries) for libraries in _LIBRARIES}
        self._lock = threading.Lock()
        self._directories: dict[bytes, Directories] = {}
        self._unkept: list[FileFacts] = []

    def __enter__(self) -> FactReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Keep what was found, end the decoders and let go of the folders."""
        for pool in self._pools.values():
            pool.close()
        self._keep()
        with self._lock:
            for directories in self._directories.values():
                directories.close()

    def of(self, root: bytes, entry: Entry) -> FileFacts:
        """Return the facts of a file beneath a root (an absolute path); nothing is looked at yet."""
        return FileFacts(self, root, entry)

    def prefetch(self, files: Sequence[FileFacts], names: Collection[str]) -> None:
        """Look up some facts of many files, by all decoders at once. Others are still found when asked."""
        families = {FAMILY_OF[name] for name in names if name in FAMILY_OF}
        under_way: deque[tuple[FileFacts, Family, Answer]] = deque()
        self._recall(files)
        self._prefetch_remote([file for file in files if file.entry.version], names)
        try:
            for file in files:
                if "kind" in names:
                    file.get("kind")
                for family in families:
                    if answer := self._ask(file, family):
                        under_way.append((file, family, answer))
                while len(under_way) > _AT_ONCE:
                    self._take(*under_way.popleft())
            while under_way:
                self._take(*under_way.popleft())
        finally:
            for _, _, answer in under_way:
                answer.cancel()

    def _prefetch_remote(self, files: Sequence[FileFacts], names: Collection[str]) -> None:
        """Ask the bucket about many objects at once: each question takes its time, and none the other's."""
        unknown = [file for file in files if "modified" in names and "modified" not in self._known(file)]
        if self._remote is None or not files:
            return
        with ThreadPoolExecutor(_AT_ONCE_REMOTE) as threads:
            if "kind" in names:
                list(threads.map(self._sniffed, files))
        for root in {file.root for file in unknown}:
            here = [file for file in unknown if file.root == root]
            with suppress(OSError):
                for file, moment in zip(here, self._remote.mtimes(root, [each.entry for each in here]), strict=True):
                    self._found(file, _MODIFIED_VERSION, {"modified": moment})

    def look(self, file: FileFacts, name: str) -> Fact:
        """Return a fact that takes a look into the index or the file. For FileFacts."""
        if name == "first_seen":
            return self._index.first_seen(file.root, file.path) if self._index else None
        if name == "kind":
            return self._sniffed(file).kind
        if name == "modified":
            return self._modified(file)
        family = FAMILY_OF.get(name)
        if family is None:
            return None
        if answer := self._ask(file, family):
            self._take(file, family, answer)
        found = {fact: self._known(file)[fact][1] for fact in family.facts if fact in self._known(file)}
        if family is CAPTURE:
            return self._capture(file, found).get(name)
        return found.get(name)

    def thumbnail(self, file: FileFacts, width: int, height: int) -> Thumbnail:
        """Return a picture made so small that it fits; a small one stays as it is. It is not kept.

        Raises FactUnavailable where there is no picture to be had, OSError where the file cannot be opened.
        """
        format = self._sniffed(file).format
        if format not in THUMBNAIL.readers:
            raise FactUnavailable("there is no way to show its format")
        job = Job(THUMBNAIL.name, format, extension_of(file.name), (width, height))
        found = self._pools[THUMBNAIL.libraries].submit(Look(job, lambda: self._open(file))).result()
        try:
            rgb = b64decode(str(found["thumbnail"]), validate=True)
            numbers = [int(found[name] or 0) for name in THUMBNAIL.facts[1:]]
        except (KeyError, ValueError):
            raise FactUnavailable("it made its decoder fail") from None
        thumbnail = Thumbnail(rgb, *numbers)
        if not thumbnail.is_whole or thumbnail.width > width or thumbnail.height > height:
            raise FactUnavailable("it made its decoder fail")
        return thumbnail

    def _capture(self, file: FileFacts, found: dict[str, Value]) -> dict[str, Fact]:
        """Return a picture's or film's facts; what carries no date inside may carry one in its name."""
        taken = _wall_time(found.get("taken"))
        source = found.get("taken_source") if taken else None
        if taken is None or source == "container":
            named = names.date_in_name(file.name) if self._sniffed(file).kind in ("image", "video") else None
            if named and (taken is None or _is_same_moment_elsewhere(taken, named)):
                taken, source = named, "name"
        return {**found, "taken": taken, "taken_source": source}

    def _modified(self, file: FileFacts) -> Fact:
        """Return when an object's file was changed last, as was noted beside it; kept like what is read from files."""
        known = self._known(file).get("modified")
        if known is not None and known[0] == _MODIFIED_VERSION:
            return _moment(int(known[1] or 0))
        try:
            (moment,) = self._remote.mtimes(file.root, [file.entry]) if self._remote else (file.entry.mtime_ns,)
        except OSError:
            return _moment(file.entry.mtime_ns)
        self._found(file, _MODIFIED_VERSION, {"modified": moment})
        return _moment(moment)

    # -- by content ---------------------------------------------------------------------------------------

    def _sniffed(self, file: FileFacts) -> kind.Sniffed:
        known = self._known(file)
        if "kind" in known and "format" in known and known["kind"][0] == kind.VERSION:
            return kind.Sniffed(known["kind"][1], known["format"][1])  # type: ignore[arg-type]
        try:
            descriptor = self._open(file)
            try:
                found = kind.sniff(file.name, file.entry.size, lambda offset, size: os.pread(descriptor, size, offset))
            finally:
                os.close(descriptor)
        except OSError:  # gone, changed or not ours to read: its name must do, and it is not kept
            return kind.Sniffed(kind_of_name(file.name), "")
        self._found(file, kind.VERSION, {"kind": found.kind, "format": found.format})
        return found

    # -- by decoders --------------------------------------------------------------------------------------

    def _ask(self, file: FileFacts, family: Family) -> Answer | None:
        """Have a decoder look, unless what it would find is known, or its format carries no such facts."""
        known = self._known(file).get(family.facts[0])
        if known is not None and known[0] == family.version:
            return None
        format = self._sniffed(file).format
        if format not in family.readers:
            return None
        job = Job(family.name, format, extension_of(file.name))
        return self._pools[family.libraries].submit(Look(job, lambda: self._open(file)))

    def _take(self, file: FileFacts, family: Family, answer: Answer) -> None:
        """Take a decoder's answer. A file that makes decoders fail is remembered as having no such facts."""
        try:
            found = answer.result()
        except FactUnavailable:
            found = {}
        except OSError:
            return
        self._found(file, family.version, {fact: found.get(fact) for fact in family.facts})

    # -- what is known ------------------------------------------------------------------------------------

    def _recall(self, files: Sequence[FileFacts]) -> None:
        """Ask the index for many files at once, which is much quicker than for each."""
        unasked: dict[bytes, list[FileFacts]] = {}
        for file in files if self._index else ():
            if file.records is None:
                unasked.setdefault(file.root, []).append(file)
        for root, those in unasked.items():
            known = self._index.facts_of(root, [file.entry for file in those]) if self._index else {}
            for file in those:
                file.records = known.get(file.entry, {})

    def _known(self, file: FileFacts) -> dict[str, Record]:
        if file.records is None:
            file.records = (self._index and self._index.facts(file.root, file.entry)) or {}
        return file.records

    def _found(self, file: FileFacts, version: int, facts: dict[str, Value]) -> None:
        self._known(file).update({fact: (version, value) for fact, value in facts.items()})
        with self._lock:
            self._unkept.append(file)
            enough = len(self._unkept) >= _KEEP_EVERY
        if enough:
            self._keep()

    def _keep(self) -> None:
        with self._lock:
            files, self._unkept = self._unkept, []
        found: dict[bytes, dict[Entry, dict[str, Record]]] = {}
        for file in files:
            found.setdefault(file.root, {}).setdefault(file.entry, {}).update(file.records or {})
        for root, by_entry in found.items():
            if self._index:
                known = self._index.facts_of(root, list(by_entry))  # also by other processes
                self._index.store_facts(root, [(at, known.get(at, {}) | new) for at, new in by_entry.items()])

    def _open(self, file: FileFacts) -> int:
        """Open the very file that the walk found, beneath its root, through no symlink. Raises OSError."""
        if file.entry.version:
            if self._remote is None:
                raise OSError(errno.ENOTSUP, "no bucket can be read here")
            return self._remote.fetched(file.root, file.entry)
        with self._lock:
            if file.root not in self._directories:
                self._directories[file.root] = Directories(file.root)
            try:
                descriptor = self._directories[file.root].open_file(file.path, os.O_RDONLY)
            except StorageError as error:
                raise OSError(errno.ELOOP, str(error)) from error
        status = os.fstat(descriptor)
        entry = file.entry
        if not stat.S_ISREG(status.st_mode) or (entry.inode, entry.size, entry.mtime_ns) != (
            *(status.st_ino, status.st_size, status.st_mtime_ns),
        ):
            os.close(descriptor)
            raise OSError(errno.ESTALE, "it changed meanwhile")
        return descriptor


def _moment(nanoseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    except (OverflowError, ValueError, OSError):  # some file systems hold years that the calendar does not
        return None


def _is_same_moment_elsewhere(utc_made_local: datetime, named: datetime) -> bool:
    """Tell whether a film's name and header differ by no more than zones do: the name has the time as it was shown."""
    return named.time() != time() and abs(named - utc_made_local) < timedelta(hours=27)


def _wall_time(value: Value) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return None
