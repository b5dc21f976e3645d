"""When a file counts as whole."""

from __future__ import annotations

from agent.settle import Settling
from core.storage import Entry


def entry(path: bytes = b"a", size: int = 1, mtime_ns: int = 1, ctime_ns: int = 1) -> Entry:
    return Entry(path, 1, size, mtime_ns, ctime_ns, 1)


class Disk:
    """Files as they are at the moment."""

    def __init__(self, *entries: Entry) -> None:
        self.files = {each.path: each for each in entries}
        self.in_use: set[bytes] = set()

    def settled(self, settling: Settling, now: float) -> list[bytes]:
        found = settling.settled(now, self.files.get, lambda path: path in self.in_use)
        return sorted(each.path for each in found)


def test_a_file_that_stays_as_it_is_settles_once() -> None:
    settling, disk = Settling(5), Disk(entry())
    settling.add([entry()], 100)
    assert settling.next_due == 105
    assert disk.settled(settling, 104.9) == []
    assert disk.settled(settling, 105) == [b"a"]
    assert disk.settled(settling, 200) == [] and len(settling) == 0 and settling.next_due is None


def test_any_change_begins_the_wait_anew() -> None:
    for change in (entry(size=2), entry(mtime_ns=2), entry(ctime_ns=2)):
        settling, disk = Settling(5), Disk(change)
        settling.add([entry()], 100)
        assert disk.settled(settling, 105) == []
        assert settling.next_due == 110
        assert disk.settled(settling, 110) == [b"a"]


def test_a_hint_without_a_change_does_not_prolong_the_wait() -> None:
    settling, disk = Settling(5), Disk(entry())
    settling.add([entry()], 100)
    settling.add([entry()], 104)
    assert disk.settled(settling, 105) == [b"a"]


def test_a_hint_of_a_change_does() -> None:
    settling = Settling(5)
    settling.add([entry()], 100)
    settling.add([entry(size=2)], 104)
    assert settling.next_due == 109


def test_a_file_in_use_waits() -> None:
    settling, disk = Settling(5), Disk(entry())
    disk.in_use.add(b"a")
    settling.add([entry()], 100)
    assert disk.settled(settling, 105) == []
    disk.in_use.clear()
    assert disk.settled(settling, 110) == [b"a"]


def test_a_file_that_is_gone_is_forgotten() -> None:
    settling = Settling(5)
    settling.add([entry()], 100)
    assert Disk().settled(settling, 105) == []
    assert len(settling) == 0


def test_files_settle_each_by_itself() -> None:
    settling, disk = Settling(5), Disk(entry(b"a"), entry(b"b"))
    settling.add([entry(b"a")], 100)
    settling.add([entry(b"b")], 103)
    assert disk.settled(settling, 105) == [b"a"]
    assert list(settling) == [b"b"] and settling.next_due == 108
