"""Trees of files for tests: made from a dict, read back into a dict that compares.

    build(tmp_path, {"a.txt": "text", "photos": {"b.jpg": File(b"...", mode=0o600)}, "empty": {}})
    before = read(tmp_path)
    ...
    assert read(tmp_path) == before

Names are bytes or text; a name may hold slashes. What is read back has names as bytes, relative to the root.
"""

from __future__ import annotations

import os
import stat
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, TypeAlias

TRASH = b".shelver-trash"
LONG_AGO = 1_400_000_000_123_456_789
"""Modification time of what says nothing else: 2014, with odd nanoseconds, so that a lost time shows."""


@dataclass(frozen=True)
class File:
    """A regular file to make."""

    content: bytes = b""
    mtime_ns: int = LONG_AGO
    mode: int = 0o644
    xattrs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Folder:
    """A folder to make, where its own metadata matters; else a dict will do."""

    children: Mapping[bytes | str, Node] = field(default_factory=dict)
    mtime_ns: int = LONG_AGO
    mode: int = 0o755
    xattrs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Symlink:
    """A symbolic link to make."""

    target: bytes | str


@dataclass(frozen=True)
class HardLink:
    """One more name for a file of the same tree, named by its path from the folder that this name stands in."""

    of: bytes | str


Tree: TypeAlias = "Mapping[bytes | str, Node]"
Node: TypeAlias = "bytes | str | File | Folder | Symlink | HardLink | Mapping[bytes | str, Node]"


class Found(NamedTuple):
    """What stands under one name. `links`: the other names of the same file beneath the root."""

    kind: str
    content: bytes = b""
    mtime_ns: int = 0
    mode: int = 0
    owner: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()
    links: tuple[bytes, ...] = ()


# -- making -----------------------------------------------------------------------------------------


def build(root: Path | bytes | str, tree: Tree) -> bytes:
    """Make a tree of files beneath a folder, which is made too where it is missing. Returns the folder's path."""
    top = os.fsencode(root)
    os.makedirs(top, exist_ok=True)
    late: list[tuple[bytes, HardLink]] = []
    folders: list[tuple[bytes, Folder]] = []
    for path, node in _flat(top, tree):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        match node:
            case HardLink():
                late.append((path, node))
            case Symlink():
                os.symlink(os.fsencode(node.target), path)
            case File():
                write(path, node.content, mtime_ns=node.mtime_ns)
                os.chmod(path, node.mode)
                _set_xattrs(path, node.xattrs)
            case Folder():
                os.makedirs(path, exist_ok=True)
                folders.append((path, node))
    for path, link in late:
        os.link(os.path.join(os.path.dirname(path), os.fsencode(link.of)), path)
    for path, folder in reversed(folders):
        _set_xattrs(path, folder.xattrs)
        os.chmod(path, folder.mode)
        os.utime(path, ns=(folder.mtime_ns, folder.mtime_ns))
    return top


def _flat(top: bytes, tree: Tree) -> Iterator[tuple[bytes, File | Folder | Symlink | HardLink]]:
    for name, node in tree.items():
        path = os.path.join(top, os.fsencode(name))
        match node:
            case bytes():
                yield path, File(node)
            case str():
                yield path, File(node.encode())
            case Folder():
                yield path, node
                yield from _flat(path, node.children)
            case Mapping():
                yield path, Folder()
                yield from _flat(path, node)
            case _:
                yield path, node


def write(path: bytes | Path | str, content: bytes, mtime_ns: int = LONG_AGO) -> None:
    """Write one file, with the folders above it; what was there is overwritten in place."""
    name = os.fsencode(path)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
    os.utime(name, ns=(mtime_ns, mtime_ns))


def _set_xattrs(path: bytes, xattrs: Mapping[str, bytes]) -> None:
    for name, value in xattrs.items():
        os.setxattr(path, name, value, follow_symlinks=False)


def acl(user: int, permissions: int) -> bytes:
    """Return an access ACL, as the xattr `system.posix_acl_access` holds it, that lets one more user in."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, permissions, user), (4, 4, nobody), (16, permissions | 4, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


# -- reading ----------------------------------------------------------------------------------------


def read(root: Path | bytes | str, *, ignore: Collection[bytes] = (), folder_times: bool = False) -> dict[bytes, Found]:
    """Read everything beneath a folder. Folders and files named in `ignore` (a name or a relative path) are left out.

    Folders' own times are left out unless asked for: making a file in a folder changes them.
    """
    top = os.fsencode(root)
    found: dict[bytes, Found] = {}
    names_of: dict[tuple[int, int], list[bytes]] = {}
    for path, status in _walk(top, b"", ignore):
        full = os.path.join(top, path)
        owner = (status.st_uid, status.st_gid)
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISLNK(status.st_mode):
            found[path] = Found("symlink", os.readlink(full))
        elif stat.S_ISDIR(status.st_mode):
            mtime_ns = status.st_mtime_ns if folder_times else 0
            found[path] = Found("folder", b"", mtime_ns, mode, owner, _xattrs(full))
        elif stat.S_ISREG(status.st_mode):
            found[path] = Found("file", content(full), status.st_mtime_ns, mode, owner, _xattrs(full))
            names_of.setdefault((status.st_dev, status.st_ino), []).append(path)
        else:
            found[path] = Found("special", b"", 0, mode, owner)
    for names in names_of.values():
        for name in names if len(names) > 1 else ():
            found[name] = found[name]._replace(links=tuple(sorted(set(names) - {name})))
    return found


def _walk(top: bytes, beneath: bytes, ignore: Collection[bytes]) -> Iterator[tuple[bytes, os.stat_result]]:
    with os.scandir(os.path.join(top, beneath)) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        path = os.path.join(beneath, entry.name)
        if entry.name in ignore or path in ignore:
            continue
        yield path, entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(top, path, ignore)


def _xattrs(path: bytes) -> tuple[tuple[str, bytes], ...]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:  # a file system without any
        return ()
    return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(names))


def content(path: bytes | Path | str) -> bytes:
    """Read one file whole."""
    with open(path, "rb") as file:
        return file.read()


def names(root: Path | bytes | str) -> set[bytes]:
    """Return the paths of all files (not folders) beneath a folder, those in the trash too."""
    return {path for path, found in read(root).items() if found.kind != "folder"}


def contents(*roots: Path | bytes | str) -> Counter[bytes]:
    """Count the contents beneath folders by their hash, under whatever name: what is lost is missing here.

    A file with several names counts once.
    """
    seen: Counter[bytes] = Counter()
    for root in roots:
        for path, found in read(root).items():
            if found.kind == "file" and all(path < other for other in found.links):
                seen[digest(found.content)] += 1
    return seen


def digest(data: bytes) -> bytes:
    """Return what stands for a content."""
    return blake2b(data, digest_size=16).digest()


# -- ready-made -------------------------------------------------------------------------------------

MESSY: Tree = {
    "invoice march.pdf": "%PDF-1.4 an invoice",
    "IMG_2041.jpg": File(b"\xff\xd8\xff\xe0 a picture", mtime_ns=1_560_000_000_000_000_001),
    "IMG_2041.CR2": b"II*\x00 the raw of the picture",
    "IMG_2041.xmp": "<x:xmpmeta/>",
    "song.mp3": b"ID3\x03 a song",
    "archive.tar.gz": b"\x1f\x8b an archive",
    "notes.txt": "some notes",
    "Notes.txt": "other notes, same name but for its case",
    "copy": {"notes.txt": "some notes", "deep": {"deeper": {"invoice march.pdf": "%PDF-1.4 another invoice"}}},
    "movie.mkv.part": b"half a film",
    ".hidden": "leave me",
    ".config": {"app.ini": "[section]"},
    "project": {".git": {"HEAD": "ref: refs/heads/main"}, "main.py": "print('leave me')"},
    "empty": {},
    "private.doc": File(b"secret", mode=0o600),
    "read only.csv": File(b"a,b\n1,2\n", mode=0o444),
    "link to notes": Symlink("notes.txt"),
    "twin.bin": HardLink("song.mp3"),
    "no extension": b"\x00\x01\x02",
    "nothing.dat": b"",
}
"""What a folder of downloads looks like after some years. Contents are small; kinds show by name only."""

HOSTILE_NAMES: tuple[bytes, ...] = (
    b"line\nbreak.txt",
    b"\x1b[31mred\x1b[0m.txt",
    b"not utf-8 \xff\xfe.txt",
    b"-rf",
    b"--help.txt",
    b"[/]",
    b"[bold]markup[/bold].txt",
    b"[@click=app.quit]x[/].txt",
    b"$(touch PWNED).txt",
    b"{0.__class__}.txt",
    b"*?.txt",
    b"   ",
    b"trailing dot.",
    b"back\\slash.txt",
    b"tab\tname.txt",
    "bidi \u202egnp.exe".encode(),
    "zero\u200bwidth.txt".encode(),
    "NFC caf\u00e9.txt".encode(),
    "NFC cafe\u0301.txt".encode(),
    b"Case.TXT",
    b"case.txt",
    b"CASE.txt",
    b"n" * 251 + b".txt",
    ("\u20ac" * 85).encode(),
    b"." + b"e" * 254,
    b"~$lock.docx",
    b"CON",
    b"%41.txt",
)
"""Names that break what takes a name for text, markup, a pattern, a command or an option."""

HOSTILE: Tree = {
    **{name: b"content of number %d" % number for number, name in enumerate(HOSTILE_NAMES)},
    b"folder\n\xff[/]": {b"inside \x1b]0;title\x07.txt": b"inside a hostile folder"},
    b"to nowhere\n": Symlink(b"/nonexistent/\xff"),
    b"to the root": Symlink(b"/"),
}


def messy(root: Path | bytes | str) -> bytes:
    """Make the messy tree. Returns its path."""
    return build(root, MESSY)


def hostile(root: Path | bytes | str) -> bytes:
    """Make the tree of hostile names. Returns its path."""
    return build(root, HOSTILE)
