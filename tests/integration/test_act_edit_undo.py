"""Any plan, any meddling, then an undo: no content is ever lost, and nothing that a person did is crossed.

Paths that begin with `@` are on the second root, on another file system where there is one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import trees
from tests.acting import Done, Line, Scene
from tests.crash import seam

NAMES = ("a.txt", "A.txt", "b", "-rf", "n\n", "\x1b[/]", "b (1)")
FOLDERS = ("", "x/", "x/y/", "z/")
ELSEWHERE = (b"@a.txt", b"@b", b"@x/a.txt", b"@x/\xff", b"@z/n\n")
PATHS = (*(os.fsencode(folder + name) for folder in FOLDERS for name in NAMES), b"x/\xff", b"z/\xff", *ELSEWHERE)
OTHER = Path("/dev/shm")

a_path = st.sampled_from(PATHS)
a_number = st.integers(min_value=0, max_value=99)

Tree = dict[bytes, trees.Found]


@st.composite
def plans(draw: st.DrawFn) -> tuple[set[bytes], list[Line]]:
    """Return the files of a tree, and lines of a plan that makes sense on it. Chains and swaps come of themselves."""
    files = draw(st.sets(a_path, min_size=1, max_size=8))
    present = sorted(files)
    copies: list[bytes] = []
    folders = {path.rpartition(b"/")[0] for path in files}
    lines: list[Line] = []
    group = 0
    for kind, number, destination, joined in draw(
        st.lists(
            st.tuples(st.sampled_from(["move"] * 6 + ["copy", "trash"]), a_number, a_path, st.booleans()), max_size=10
        )
    ):
        if not present:
            break
        source = present[number % len(present)]
        if destination in [*present, *copies] or kind == "trash":
            if kind != "trash":
                continue
            root = b"@" if source.startswith(b"@") else b""
            lines.append(("trash", source, root + b".shelver-trash/op/%d" % len(lines)))
            present.remove(source)
            continue
        for folder in _above(destination):
            if folder not in folders:
                folders.add(folder)
                lines.append(("mkdir", "", folder))
        mates = _mates(lines) if joined and kind == "move" else []
        if mates and not {source, destination} & {path for line in mates for path in line[1:3]}:
            if len(mates[0]) == 3:
                group += 1
                lines[-1] = (*mates[0][:3], group)
            lines.append(("move", source, destination, group))
        else:
            lines.append((kind, source, destination))
        if kind == "move":
            present.remove(source)
            present.append(destination)
        else:
            copies.append(destination)  # nobody plans what to do with a copy that is not there yet
    for folder in sorted(folders - {b""}, key=len, reverse=True):
        if draw(st.booleans()) and not any(path.startswith(folder + b"/") for path in [*present, *copies, *folders]):
            folders.discard(folder)
            lines.append(("rmdir", folder, ""))
    return files, lines


def _above(path: bytes) -> list[bytes]:
    parts = path.split(b"/")[:-1]
    return [b"/".join(parts[: number + 1]) for number in range(len(parts))]


def _mates(lines: list[Line]) -> list[Line]:
    """Return the lines of the group that the last line belongs to, or that it could begin."""
    if not lines or lines[-1][0] != "move":
        return []
    last = lines[-1]
    return [last] if len(last) == 3 else [line for line in lines if len(line) == 4 and line[3] == last[3]]


meddling = st.lists(
    st.tuples(st.sampled_from(["edit", "save anew", "delete", "rename", "create"]), a_number, a_path), max_size=6
)


@contextmanager
def a_scene() -> Iterator[Scene]:
    with (
        seam.installed(seam.without_syncs(seam.carry_out)),
        tempfile.TemporaryDirectory() as directory,
        tempfile.TemporaryDirectory(dir=OTHER if OTHER.is_dir() else None) as disk,
        Scene(Path(directory), Path(disk)) as scene,
    ):
        yield scene


def act(scene: Scene, plan: tuple[set[bytes], list[Line]]) -> Done:
    build(scene, plan[0])
    return scene.act(plan[1])


def build(scene: Scene, files: set[bytes]) -> None:
    for path in files:
        trees.write(full(scene, path), b"content of " + path)


def full(scene: Scene, path: bytes) -> bytes:
    return os.path.join(scene.roots[1], path[1:]) if path.startswith(b"@") else os.path.join(scene.roots[0], path)


def look(scene: Scene) -> Tree:
    """Read both roots, without what is in the trash."""
    home, disk = trees.read(scene.root), trees.read(scene.disk)
    found = {**home, **{b"@" + path: item for path, item in disk.items()}}
    return {path: item for path, item in found.items() if trees.TRASH not in path.lstrip(b"@").split(b"/")}


def meddle(scene: Scene, acts: list[tuple[str, int, bytes]]) -> dict[bytes, bytes]:
    """Do what people do. Returns what they made where nothing was, and what they renamed: it must stay there."""
    theirs: dict[bytes, bytes] = {}
    for number, (what, which, path) in enumerate(acts):
        files = sorted(path for path, found in look(scene).items() if found.kind == "file")
        mine = b"mine %d" % number
        if what == "create":
            if path not in files and _make(scene, path, mine):
                theirs[path] = mine
            continue
        if not files:
            continue
        name = files[which % len(files)]
        here = full(scene, name)
        if what == "delete":
            os.unlink(here)
            theirs.pop(name, None)
        elif what == "rename":
            new = here + b".renamed%d" % number
            os.rename(here, new)
            theirs.pop(name, None)
            theirs[name + b".renamed%d" % number] = trees.content(new)
        else:
            if what == "save anew":
                trees.write(here + b"~", mine)
                os.replace(here + b"~", here)
            trees.write(here, mine, mtime_ns=trees.LONG_AGO + number + 1)
            if name in theirs:
                theirs[name] = mine
    return theirs


def _make(scene: Scene, path: bytes, content: bytes) -> bool:
    try:
        trees.write(full(scene, path), content)
    except (
        FileExistsError,
        NotADirectoryError,
        IsADirectoryError,
    ):  # a folder has a file's name, or the other way round
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans())
def test_undone_as_if_nothing_had_been(plan: tuple[set[bytes], list[Line]]) -> None:
    check_round_trip(plan)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), meddling, st.sampled_from(["number", "skip"]), st.booleans())
def test_nothing_is_lost_or_crossed(
    plan: tuple[set[bytes], list[Line]], acts: list[tuple[str, int, bytes]], on_conflict: str, partly: bool
) -> None:
    check_meddled(plan, acts, on_conflict, partly)


@pytest.mark.heavy
@pytest.mark.timeout(240)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans(), meddling, st.sampled_from(["number", "skip"]), st.booleans())
def test_nothing_is_lost_or_crossed_in_many_ways(
    plan: tuple[set[bytes], list[Line]], acts: list[tuple[str, int, bytes]], on_conflict: str, partly: bool
) -> None:
    check_round_trip(plan)
    check_meddled(plan, acts, on_conflict, partly)


def check_round_trip(plan: tuple[set[bytes], list[Line]]) -> None:
    """Act and undo, redo and undo: the same trees."""
    with a_scene() as scene:
        build(scene, plan[0])
        before = look(scene)
        done = act(scene, plan)
        assert done.state == "completed", done.results()
        after = look(scene)
        undone = scene.undo(done)
        assert undone.state == "completed", undone.results()
        assert look(scene) == before
        redone = scene.undo(undone)
        assert redone.state == "completed", redone.results()
        assert look(scene) == after


def check_meddled(
    plan: tuple[set[bytes], list[Line]], acts: list[tuple[str, int, bytes]], on_conflict: str, partly: bool
) -> None:
    """Act, meddle, undo (all, or what is in one folder), redo: all contents there, what people made untouched."""
    with a_scene() as scene:
        done = act(scene, plan)
        theirs = meddle(scene, acts)
        contents = trees.contents(scene.root, scene.disk)
        only = [os.path.join(os.fsencode(scene.root), b"x")] if partly and _is_about(plan, b"x/") else None
        undone = scene.undo(done, only=only, on_conflict=on_conflict)  # type: ignore[arg-type]
        check_kept(scene, contents, theirs, plan)
        scene.undo(undone)
        check_kept(scene, contents, theirs, plan)


def _is_about(plan: tuple[set[bytes], list[Line]], prefix: bytes) -> bool:
    return any(
        os.fsencode(path).startswith(prefix) for line in plan[1] if line[0] in ("move", "copy") for path in line[1:3]
    )


def check_kept(scene: Scene, contents: object, theirs: dict[bytes, bytes], plan: tuple[set[bytes], list[Line]]) -> None:
    """Every content is somewhere; what people made is where they made it, but for the places that the plan filled."""
    assert trees.contents(scene.root, scene.disk) == contents
    found = look(scene)
    filled = {os.fsencode(line[2]) for line in plan[1] if line[0] in ("move", "copy", "trash")}
    for path, content in theirs.items():
        if path not in filled:  # there it cannot be told from the operation's file, saved anew
            assert path in found and found[path].content == content, path
