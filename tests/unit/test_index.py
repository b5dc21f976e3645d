from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from core.errors import StateFull
from core.storage import Entry
from core.stores.index import Index

ROOT = b"/srv/down\xffloads"


def entry(path: bytes = b"a", **changed: int) -> Entry:
    return replace(Entry(path, inode=7, size=10, mtime_ns=1_000, ctime_ns=2_000, device=1), **changed)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


def test_it_remembers_what_a_walk_found(path: Path) -> None:
    names = [b"a", b"sub/\xff\n\x1b[31m", b"-rf"]
    with Index(path) as index:
        index.update(ROOT, [entry(name) for name in names], [])
        index.update(b"/other", [entry(b"elsewhere")], [])
    with Index(path) as index:
        assert index.folder_entries(ROOT) == dict.fromkeys(names, (7, 10, 1000, 2000))
        assert index.count(ROOT) == 3
        index.update(ROOT, [entry(b"a", size=11)], [b"-rf"])
        assert index.folder_entries(ROOT)[b"a"] == (7, 11, 1_000, 2_000)
        assert index.count(ROOT) == 2
        index.forget(ROOT)
        assert (index.count(ROOT), index.count(b"/other")) == (0, 1)


def test_numbers_beyond_63_bits_come_back_whole(path: Path) -> None:
    far = entry(inode=(1 << 64) - 1, mtime_ns=15_000_000_000_000_000_000, ctime_ns=-5)
    with Index(path) as index:
        index.update(ROOT, [far], [])
        assert index.folder_entries(ROOT) == {b"a": (far.inode, far.size, far.mtime_ns, far.ctime_ns)}
        index.store_facts(ROOT, [(far, {"kind": (1, "image")})])
        assert index.facts(ROOT, far) == {"kind": (1, "image")}


def test_first_seen_stays_while_the_file_is_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(1, 10))
    monkeypatch.setattr("core.stores.index.time.time_ns", lambda: next(times) * 10**9)
    with Index(path) as index:
        assert index.first_seen(ROOT, b"a") is None
        index.update(ROOT, [entry()], [])
        index.update(ROOT, [entry(size=99, mtime_ns=5)], [])  # edited in place
        assert index.first_seen(ROOT, b"a") == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
        index.update(ROOT, [entry(inode=8, size=99, mtime_ns=5)], [])  # mounted anew
        assert index.first_seen(ROOT, b"a") == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
        index.update(ROOT, [entry(inode=9, size=1)], [])  # another file by that name
        assert index.first_seen(ROOT, b"a") == datetime(1970, 1, 1, 0, 0, 4, tzinfo=UTC)
        index.update(ROOT, [], [b"a"])
        assert index.first_seen(ROOT, b"a") is None


def test_facts_stand_only_while_the_file_is_unchanged(path: Path) -> None:
    known = {"kind": (1, "image"), "taken": (2, None), "width": (1, 640)}
    with Index(path) as index:
        index.store_facts(ROOT, [(entry(), known)])
        assert index.facts(ROOT, entry()) == known
        for changed in ("inode", "size", "mtime_ns", "ctime_ns"):
            assert index.facts(ROOT, msgspec.structs.replace(entry(), **{changed: 12345})) is None
        assert index.facts(ROOT, entry(b"b")) is None
        index.update(ROOT, [], [b"a"])
        assert index.facts(ROOT, entry()) is None


def test_facts_of_many_files_at_once(path: Path) -> None:
    entries = [entry(b"%d \xff" % number, inode=number) for number in range(1200)]
    known = {each: {"kind": (1, each.path.decode("latin-1"))} for each in entries[::2]}
    with Index(path) as index:
        index.store_facts(ROOT, known.items())
        assert index.facts_of(ROOT, entries) == known
        assert index.facts_of(b"/other", entries) == {}
        assert index.facts_of(ROOT, [entry(entries[0].path, inode=5)]) == {}
        assert index.facts_of(ROOT, []) == {}


def test_a_long_text_takes_little_room(path: Path) -> None:
    known = {"text": (1, "long words " * 20_000), "kind": (1, "document")}
    with Index(path) as index:
        index.store_facts(ROOT, [(entry(), known)])
        assert index.facts(ROOT, entry()) == known
    assert path.stat().st_size < 100_000


def test_it_is_private(path: Path) -> None:
    old = os.umask(0)
    try:
        with Index(path) as index:
            index.update(ROOT, [entry()], [])
            modes = {name.name: name.stat().st_mode & 0o777 for name in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert set(modes) == {"index.db", "index.db-wal", "index.db-shm", "index.db.lock"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 8192])
def test_a_damaged_file_is_started_anew(path: Path, damage: bytes) -> None:
    path.write_bytes(damage)
    with Index(path) as index:
        index.update(ROOT, [entry()], [])
        assert index.count(ROOT) == 1


def test_damage_found_later_is_survived(path: Path) -> None:
    with Index(path) as index:
        index.update(ROOT, [entry(b"%d" % number) for number in range(20_000)], [])
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with Index(path) as index:
        assert len(index.folder_entries(ROOT)) == 0
        index.update(ROOT, [entry()], [])
        assert index.count(ROOT) == 1


def test_a_file_of_another_version_is_started_anew(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE files (something)")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with Index(path) as index:
        index.update(ROOT, [entry()], [])
        assert index.count(ROOT) == 1


def test_it_may_be_deleted_while_in_use(path: Path) -> None:
    with Index(path) as index:
        index.update(ROOT, [entry()], [])
        for file in path.parent.iterdir():
            file.unlink()
        index.update(ROOT, [entry(b"b")], [])
        assert index.folder_entries(ROOT).keys() == {b"b"}
        with Index(path) as second:
            assert second.count(ROOT) == 1


def test_the_whole_cache_may_be_deleted_while_in_use(tmp_path: Path) -> None:
    path = tmp_path / "cache/index.db"
    with Index(path) as index:
        index.update(ROOT, [entry()], [])
        shutil.rmtree(path.parent)
        assert index.facts(ROOT, entry()) is None
        index.update(ROOT, [entry(b"b")], [])
        assert index.folder_entries(ROOT).keys() == {b"b"}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_facts_that_cannot_be_kept_are_let_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.stores.cache._PATIENCE", 0.01)
    with Index(path) as index, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        index.store_facts(ROOT, [(entry(), {"kind": (1, "image")})])
        other.execute("ROLLBACK")
        assert index.facts(ROOT, entry()) is None
        index._connection.execute("PRAGMA max_page_count = 1")
        index.store_facts(ROOT, [(entry(b"%d" % number), {"kind": (1, "x" * 900)}) for number in range(100)])
        with pytest.raises(StateFull):
            index.update(ROOT, [entry(b"%d" % number) for number in range(1000)], [])


def test_two_processes_that_find_it_damaged_share_the_new_one(path: Path) -> None:
    path.write_bytes(b"damaged" * 1000)
    opened: list[Index] = []
    threads = [threading.Thread(target=lambda: opened.append(Index(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened[0].update(ROOT, [entry()], [])
    assert [index.count(ROOT) for index in opened] == [1] * 8
    for index in opened:
        index.close()


def test_threads_and_a_second_connection_write_at_once(path: Path) -> None:
    with Index(path) as first, Index(path) as second:

        def write(index: Index, start: int) -> None:
            for number in range(start, start + 50):
                index.update(ROOT, [entry(b"%d" % number)], [])
                index.store_facts(ROOT, [(entry(b"%d" % number), {"kind": (1, "image")})])

        threads = [
            threading.Thread(target=write, args=(index, start))
            for index, start in ((first, 0), (first, 100), (second, 200), (second, 300))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert first.count(ROOT) == second.count(ROOT) == 200
