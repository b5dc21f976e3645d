"""The operations that are cut off: small, and each with something of its own that can go wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from core.execute.run import BATCH_RECORDS
from core.model import State
from tests import trees
from tests.acting import OF_DUPLICATES, Line, Scene
from tests.trees import File, Folder, HardLink, Tree

BIG = bytes(range(256)) * 4_200  # 1.1 MB: two chunks of a copy


def with_folders(lines: list[Line]) -> list[Line]:
    """Return the lines with the folders made first that their destinations need, as a planner would."""
    going = [line for line in lines if line[0] not in ("mkdir", *OF_DUPLICATES)]
    folders = dict.fromkeys(folder for line in going for folder in _above(os.fsencode(line[2])))
    for line in lines:
        if line[0] == "mkdir":
            folders.pop(os.fsencode(line[2]), None)
    return [*[("mkdir", "", folder) for folder in folders], *lines]


def _above(path: bytes) -> list[bytes]:
    """Return the folders above a destination, the outermost first; the mark of the second root stays in front."""
    parts = path.split(b"/")[:-1]
    return [b"/".join(parts[: number + 1]) for number in range(len(parts))]


@dataclass(frozen=True)
class Scenario:
    """An operation on a tree. `meanwhile` happens between planning and execution.

    `across`: the second root (`@`) must lie on another file system. `undone`: what is cut off is the rollback of
    the operation (1), or the rollback of that (2), not the operation. `state`: how it ends when nothing cuts it off.
    `batch`: how many records the journal's batches take, in place of the executor's own number.
    `comes_back`: taking it back again brings the tree of before; not where a person did something about it meanwhile.
    """

    name: str
    home: Tree
    lines: list[Line]
    disk: Tree = field(default_factory=dict)
    across: bool = False
    reviewed: bool = False
    meanwhile: Callable[[Scene], None] | None = None
    undone: int = 0
    state: State = "completed"
    comes_back: bool = True
    batch: int = BATCH_RECORDS

    def with_kind(self, kind: str, instead: str) -> Scenario:
        """Return the same with other lines."""
        lines = [(instead if line[0] == kind else line[0], *line[1:]) for line in self.lines]
        return replace(self, name=self.name.replace("links", "clones"), lines=cast("list[Line]", lines))


def _many(count: int) -> Mapping[bytes | str, trees.Node]:
    return {f"{number}.txt": f"content {number}" for number in range(count)}


def _take(name: str) -> Callable[[Scene], None]:
    def take(scene: Scene) -> None:
        trees.write(os.path.join(scene.root, name), b"somebody was faster")

    return take


def _save_anew(name: str) -> Callable[[Scene], None]:
    def save(scene: Scene) -> None:
        trees.write(os.path.join(scene.root, "~"), b"a later version")
        os.replace(os.path.join(scene.root, "~"), os.path.join(scene.root, name))

    return save


def _take_on_disk(name: str) -> Callable[[Scene], None]:
    def take(scene: Scene) -> None:
        trees.write(os.path.join(scene.disk, name), b"somebody was faster")

    return take


def _remove(name: str) -> Callable[[Scene], None]:
    def remove(scene: Scene) -> None:
        os.unlink(os.path.join(scene.root, name))

    return remove


_METADATA = File(b"private", mode=0o440, mtime_ns=-5_000_000_001, xattrs={"user.note": b"kept"})
_WITH_ACL = File(b"shared", mode=0o640, xattrs={"system.posix_acl_access": trees.acl(12345, 4)})
_SWAP: list[Line] = [("move", "a", "t"), ("move", "b", "a"), ("move", "t", "b")]
_FOLDERS: Tree = {"old": Folder({"in": Folder({"a": "1", "b": "2"}, mode=0o750)}, mode=0o711), "c": "3"}
_EMPTYING: list[Line] = [
    ("mkdir", "", "new"),
    ("move", "old/in/a", "new/a"),
    ("move", "old/in/b", "new/b"),
    ("rmdir", "old/in", ""),
    ("rmdir", "old", ""),
    ("move", "c", "old"),
]
_GROUP: list[Line] = [
    (kind, f"i.{end}", f"to/i.{end}", 1) for kind, end in (("move", "jpg"), ("move", "raw"), ("move", "xmp"))
]
_GROUP_ACROSS: list[Line] = [("move", f"i.{end}", f"@to/i.{end}", 1) for end in ("jpg", "raw", "xmp")]
_I: Tree = {"i.jpg": "picture", "i.raw": "raw", "i.xmp": "notes", "z": "last"}
_TWINS: Tree = {
    "a": File(b"same", mode=0o644),
    "b": File(b"same", mode=0o600, mtime_ns=-5_000_000_001, xattrs={"user.note": b"kept"}),
    "in": {"c": File(b"same", mtime_ns=1), "d": BIG, "e": BIG},
    "f": "other",
}
_TRASHED: list[Line] = [("duplicate", "b", "a"), ("duplicate", "in/c", "a"), ("duplicate", "in/e", "in/d")]
_LINKED: list[Line] = [("hardlink", "b", "a"), ("hardlink", "in/c", "a"), ("hardlink", "in/e", "in/d")]
_NAMES: Tree = {"a": "one file", "b": HardLink("a"), "in": {"c": HardLink("../a")}, "z": "last"}
_NAMES_ACROSS: list[Line] = [("move", "in/c", "@in/c"), ("move", "a", "@a", 1), ("move", "b", "@b", 1)]
_FAMILY: Tree = {"a.jpg": "1", "a.raw": "2", "b.jpg": "1", "b.raw": "2", "z": "last"}
_FAMILY_TRASHED: list[Line] = [("duplicate", "b.jpg", "a.jpg", 1), ("duplicate", "b.raw", "a.raw", 1)]

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("one move", {"a": "1"}, [("mkdir", "", "to"), ("move", "a", "to/a")]),
    Scenario("many moves", _many(40), [("move", f"{n}.txt", f"to/{n % 3}/{n}.txt") for n in range(40)]),
    Scenario("more than a batch", _many(24), [("move", f"{n}.txt", f"to/{n}.txt") for n in range(24)], batch=8),
    Scenario("group", _I, [*_GROUP, ("move", "z", "to/z")]),
    Scenario("group, one missing", _I, [*_GROUP, ("move", "z", "to/z")], meanwhile=_remove("i.xmp"), state="partial"),
    Scenario("group, one taken", _I, [*_GROUP, ("move", "z", "to/z")], meanwhile=_take("to/i.raw")),
    Scenario(
        "group, one taken, reviewed",
        _I,
        [*_GROUP, ("move", "z", "to/z")],
        reviewed=True,
        meanwhile=_take("to/i.xmp"),
        state="partial",
    ),
    Scenario("chain", {"a": "1", "b": "2", "c": "3"}, [("move", "c", "d"), ("move", "b", "c"), ("move", "a", "b")]),
    Scenario("swap", {"a": "1", "b": "2"}, _SWAP),
    Scenario("on and on", {"a": "1"}, [("move", "a", "b"), ("move", "b", "c"), ("move", "c", "a2")]),
    Scenario("numbered", {"a": "1", "b": "2"}, [("move", "a", "to/x"), ("move", "b", "to/y")], meanwhile=_take("to/x")),
    Scenario(
        "taken, reviewed",
        {"a": "1", "b": "2"},
        [("move", "a", "to/x"), ("move", "b", "to/y")],
        reviewed=True,
        meanwhile=_take("to/x"),
        state="partial",
    ),
    Scenario("trash", {"a": "1", "in": {"b": "2"}}, [("trash", "a", ""), ("trash", "in/b", "")]),
    Scenario("copy", {"a": "1", "b": BIG}, [("copy", "a", "to/a"), ("copy", "b", "to/b"), ("move", "a", "to/moved")]),
    Scenario("emptied folders", _FOLDERS, _EMPTYING),
    Scenario(
        "hard links",
        {"a": File(b"1", mode=0o600), "b": HardLink("a"), "c": HardLink("a")},
        [("move", "a", "to/a"), ("move", "b", "to/b")],
    ),
    Scenario("hostile names", trees.HOSTILE, [("move", n, b"to/" + n) for n in trees.HOSTILE_NAMES[:8]]),
    Scenario("across", {"a": "1"}, [("mkdir", "", "@to"), ("move", "a", "@to/a")], across=True),
    Scenario("across, big", {"a": BIG, "b": b""}, [("move", "a", "@x/y/a"), ("move", "b", "@b")], across=True),
    Scenario(
        "across, metadata",
        {"a": _METADATA, "b": _WITH_ACL},
        [("move", "a", "@to/a"), ("move", "b", "@to/b"), ("move", "@back", "back")],
        {"back": "and back"},
        across=True,
    ),
    Scenario(
        "across, more than a batch", _many(40), [("move", f"{n}.txt", f"@to/{n % 5}/{n}.txt") for n in range(40)],
        across=True,
    ),
    Scenario("across, group", _I, [*_GROUP_ACROSS, ("move", "z", "@to/z")], across=True),
    Scenario(
        "across, groups of one name",
        {f"{name}.{end}": f"{name} {end}" for name in "ab" for end in ("jpg", "xmp")},
        [("move", f"{name}.{end}", f"@to/x.{end}", number) for number, name in enumerate("ab", 1)
         for end in ("jpg", "xmp")],
        across=True,
    ),
    Scenario(
        "across, group, one missing",
        _I,
        [*_GROUP_ACROSS, ("move", "z", "@to/z")],
        across=True,
        meanwhile=_remove("i.xmp"),
        state="partial",
    ),
    Scenario(
        "across, numbered", {"a": "1", "b": "2"}, [("move", "a", "@x"), ("move", "b", "@y")], across=True,
        meanwhile=_take_on_disk("x"),
    ),
    Scenario(
        "across, cycle",
        {"a": "1", "c": "3"},
        [("move", "a", "@t"), ("move", "c", "a"), ("move", "@b", "c"), ("move", "@t", "@b")],
        {"b": "2"},
        across=True,
    ),
    Scenario("across, copy", {"a": "1"}, [("copy", "a", "@to/a"), ("move", "a", "@to/b")], across=True),
    Scenario("rollback", _FOLDERS, _EMPTYING, undone=1),
    Scenario("rollback of a swap", {"a": "1", "b": "2"}, _SWAP, undone=1),
    Scenario(
        "rollback of a group", _I, [*_GROUP, ("copy", "z", "to/z"), ("trash", "z", "")], undone=1,
    ),
    Scenario("rollback, numbered", _many(5), [("move", f"{n}.txt", f"to/{n}") for n in range(5)], undone=1,
             meanwhile=_take("3.txt")),
    Scenario("rollback across", _I, [*_GROUP_ACROSS, ("move", "z", "@to/z")], across=True, undone=1),
    Scenario("duplicates", _TWINS, _TRASHED),
    Scenario("duplicates, undone", _TWINS, _TRASHED, undone=1),
    Scenario("duplicates, done again", _TWINS, _TRASHED, undone=2),
    Scenario("duplicates, of a group", _FAMILY, [*_FAMILY_TRASHED, ("move", "z", "to/z")]),
    Scenario("duplicates, of a group, undone", _FAMILY, _FAMILY_TRASHED, undone=1),
    Scenario("duplicates, of a group, done again", _FAMILY, _FAMILY_TRASHED, undone=2),
    Scenario(
        "duplicates of what is gone, or changed", _TWINS, [("duplicate", "b", "a"), ("duplicate", "in/e", "in/d")],
        meanwhile=_remove("a"), state="partial",
    ),
    Scenario(
        "duplicates of what is elsewhere", {"a": "1", "b": BIG}, [("duplicate", "a", "@a"), ("duplicate", "b", "@b")],
        {"a": "1", "b": BIG}, across=True,
    ),
    Scenario("links for duplicates", _TWINS, _LINKED),
    Scenario("links for duplicates, undone", _TWINS, _LINKED, undone=1),
    Scenario("links for duplicates, done again", _TWINS, _LINKED, undone=2),
    Scenario(
        "links for duplicates, undone, taken", _TWINS, _LINKED, undone=1, meanwhile=_save_anew("b"), state="partial",
    ),
    Scenario("links for duplicates, of what is gone", _TWINS, _LINKED, undone=1, meanwhile=_remove("a"),
             comes_back=False),
    Scenario(
        "links for duplicates, their places taken", _TWINS, _LINKED, meanwhile=_take(".shelver-trash/op1/b"),
    ),
    Scenario(
        "links for duplicates, one changed", _TWINS, _LINKED, meanwhile=_save_anew("in/e"), state="partial",
    ),
    Scenario("names of one file to another disk", _NAMES, _NAMES_ACROSS, across=True),
    Scenario("names of one file back from another disk", _NAMES, _NAMES_ACROSS, across=True, undone=1),
    Scenario("links across", {"a": "1"}, [("hardlink", "a", "@a")], {"a": "1"}, across=True, state="partial"),
)  # fmt: skip

CLONES = tuple(
    each.with_kind("hardlink", "reflink")
    for each in SCENARIOS
    if each.name.startswith("links for") and each.name != "links for duplicates, of what is gone"
)
"""The same with clones for the links, for file systems that let two files share their blocks."""
