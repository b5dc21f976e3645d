"""The exact finder: what is the same is found, and nothing else, whatever the tree and however often it is asked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.duplicates import readers
from core.duplicates.reader import END, WHOLE
from core.errors import Cancelled
from tests.copies import Names, Searcher, names, relative, truth
from tests.trees import File, HardLink, Symlink, build

LONG = WHOLE + 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder to search in."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def searcher(tmp_path: Path, root: Path) -> Searcher:
    """A searcher of that folder."""
    return Searcher(tmp_path / "contents.db", root)


# -- what is the same -------------------------------------------------------------------------------


def test_copies_are_found_in_all_subfolders_largest_first(root: Path, searcher: Searcher) -> None:
    build(root, {"b": "small", "deep": {"er": {"a": "small"}, "c": "larger one"}, "d": "larger one", "e": "other"})
    groups = searcher.search()
    assert relative(groups) == [[b"d", b"deep/c"], [b"b", b"deep/er/a"]]
    assert [group.size for group in groups] == [10, 5]
    assert groups[0] == next(iter(groups))
    assert groups[-1:] == [groups[1]]
    with pytest.raises(IndexError):
        groups[2]


def test_a_member_is_told_as_it_lies_there(root: Path, searcher: Searcher) -> None:
    build(root, {"a": File(b"same", mtime_ns=-5), "b": "same"})
    (group,) = searcher.search()
    entry, status = group.members[0].entry, os.stat(root / "a")
    assert (entry.inode, entry.size, entry.mtime_ns, entry.ctime_ns, entry.device, entry.links) == (
        status.st_ino, 4, -5, status.st_ctime_ns, status.st_dev, 1,
    )  # fmt: skip


def test_hard_links_are_one_file_with_several_names(root: Path, searcher: Searcher) -> None:
    build(
        root, {"a": "same", "z": "same", "alone": "alone", "deep": {"b": HardLink("../a"), "l": HardLink("../alone")}}
    )
    (group,) = searcher.search()
    assert [(member.entry.path, member.also) for member in group.members] == [
        (b"a", ((os.fsencode(root), b"deep/b"),)),
        (b"z", ()),
    ]
    assert group.members[0].entry.links == 2


def test_copies_are_found_across_places_and_a_nested_place_owns_its_files(tmp_path: Path) -> None:
    build(tmp_path, {"one": {"a": "same", "inner": {"b": "same"}}, "two": {"c": "same"}})
    one, inner, two = tmp_path / "one", tmp_path / "one/inner", tmp_path / "two"
    (group,) = Searcher(tmp_path / "contents.db", one, inner, two, one).search()
    assert [(member.root, member.entry.path, member.also) for member in group.members] == [
        (os.fsencode(one), b"a", ()),
        (os.fsencode(inner), b"b", ()),
        (os.fsencode(two), b"c", ()),
    ]


def test_names_of_any_kind(root: Path, searcher: Searcher) -> None:
    hostile = [b"\n", b"-rf", b"\x1b[2J", b"\xff\xfe", "é".encode(), b"x" * 255, b" ", b"[/]"]
    build(root, {**dict.fromkeys(hostile, "same"), b"\xffd\n": {b"e": "same"}})
    (group,) = searcher.search()
    assert {member.entry.path for member in group.members} == {*hostile, b"\xffd\n/e"}


# -- what is not ------------------------------------------------------------------------------------


def test_empty_small_linked_and_special_files_are_left_alone(root: Path, searcher: Searcher) -> None:
    build(root, {"e1": "", "e2": "", "s1": "four", "s2": "four", "a": "enough", "b": "enough", "l": Symlink("a")})
    build(root.parent / "outside", {"c": "enough"})
    (root / "way-out").symlink_to(root.parent / "outside")
    os.mkfifo(root / "pipe")
    assert relative(searcher.search(min_size=5)) == [[b"a", b"b"]]


@pytest.mark.parametrize(
    "folder",
    [".hidden", ".shelver-trash", "node_modules", "Node_Modules", "@eaDir", "A.photoslibrary", "Mail.app"],
)
def test_folders_that_are_never_entered(root: Path, searcher: Searcher, folder: str) -> None:
    build(root, {"a": "same", "deep": {folder: {"b": "same", "more": {"c": "same"}}}})
    assert not searcher.search()


@pytest.mark.parametrize("mark", [".git", ".hg", "_darcs", "CVS", "pyvenv.cfg"])
def test_projects_are_never_entered(root: Path, searcher: Searcher, mark: str) -> None:
    build(root, {"a": "same", "project": {mark: "", "b": "same", "src": {"c": "same"}}})
    assert not searcher.search()


def test_hidden_unfinished_and_own_files_are_nobodys_copies(root: Path, searcher: Searcher) -> None:
    build(root, {"a": "same", "b": "same", ".c": "same", "d.PART": "same", "~$e": "same", ".shelver-tmp": "same"})
    build(root, {"f": "other", "g.crdownload": "other"})
    assert relative(searcher.search()) == [[b"a", b"b"]]


def test_a_name_that_is_unfinished_does_not_hide_another_of_the_same_file(root: Path, searcher: Searcher) -> None:
    build(root, {"a.part": "same", "b": HardLink("a.part"), "c": "same"})
    (group,) = searcher.search()
    assert [(member.entry.path, member.also) for member in group.members] == [(b"b", ()), (b"c", ())]


def test_ignored_files_and_folders(tmp_path: Path, root: Path) -> None:
    build(root, {"a": "same", "b.iso": "same", "old": {"c": "same", "deep": {"d": "same"}}, "keep": {"e": "same"}})
    searcher = Searcher(tmp_path / "contents.db", root, ignore=("*.ISO", "old"))
    assert relative(searcher.search()) == [[b"a", b"keep/e"]]


def test_long_files_that_differ_only_in_the_middle(root: Path, searcher: Searcher) -> None:
    ends, middles = bytes(range(64)) * (END // 64), [b"\0" * 120_000, b"\0" * 119_999 + b"\1"]
    twins = [ends + middle + ends for middle in middles]
    build(root, {"a": File(twins[0]), "b": File(twins[1]), "c": File(twins[0]), "d": File(twins[0][:-1] + b"!")})
    assert relative(searcher.search()) == [[b"a", b"c"]]


@pytest.mark.parametrize("size", [1, WHOLE - 1, WHOLE, WHOLE + 1, 2 * 1024 * 1024 + 7])
def test_one_byte_makes_a_difference_at_any_size(root: Path, searcher: Searcher, size: int) -> None:
    content = os.urandom(size)
    for place in {0, size // 2, size - 1}:
        other = bytearray(content)
        other[place] ^= 1
        build(root, {"a": File(content), "b": File(content), f"c{place}": File(bytes(other))})
    assert names(searcher.search()) == truth([root])


def test_files_with_colliding_md5_are_not_the_same(root: Path, searcher: Searcher) -> None:
    one = bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
        "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
    )  # Wang and Yu, 2005; the other differs in six bytes
    other = bytearray(one)
    for place, bits in {19: 0x80, 45: 0x80, 59: 0x80, 83: 0x80, 109: 0x80, 123: 0x80}.items():
        other[place] ^= bits
    build(
        root,
        {
            "a": File(one),
            "b": File(bytes(other)),
            "c": File(one),
            "long": {"a": File(one * 2000), "b": File(bytes(other) * 2000)},
        },
    )
    assert relative(searcher.search()) == [[b"a", b"c"]]


# -- files that do not hold still -------------------------------------------------------------------


class Meddler(Searcher):
    """A searcher that does something to the files once they are listed, and before they are read."""

    def __init__(self, database: Path, root: Path) -> None:
        super().__init__(database, root)
        self.meddle: Callable[[], None] = lambda: None

    def report(self, phase: str, done: int, total: int) -> None:
        super().report(phase, done, total)
        if phase == "scanning" and done:
            self.meddle()


@pytest.fixture
def meddler(tmp_path: Path, root: Path) -> Meddler:
    """A meddler with three copies."""
    build(root, {"a": "same", "b": "same", "c": "same"})
    return Meddler(tmp_path / "contents.db", root)


def test_a_file_that_changes_meanwhile_is_left_out(root: Path, meddler: Meddler) -> None:
    def meddle() -> None:
        (root / "b").write_bytes(b"SAME")
        os.utime(root / "b", ns=(0, os.stat(root / "a").st_mtime_ns))

    meddler.meddle = meddle
    groups = meddler.search()
    assert relative(groups) == [[b"a", b"c"]]
    assert groups.left_out == {"files that changed while they were read": 1}


@pytest.mark.parametrize("size", [4, LONG])
def test_a_file_that_vanishes_or_becomes_a_link_is_left_out(root: Path, meddler: Meddler, size: int) -> None:
    build(root, {name: File(b"x" * size) for name in "abcd"})

    def meddle() -> None:
        (root / "b").unlink(missing_ok=True)
        (root / "c").unlink()
        (root / "c").symlink_to("a")

    meddler.meddle = meddle
    groups = meddler.search()
    assert relative(groups) == [[b"a", b"d"]]
    assert groups.left_out == {"files that cannot be read": 2}


def test_a_folder_that_becomes_a_link_leads_nowhere(root: Path, searcher: Searcher, tmp_path: Path) -> None:
    build(root, {"deep": {"a": "same", "b": "same"}})
    meddler = Meddler(tmp_path / "contents.db", root)

    def meddle() -> None:
        if not (root / "deep").is_symlink():
            (root / "deep").rename(tmp_path / "elsewhere")
            (root / "deep").symlink_to(tmp_path / "elsewhere")

    meddler.meddle = meddle
    assert not meddler.search()


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A directory of somebody who may not read everything: this user, or nobody instead of root."""
    before = os.geteuid()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        if before == 0:
            os.chown(directory, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(directory)
        finally:
            os.seteuid(before)


def test_what_may_not_be_read_is_left_out_and_counted(nobodys: Path) -> None:
    root = nobodys / "root"
    build(root, {"a": "same", "b": File(b"same", mode=0), "c": "same", "deep": {"d": "same"}})
    (root / "deep").chmod(0)
    groups = Searcher(nobodys / "contents.db", root).search()
    (root / "deep").chmod(0o700)
    assert relative(groups) == [[b"a", b"c"]]
    assert groups.left_out == {"files that cannot be read": 1, "folders that cannot be read": 1}


def test_a_place_that_is_not_there_is_counted(tmp_path: Path, root: Path) -> None:
    build(root, {"a": "same", "b": "same"})
    groups = Searcher(tmp_path / "contents.db", tmp_path / "gone", root).search()
    assert relative(groups) == [[b"a", b"b"]]
    assert groups.left_out == {"folders that cannot be read": 1}


def test_a_search_is_stopped_by_what_it_reports_to(root: Path, searcher: Searcher) -> None:
    build(root, {"a": "same", "b": "same"})

    def report(phase: str, done: int, total: int) -> None:
        raise Cancelled

    searcher.report = report  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        searcher.search()


# -- searching again --------------------------------------------------------------------------------


def test_nothing_is_read_twice(root: Path, searcher: Searcher) -> None:
    build(root, {"a": "same", "b": "same", "c": File(b"x" * LONG), "d": File(b"x" * LONG)})
    first = names(searcher.search())
    assert searcher.read
    assert names(searcher.search()) == first
    assert searcher.read == 0


def test_what_is_too_fresh_is_read_again(root: Path, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    build(root, {"a": "same", "b": "same"})
    monkeypatch.setattr("core.duplicates.keeping.UNCERTAIN_NS", 10**12)
    for _ in range(2):
        assert len(searcher.search()) == 1
        assert searcher.read == 2


def test_only_what_changed_is_read_again_wherever_the_rest_went(root: Path, searcher: Searcher) -> None:
    build(root, {"deep": {f"{number:03}": f"{number % 30:03}" for number in range(90)}})
    searcher.search()
    assert searcher.read == 90
    (root / "deep/000").write_bytes(b"029")
    (root / "deep/045").unlink()
    (root / "deep/new").write_bytes(b"010")
    assert names(searcher.search()) == truth([root])
    assert searcher.read == 2


def test_an_edit_that_keeps_size_and_time_is_noticed(root: Path, searcher: Searcher) -> None:
    build(root, {"a": "same", "b": "same"})
    searcher.search()
    before = os.stat(root / "b")
    (root / "b").write_bytes(b"SAME")
    os.utime(root / "b", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not searcher.search()


def test_what_is_gone_is_forgotten_and_what_is_out_of_sight_is_not(root: Path, searcher: Searcher) -> None:
    build(root, {"a": "same", "gone": {"b": "same", "deep": {"c": "same"}}})
    searcher.search()
    for path in ("gone/deep/c", "gone/b"):
        (root / path).unlink()
    (root / "gone/deep").rmdir()
    (root / "gone").rmdir()
    assert not searcher.search()
    with searcher.contents() as contents:
        assert set(contents.parts(os.fsencode(root))) == {(b"", 0)}
    root.rename(root.with_name("unmounted"))
    searcher.search()
    with searcher.contents() as contents:
        assert set(contents.parts(os.fsencode(root))) == {(b"", 0)}


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 1000])
def test_damaged_contents_are_started_anew(root: Path, searcher: Searcher, damage: bytes) -> None:
    build(root, {"a": "same", "b": "same"})
    searcher.search()
    for suffix in ("-wal", "-shm"):
        Path(f"{searcher.database}{suffix}").unlink(missing_ok=True)
    searcher.database.write_bytes(damage)
    assert len(searcher.search()) == 1


def test_what_another_device_had_is_read_again(root: Path, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    build(root, {"a": "same", "b": "same"})
    with monkeypatch.context() as patch:
        patch.setattr("core.duplicates.keeping.device_name", lambda device: "this boot/1")
        searcher.search()
    monkeypatch.setattr("core.duplicates.walk.device_name", lambda device: "this boot/2")
    searcher.search()
    assert searcher.read == 2


def test_a_directory_of_many_parts(root: Path, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.duplicates.reader.PART", 7)
    build(root, {f"{number:03}": f"{number % 40:03}" for number in range(100)})
    assert names(searcher.search()) == truth([root])
    build(root, {f"n{number}": f"{number:03}" for number in range(10)})
    assert names(searcher.search()) == truth([root])
    for number in range(50, 100):
        (root / f"{number:03}").unlink()
    assert names(searcher.search()) == truth([root])


# -- several readers --------------------------------------------------------------------------------


@pytest.fixture
def many(root: Path, monkeypatch: pytest.MonkeyPatch) -> set[frozenset[Names]]:
    """Some hundred files, so many readers from the start, and the truth."""
    monkeypatch.setattr(readers, "_ALONE_SECONDS", -1)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2})
    build(root, {f"d{n}": {f"{i:03}": f"{(n * i) % 300:05}" * 400 for i in range(60)} for n in range(20)})
    build(root, {"long": {f"{i}": File(bytes([i % 3]) * LONG) for i in range(9)}})
    return truth([root])


def test_readers_in_processes_of_their_own_find_the_same(searcher: Searcher, many: set[frozenset[Names]]) -> None:
    assert names(searcher.search()) == many
    assert names(searcher.search()) == many
    assert searcher.read == 0


def test_a_reader_that_dies_costs_nothing(
    searcher: Searcher, many: set[frozenset[Names]], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[readers._Child] = []

    def report(phase: str, done: int, total: int) -> None:
        if len(killed) < 3 and (child := next(iter(children), None)):
            child._process.kill()
            killed.append(children.pop(0))

    children: list[readers._Child] = []
    start = readers._Child.__init__

    def started(child: readers._Child, marks: frozenset[str]) -> None:
        start(child, marks)
        children.append(child)

    monkeypatch.setattr(readers._Child, "__init__", started)
    searcher.report = report  # type: ignore[method-assign]
    assert names(searcher.search()) == many
    assert len(killed) == 3


def test_where_no_process_can_be_started_one_reader_does_all(
    searcher: Searcher, many: set[frozenset[Names]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent")
    assert names(searcher.search()) == many


def test_a_long_file_is_stopped_in_its_middle(root: Path, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_ALONE_SECONDS", 60)
    monkeypatch.setattr("core.duplicates.reader._TOLD_EVERY", 1)
    build(root, {"a": File(b"x" * 4 * LONG), "b": File(b"x" * 4 * LONG)})
    heard: list[int] = []

    def report(phase: str, done: int, total: int) -> None:
        heard.append(done)
        if len(heard) > 6:
            raise Cancelled

    searcher.report = report  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        searcher.search()


def test_where_there_is_nothing_nothing_is_found(tmp_path: Path, root: Path, searcher: Searcher) -> None:
    assert not searcher.search()
    assert not Searcher(tmp_path / "contents.db").search()
    build(root, {"empty": {}})
    assert not searcher.search()
