"""What people are told of a sync: how much it carries to each side, and the files on their way."""

from __future__ import annotations

from pathlib import Path

from core.execute import Tally, execute
from core.model import Pending, Transfer
from core.storage.s3.objects import Objects
from core.sync.pending import pending
from tests.acting import Silent
from tests.s3.faults import FaultProxy
from tests.s3.pairs import PairStage
from tests.s3.servers import Server


def test_a_plan_tells_how_much_goes_to_each_side(tmp_path: Path, server: Server, bucket: Objects) -> None:
    hostile = {"a/../b": b"no path"} if server.name != "rclone" else {}  # its server takes no such key
    pair = PairStage(tmp_path, bucket)
    pair.write({"new": b"12345", "both": b"here", "gone": b"gone"})
    pair.put({"down": b"123", "both": b"there", **hostile})

    first = pair.plan_sync()

    assert pending(first) == Pending(push=3, pull=2, push_bytes=13, pull_bytes=8, conflicts=1, left_alone=len(hostile))
    pair.carry_out(first)
    assert pending(first, pair.operation(first.operation).outcomes().finished) == Pending()
    (pair.folder / "gone").unlink()
    assert pending(pair.plan_sync()) == Pending(push=1, left_alone=len(hostile))
    pair.sync()
    assert pending(pair.plan_sync()).is_in_step


class Looking(Silent):
    """Keeps the transfers that it was told of."""

    def __init__(self) -> None:
        self.seen: list[Transfer] = []

    def advanced(self, tally: Tally) -> None:
        self.seen += tally.transfers


def test_files_on_their_way_are_told_of_with_their_bytes(tmp_path: Path, shaky: Objects, proxy: FaultProxy) -> None:
    pair = PairStage(tmp_path, shaky)
    pair.write({"up": b"u" * 50_000})
    pair.put({"down": b"d" * 70_000})
    plan = pair.plan_sync()
    proxy.add("late", "PUT .*/up|GET .*/down", seconds=0.6, times=2)
    looking = Looking()

    with pair.operation(plan.operation).journal() as journal:
        execute(plan, journal, looking, open_root=pair.open_root)

    assert {(each.kind, each.path, each.bytes_total) for each in looking.seen} == {
        ("upload", "up", 50_000),
        ("download", "down", 70_000),
    }
    assert all(0 <= each.bytes_done <= each.bytes_total for each in looking.seen)
