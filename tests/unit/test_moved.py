"""What an operation did, as the index hears of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from agent.moved import left_in_use, remember_in_contents, remember_own_moves
from core import duplicates
from core.config import Config, Folder
from core.duplicates.contents import Contents
from core.model import Plan
from core.storage.local import LocalStorage
from core.stores.index import Index
from tests.acting import Done, Line, Scene
from tests.trees import build

LONG_AGO = 1_000_000_000 * 10**9


class Place:
    """Two folders with an index of both, in which every file was first seen long ago."""

    def __init__(self, directory: Path) -> None:
        self.scene = Scene(directory)
        self.index = Index(directory / "index.db")
        self.home, self.disk = self.scene.roots
        self.config = Config(folders=(Folder("home", self.home), Folder("disk", self.disk)))

    def build(self, *names: str) -> None:
        build(self.scene.root, dict.fromkeys(names, "text"))
        self.see(self.home, map(os.fsencode, names))

    def see(self, root: bytes, paths: Iterable[bytes]) -> None:
        with LocalStorage(root) as storage:
            entries = [entry for path in paths if (entry := storage.entry(path))]
        self.index.update(root, entries, [], {entry.path: LONG_AGO for entry in entries})

    def act(self, lines: list[Line]) -> Done:
        done = self.scene.act(lines)
        remember_own_moves(done.files, done.outcomes, self.index, self.config)
        return done

    def age(self, root: bytes, path: bytes) -> int | None:
        return self.index.seen(root, [path]).get(path)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.index.close()
    place.scene.history.close()


def test_a_file_that_shelver_moved_is_no_younger_and_no_news(place: Place) -> None:
    place.build("a.txt", "b.txt")
    place.act([("mkdir", "", "new"), ("move", "a.txt", "new/a.txt"), ("move", "b.txt", "@b.txt")])
    assert place.age(place.home, b"new/a.txt") == LONG_AGO
    assert place.age(place.disk, b"b.txt") == LONG_AGO
    assert place.index.folder_entries(place.home).keys() == {b"new/a.txt"}


def test_files_that_swap_their_names_keep_their_own_age(place: Place) -> None:
    place.build("old")
    build(place.scene.root, {"young": "another text"})
    place.act([("move", "old", "aside"), ("move", "young", "old"), ("move", "aside", "young")])
    assert place.age(place.home, b"young") == LONG_AGO
    assert place.age(place.home, b"old") != LONG_AGO
    assert place.age(place.home, b"aside") is None


def test_a_copy_is_as_young_as_it_is(place: Place) -> None:
    place.build("a.txt")
    place.act([("copy", "a.txt", "b.txt")])
    assert place.age(place.home, b"a.txt") == LONG_AGO
    assert place.age(place.home, b"b.txt") not in (None, LONG_AGO)


def test_a_newcomer_under_the_old_name_has_an_age_of_its_own(place: Place) -> None:
    place.build("a.txt")
    done = place.scene.act([("move", "a.txt", "b.txt")])
    build(place.scene.root, {"a.txt": "another"})
    remember_own_moves(done.files, done.outcomes, place.index, place.config)
    assert place.age(place.home, b"b.txt") == LONG_AGO


def test_what_was_open_is_news_again_and_no_younger(place: Place) -> None:
    place.build("open.txt", "free.txt")
    known = place.index.folder_entries(place.home)[b"open.txt"]
    with open(place.home + b"/open.txt", "ab"):
        done = place.act([("move", "open.txt", "c.txt"), ("move", "free.txt", "d.txt")])
    assert left_in_use(done.files, done.outcomes, place.index, place.config) == {place.home: [b"open.txt"]}
    assert place.index.folder_entries(place.home)[b"open.txt"] != known
    assert place.age(place.home, b"open.txt") == LONG_AGO


def test_what_belongs_with_an_open_file_is_news_again_with_it(place: Place) -> None:
    place.build("a.jpg", "a.xmp")
    with open(place.home + b"/a.jpg", "ab"):
        done = place.act([("move", "a.jpg", "b.jpg", 1), ("move", "a.xmp", "b.xmp", 1)])
    found = left_in_use(done.files, done.outcomes, place.index, place.config)
    assert {path for paths in found.values() for path in paths} == {b"a.jpg", b"a.xmp"}


def test_of_what_the_agent_asked_for_the_planner_leaves_open_files_out(place: Place) -> None:
    place.build("open.txt", "free.txt")
    request = place.scene.request(automatic=True, paths=[b"open.txt", b"free.txt", b"gone.txt"])
    files = place.scene.files(request.id)
    files.write_plan(Plan(request.id, place.scene.roots, []))
    with open(place.home + b"/open.txt", "ab"):
        assert left_in_use(files, files.outcomes(), place.index, place.config) == {place.home: [b"open.txt"]}
    assert not left_in_use(files, files.outcomes(), place.index, place.config)


def test_a_copy_of_what_shelver_moved_is_found_where_it_lies_now(place: Place, tmp_path: Path) -> None:
    contents = tmp_path / "contents.db"
    places = [duplicates.Place(folder.name, folder.path) for folder in place.config.folders]
    place.build("a.txt", "b.txt")
    done = place.act([("mkdir", "", "new"), ("move", "a.txt", "new/a.txt"), ("move", "b.txt", "@b.txt")])
    remember_in_contents(done.files, done.outcomes, contents, place.config)
    assert not contents.exists()  # nobody looks for duplicates
    with Contents(contents) as known:
        duplicates.find_copies(place.disk, [], places, known)  # walks both folders
    done = place.act([("move", "new/a.txt", "@a.txt"), ("move", "@b.txt", "c.txt")])
    off = Folder("home", place.home, duplicates="off")
    remember_in_contents(done.files, done.outcomes, contents, Config(folders=(off, place.config.folders[1])))
    build(place.scene.root, {"arrives": "text"})
    with Contents(contents) as known, LocalStorage(place.home) as storage:
        entry = storage.entry(b"arrives")
        assert entry is not None
        (group,) = duplicates.find_copies(place.home, [entry], places, known)
    assert [(member.root, member.entry.path) for member in group.members] == [
        (place.disk, b"a.txt"),
        (place.home, b"arrives"),
    ]
