"""What a few files that arrived are copies of, wherever the others lie, and how little is read to tell."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core.duplicates import Groups, find_copies
from core.duplicates.arrivals import STALE_NS
from core.duplicates.contents import Arrival
from core.duplicates.reader import END, WHOLE
from core.storage import Entry
from core.storage.local import LocalStorage
from tests.copies import Searcher, names, relative, truth
from tests.trees import File, HardLink, build

LONG = WHOLE + 1000


class Receiver(Searcher):
    """Searches, and looks up what arrived in its first place."""

    def arrive(self, *paths: str) -> Groups:
        """Look some files up, and note how it went."""
        self.phases.clear()
        root = self.places[0].root
        with self.contents() as contents, LocalStorage(root) as storage:
            entries = [entry for path in paths if (entry := storage.entry(os.fsencode(path)))]
            return find_copies(root, entries, self.places, contents, self.report)

    @property
    def walked(self) -> bool:
        """Whether the last time anything was walked."""
        return any(phase == "scanning" for phase, _, _ in self.phases)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """The folder that files arrive in."""
    (tmp_path / "one").mkdir()
    return tmp_path / "one"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Another folder."""
    (tmp_path / "two").mkdir()
    return tmp_path / "two"


@pytest.fixture
def receiver(tmp_path: Path, one: Path, two: Path) -> Receiver:
    """A receiver for both folders."""
    return Receiver(tmp_path / "contents.db", one, two)


def test_a_copy_is_found_in_a_place_that_was_only_walked(one: Path, two: Path, receiver: Receiver) -> None:
    build(two, {"deep": {"a": "same"}, "b": "SAME", "c": "longer"})
    build(one, {"new": "same"})
    groups = receiver.arrive("new")
    assert names(groups) == truth([one, two])
    assert receiver.walked
    assert relative(groups[:]) == [[b"new", b"deep/a"]]
    receiver.arrive("new")
    assert not receiver.walked


def test_a_copy_is_found_of_what_a_search_read(one: Path, two: Path, receiver: Receiver) -> None:
    build(two, {"a": "same", "b": "same", "c": HardLink("a"), "other": "else"})
    receiver.search()
    build(one, {"new": "same"})
    groups = receiver.arrive("new")
    assert not receiver.walked
    assert names(groups) == truth([one, two])


def test_files_that_arrive_together_or_one_after_the_other(one: Path, receiver: Receiver) -> None:
    build(one, {"a": "same", "b": "same", "c": "other"})
    assert relative(receiver.arrive("a", "b", "c")) == [[b"a", b"b"]]
    build(one, {"d": "same", "e": "other", "f": "new"})
    assert relative(receiver.arrive("d", "e", "f")) == [[b"c", b"e"], [b"a", b"b", b"d"]]
    assert not receiver.arrive("f")


def test_long_files_are_read_whole_only_when_their_ends_agree(one: Path, two: Path, receiver: Receiver) -> None:
    ends = os.urandom(END)
    content, twin = (ends + middle * 100_000 + ends for middle in (b"x", b"y"))
    build(two, {"a": File(content), "b": File(twin), "c": File(os.urandom(len(content)))})
    receiver.search()
    build(one, {"new": File(content)})
    groups = receiver.arrive("new")
    assert names(groups) == truth([one, two])
    assert len(groups) == 1


def test_one_more_name_of_a_file_is_no_copy(one: Path, receiver: Receiver) -> None:
    build(one, {"a": "same"})
    receiver.search()
    build(one, {"new": HardLink("a")})
    assert not receiver.arrive("new")
    build(one, {"b": "same"})
    (group,) = receiver.arrive("b")
    assert [(member.entry.path, member.also) for member in group.members] == [
        (b"a", ((os.fsencode(one), b"new"),)),
        (b"b", ()),
    ]


def test_what_changed_or_went_since_is_no_copy_and_what_became_one_is(one: Path, two: Path, receiver: Receiver) -> None:
    build(two, {"gone": "same", "edited": "same", "becomes": "else", "stays": "same"})
    receiver.search()
    (two / "gone").unlink()
    (two / "edited").write_bytes(b"SAME")
    build(one, {"new": "same"})
    assert relative(receiver.arrive("new")) == [[b"new", b"stays"]]
    (two / "becomes").write_bytes(b"same")
    assert relative(receiver.arrive("new")) == [[b"new", b"stays"]]  # nobody told, and its content was another
    receiver.search()
    assert relative(receiver.arrive("new")) == [[b"new", b"becomes", b"stays"]]


def test_nothing_is_looked_up_that_a_search_would_not_look_at(one: Path, tmp_path: Path) -> None:
    build(
        one,
        {
            "a": "same",
            "new.part": "same",
            ".hidden": "same",
            "b.iso": "same",
            "e1": "",
            "e2": "",
            "inner": {"c": "same"},
        },
    )
    receiver = Receiver(tmp_path / "contents.db", one, ignore=("*.iso",))
    assert not receiver.arrive("new.part", ".hidden", "b.iso", "e1", "e2", "nothing")
    (one / "b.iso").unlink()
    both = Receiver(tmp_path / "contents.db", one, one / "inner")
    (group,) = both.arrive("a")  # though the first walk took `inner` for its own
    assert [(member.root, member.entry.path, member.also) for member in group.members] == [
        (os.fsencode(one), b"a", ()),
        (os.fsencode(one / "inner"), b"c", ()),
    ]


def test_a_file_that_vanishes_meanwhile_is_left_out(one: Path, receiver: Receiver) -> None:
    build(one, {"a": "same", "b": "same"})
    receiver.search()
    root = os.fsencode(one)
    with receiver.contents() as contents, LocalStorage(root) as storage:
        entry = storage.entry(b"b")
        assert entry
        (one / "b").unlink()
        groups = find_copies(root, [entry], receiver.places, contents)
    assert not groups
    assert groups.left_out == {"files that cannot be read": 1}


def test_a_search_takes_over_what_was_read_of_arrivals(one: Path, receiver: Receiver) -> None:
    build(one, {"a": "same", "long": File(b"x" * LONG)})
    receiver.search()
    build(one, {"b": "same", "new": File(b"x" * LONG)})
    assert len(receiver.arrive("b", "new")) == 2
    assert len(receiver.search()) == 2
    assert receiver.read == 0
    with receiver.contents() as contents:
        assert contents.arrivals(os.fsencode(one)) == []
    assert len(receiver.search()) == 2
    assert receiver.read == 0


def test_a_place_is_walked_again_after_a_while(one: Path, two: Path, receiver: Receiver) -> None:
    build(one, {"new": "same"})
    receiver.arrive("new")
    build(two, {"unheard-of": "same"})
    assert not receiver.arrive("new")
    later = time.time_ns() + 2 * STALE_NS
    with receiver.contents() as contents:
        contents.clock = lambda: later
        root = os.fsencode(one)
        with LocalStorage(root) as storage:
            entry = storage.entry(b"new")
        assert entry
        assert names(find_copies(root, [entry], receiver.places, contents)) == truth([one, two])


def test_keys_are_made_anew_when_most_are_of_what_is_gone(one: Path, two: Path, receiver: Receiver) -> None:
    for turn in range(12):
        build(two, {f"d{turn}": {"a": f"{turn:04}"}, "stays": {f"s{turn}": f"{turn + 50:04}"}})
        receiver.search()
        build(one, {f"new{turn}": f"{turn:04}"})
        assert len(receiver.arrive(f"new{turn}")) == 1
        (two / f"d{turn}/a").unlink()
        (two / f"d{turn}").rmdir()
    with receiver.contents() as contents:
        (keys,) = contents._ask("SELECT count(*) FROM keys")[0]
    assert keys < 100


def test_a_file_from_a_far_future_is_remembered_as_it_is(one: Path, receiver: Receiver) -> None:
    """Numbers that a column of SQLite does not hold, as some file systems have them."""
    root = os.fsencode(one)
    odd = Entry(b"odd", (1 << 64) - 5, 4, 1 << 64, 5, (1 << 63) + 1, 2)
    with receiver.contents() as contents:
        contents.take_in([Arrival(root, odd, b"h" * 16, b"")])
        assert contents.arrivals(root) == [Arrival(root, odd, b"h" * 16, b"")]


@pytest.mark.parametrize("moment", [-(1 << 40), 9_000_000_000_123_456_789])
def test_files_of_any_age(one: Path, receiver: Receiver, moment: int) -> None:
    build(
        one,
        {
            "a": File(b"same", mtime_ns=moment),
            "b": File(b"same", mtime_ns=moment),
            "new": File(b"same", mtime_ns=moment),
        },
    )
    assert relative(receiver.arrive("new")) == [[b"a", b"b", b"new"]]
    assert relative(receiver.search()) == [[b"a", b"b", b"new"]]
