"""What lists directories, and reads and hashes files: in this process, or as a child of it.

The child is this file alone, `python -P reader.py MARKS`: it imports nothing of Shelver, so that it starts at once and
weighs little. Requests come in at its stdin, answers go out at its stdout, both as lists of bytes. It follows no
symlink, changes nothing, and ends with its stdin.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from xxhash import xxh3_128, xxh3_128_digest

WHOLE = 128 * 1024
"""Bytes up to which a file is read once, all of it; of a longer one its two ends are read first."""
END = 16 * 1024
PART = 4096
"""Files of one directory that are listed together."""

COLUMNS = 5
"""Numbers told of a file: size, mtime_ns, ctime_ns, inode (as a signed number), links."""
ROW = COLUMNS * 8
DIGEST = 16
MISSING = bytes(DIGEST)
"""In place of the digest of a file that could not be read, or changed meanwhile. It is equal to no digest."""

LOOK, FIRST, WHOLES, COMPARE, PROGRESS = b"l", b"f", b"w", b"c", b"p"
FOUND, GONE, UNREADABLE, PROJECT = range(4)
"""What became of a look into a directory. A project's is not told of."""

_ON_THE_WAY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 256 * 1024  # stays in a core's own cache
_COMPARED = 4 * 1024 * 1024
_TOLD_EVERY = 64 * 1024 * 1024
_64_BITS = 1 << 64

Advanced = Callable[[int], None]
"""Hears of bytes read of long files."""
UNTOLD = 255
"""In place of the kind of a file that could not be compared, or is of one kind too many."""
LOOKED = struct.Struct("<qQq")
"""Outcome, device and number of parts of one directory."""
TROUBLES = struct.Struct("<qq")
"""How many files changed while they were read, and how many could not be read."""


class Reader:
    """Reads beneath any number of roots, whose descriptors it keeps until `close`. Paths are relative to a root."""

    def __init__(self, marks: Iterable[str]) -> None:
        self._marks = frozenset(marks)
        self._roots: dict[bytes, int] = {}

    def close(self) -> None:
        """Let go of every root."""
        while self._roots:
            os.close(self._roots.popitem()[1])

    def answer(self, request: Sequence[bytes], advanced: Advanced) -> list[bytes]:
        """Do what a request asks for: `[kind, root, …]`."""
        kind, root, *rest = request
        if kind == LOOK:
            return [part for directory in rest for part in self._look(root, directory)]
        if kind == COMPARE:  # groups, of each: roots and paths (NUL between them), rows
            groups = zip(request[1::3], request[2::3], request[3::3], strict=True)
            return [self._kinds(*group, advanced) for group in groups]
        digest = _first_digests if kind == FIRST else _whole_digests
        digests, troubles = [], [0, 0]
        for directory, names, rows in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            files = _Asked(names.split(b"\0"), array("q", rows), troubles)
            try:
                with self._opened(root, directory, _ON_THE_WAY) as descriptor:
                    digests += digest(descriptor, files, advanced)
            except OSError:
                troubles[1] += len(files.names)
                digests += [MISSING] * len(files.names)
        return [b"".join(digests), TROUBLES.pack(*troubles)]

    def _look(self, root: bytes, directory: bytes) -> list[bytes]:
        """List a directory: `LOOKED`, names of directories in it, then names and rows of files, part by part."""
        try:
            with self._opened(root, directory, _TO_LIST) as descriptor:
                return _listed(descriptor, self._marks)
        except (FileNotFoundError, NotADirectoryError):
            outcome = GONE
        except OSError:
            outcome = UNREADABLE
        return [LOOKED.pack(outcome, 0, 0), b""]

    def _kinds(self, roots: bytes, paths: bytes, rows: bytes, advanced: Advanced) -> bytes:
        """Tell of what kind each file of a group is: those of one kind are the same, byte for byte."""
        files = _Asked(paths.split(b"\0"), array("q", rows), [])
        with closing(_Kinds(advanced)) as known:
            places = zip(roots.split(b"\0"), files.each(), strict=True)
            return bytes([self._kind(known, root, *file) for root, file in places])

    def _kind(self, known: _Kinds, root: bytes, path: bytes, size: int, ctime: int, inode: int) -> int:
        try:
            # What is opened is told by its inode and times: no link on the way can put another in its place.
            descriptor = os.open(path, _TO_READ, dir_fd=self._root(root))
            try:
                kind = known.of(descriptor, size)
                status = os.fstat(descriptor)
            finally:
                os.close(descriptor)
        except OSError:
            return UNTOLD
        return kind if kind < UNTOLD and _is_as_listed(status, size, ctime, inode) else UNTOLD

    def _root(self, root: bytes) -> int:
        if root not in self._roots:
            self._roots[root] = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return self._roots[root]

    @contextmanager
    def _opened(self, root: bytes, directory: bytes, flags: int) -> Iterator[int]:
        """Open a directory a component at a time, following no symlink beneath the root."""
        *parents, name = directory.split(b"/") if directory else [b"."]
        current = top = self._root(root)
        try:
            for parent in parents:
                step = os.open(parent, _ON_THE_WAY, dir_fd=current)
                if current != top:
                    os.close(current)
                current = step
            step = os.open(name, flags, dir_fd=current)
        finally:
            if current != top:
                os.close(current)
        try:
            yield step
        finally:
            os.close(step)


# -- listing ----------------------------------------------------------------------------------------


def _listed(descriptor: int, marks: frozenset[str]) -> list[bytes]:
    device = os.fstat(descriptor).st_dev
    names: list[str] = []
    below: list[str] = []
    numbers: list[int] = []
    with os.scandir(descriptor) as found:
        for item in found:
            name = item.name
            if name in marks:
                return [LOOKED.pack(PROJECT, 0, 0), b""]
            if name[0] == ".":
                continue
            if item.is_file(follow_symlinks=False):
                try:
                    status = item.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if status.st_dev == device:  # else it is a mount of its own, that nothing can take away
                    names.append(name)
                    times = status.st_mtime_ns, status.st_ctime_ns
                    numbers += (status.st_size, *times, status.st_ino, status.st_nlink)
            elif item.is_dir(follow_symlinks=False):
                below.append(name)
    rows = _rows(names, numbers)
    parts: list[bytes] = []
    for start in range(0, len(names), PART):
        parts.append(_joined(names[start : start + PART]))
        parts.append(rows[start * ROW : (start + PART) * ROW])
    return [LOOKED.pack(FOUND, device, len(parts) // 2), _joined(below), *parts]


def _rows(names: list[str], numbers: list[int]) -> bytes:
    try:
        return array("q", numbers).tobytes()
    except OverflowError:
        return _odd_rows(names, numbers)


def _odd_rows(names: list[str], numbers: list[int]) -> bytes:
    """Return the rows where a number needs more than 63 bits: an inode may, a file with such a time is left out."""
    rows = array("q")
    kept = []
    for name, start in zip(names, range(0, len(numbers), COLUMNS), strict=True):
        size, mtime, ctime, inode, links = numbers[start : start + COLUMNS]
        with suppress(OverflowError):
            rows.extend(array("q", (size, mtime, ctime, inode - _64_BITS if inode >= _64_BITS // 2 else inode, links)))
            kept.append(name)
    names[:] = kept
    return rows.tobytes()


def _joined(names: list[str]) -> bytes:
    return os.fsencode("\0".join(names))


# -- reading ----------------------------------------------------------------------------------------


class _Asked:  # no NamedTuple: importing it takes a third of the time in which a child starts
    """Files of one directory to be read, and where those are counted that changed, or cannot be read."""

    def __init__(self, names: list[bytes], numbers: array[int], troubles: list[int]) -> None:
        self.names = names
        self.numbers = numbers
        self.troubles = troubles

    def each(self) -> Iterator[tuple[bytes, int, int, int]]:
        """Return name, size, ctime_ns and inode of each: a file in which these stayed is as it was."""
        numbers = self.numbers
        return zip(self.names, numbers[::COLUMNS], numbers[2::COLUMNS], numbers[3::COLUMNS], strict=True)


def _first_digests(directory: int, asked: _Asked, _: Advanced) -> list[bytes]:
    """Return the digest of each file, or of its two ends if it is long."""
    open_, read, fstat, close = os.open, os.read, os.fstat, os.close  # looked up once: there are very many
    digests, troubles = [], asked.troubles
    for name, size, ctime, inode in asked.each():
        try:
            descriptor = open_(name, _TO_READ, dir_fd=directory)
            try:
                content = read(descriptor, size) if size <= WHOLE else _two_ends(descriptor, size)
                status = fstat(descriptor)
            finally:
                close(descriptor)
        except OSError:
            troubles[1] += 1
            digests.append(MISSING)
            continue
        is_whole = len(content) == size or size > WHOLE
        is_same = status.st_ctime_ns == ctime and status.st_size == size
        if is_whole and is_same and (status.st_ino == inode or status.st_ino - _64_BITS == inode):
            digests.append(xxh3_128_digest(content))
        else:
            troubles[0] += 1
            digests.append(MISSING)
    return digests


def _is_as_listed(status: os.stat_result, size: int, ctime: int, inode: int) -> bool:
    return status.st_ctime_ns == ctime and status.st_size == size and status.st_ino in (inode, inode + _64_BITS)


def _two_ends(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, END, 0) + os.pread(descriptor, END, size - END)


def _whole_digests(directory: int, asked: _Asked, advanced: Advanced) -> list[bytes]:
    """Return the digest of each file; `advanced` hears how far it is."""
    digests = [MISSING] * len(asked.names)
    for number, (name, size, ctime, inode) in enumerate(asked.each()):
        try:
            descriptor = os.open(name, _TO_READ, dir_fd=directory)
            try:
                digest = _whole_digest(descriptor, advanced)
                is_same = _is_as_listed(os.fstat(descriptor), size, ctime, inode)
            finally:
                os.close(descriptor)
        except OSError:
            asked.troubles[1] += 1
        else:
            digests[number] = digest if is_same else MISSING
            asked.troubles[0] += not is_same
    return digests


def _whole_digest(descriptor: int, advanced: Advanced) -> bytes:
    digest = xxh3_128()
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    untold = 0
    while count := os.readv(descriptor, [buffer]):
        digest.update(view[:count])
        untold += count
        if untold >= _TOLD_EVERY:
            advanced(untold)
            untold = 0
    advanced(untold)
    return digest.digest()


# -- comparing --------------------------------------------------------------------------------------


class _Kinds:
    """Sorts open files of one size by their bytes."""

    def __init__(self, advanced: Advanced) -> None:
        self._advanced = advanced
        self._contents: list[bytes] = []
        self._descriptors: list[int] = []

    def of(self, descriptor: int, size: int) -> int:
        """Return the kind of a file: 0 for all that are as the first one, 1, …"""
        if size <= WHOLE:
            content = os.read(descriptor, size)
            if content not in self._contents:
                self._contents.append(content)
            return self._contents.index(content)
        for kind, other in enumerate(self._descriptors):
            if same_bytes(other, descriptor, self._advanced):
                return kind
        self._descriptors.append(os.dup(descriptor))
        return len(self._descriptors) - 1

    def close(self) -> None:
        """Let go of the files."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def same_bytes(a: int, b: int, go_on: Advanced) -> bool:
    """Tell whether two descriptors read the same; see `core.duplicates.compare`."""
    if os.fstat(a).st_size != os.fstat(b).st_size:
        return False
    left, right = bytearray(_CHUNK), bytearray(_CHUNK)
    position = untold = 0
    while True:
        count = _fill(a, left, position)
        if _fill(b, right, position) != count:
            return False
        if count < _CHUNK:
            go_on(untold + count)
            return left[:count] == right[:count]
        if left != right:
            return False
        position += count
        untold += count
        if untold >= _COMPARED:
            go_on(untold)
            untold = 0


def _fill(descriptor: int, buffer: bytearray, position: int) -> int:
    """Read until the buffer is full or the file ends: a file system may give less than was asked for."""
    filled = os.preadv(descriptor, [buffer], position)
    while 0 < filled < len(buffer):
        more = os.preadv(descriptor, [memoryview(buffer)[filled:]], position + filled)
        if not more:
            break
        filled += more
    return filled


# -- the child --------------------------------------------------------------------------------------

COUNT = struct.Struct("<Q")


def packed(parts: Sequence[bytes]) -> bytes:
    """Return a list of bytes as a message: how many, how long each is, and all of them."""
    return b"".join((struct.pack(f"<{len(parts) + 1}Q", len(parts), *map(len, parts)), *parts))


def received(read: Callable[[int], bytes]) -> list[bytes]:
    """Take one message. Raises EOFError when there is none any more."""
    (count,) = COUNT.unpack(_exactly(read, COUNT.size))
    lengths = struct.unpack(f"<{count}Q", _exactly(read, count * 8))
    content = memoryview(_exactly(read, sum(lengths)))
    parts = []
    start = 0
    for length in lengths:
        parts.append(bytes(content[start : start + length]))
        start += length
    return parts


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    content = read(size)
    if len(content) == size:
        return content
    whole = bytearray(content)
    while content and len(whole) < size:
        content = read(size - len(whole))
        whole += content
    if len(whole) < size:
        raise EOFError
    return bytes(whole)


def sent(descriptor: int, parts: Sequence[bytes]) -> None:
    """Send one message. Raises OSError."""
    message = memoryview(packed(parts))
    while message:
        message = message[os.write(descriptor, message) :]


def main(marks: str) -> None:
    """Answer until nobody asks any more."""
    reader = Reader(marks.split("/"))
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = received(lambda size: os.read(0, size))
            sent(1, reader.answer(request, lambda count: sent(1, [PROGRESS, COUNT.pack(count)])))


if __name__ == "__main__":
    main(sys.argv[1])
