"""What there is to see of a folder that is kept in step with a bucket: files under way, conflicts, a pair at rest."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from core.model import ConflictView, Counts, Progress, Transfer, VersionView
from core.names import shown
from tests.tui.fake_agent import FakeAgent, moves
from tests.tui.home_server import HOME, at, folder, operation
from tests.tui.looks_server import furnished_to_look

BUCKET = "s3://attic/scans"


def with_pair(socket: Path) -> FakeAgent:
    """Return the furnished agent, whose scans are kept in step with a bucket."""
    agent = furnished_to_look(socket)
    pair = folder("scans", files=880, bucket=BUCKET, in_step=at(16, 14, 2), last_reconcile=at(16, 13, 55))
    pair.to_push, pair.to_pull, pair.conflicts = 2, 1, 4
    agent.folders["scans"] = pair
    agent.folders["books"] = folder("books", files=312, bucket="s3://attic/books", in_step=at(16, 14, 9))
    agent.looks.rules["books"] = agent.looks.rules["downloads"] | {"folder": "books"}
    agent.looks.conflicts["scans"] = conflicts()
    return agent


def conflicts() -> list[ConflictView]:
    """Return four conflicts: each side newer, one gone, a long name in a deep folder."""
    deep = "Documents/Insurance/2026/household contents insurance, terms and conditions.pdf"
    return [
        conflict("Letters/bank.odt", (48_211, at(16, 11, 20)), (45_002, at(15, 18, 4))),
        conflict("budget 2026.ods", (120_331, at(14, 9, 30)), (131_072, at(16, 8, 12))),
        conflict(deep, (3_145_728, at(2, 9, 14)), (3_145_000, at(1, 9, 14))),
        conflict("notes.txt", (812, at(13, 20, 1)), None),
    ]


def conflict(
    path: str, mine: tuple[int, object] | None, theirs: tuple[int, object] | None, name: bytes = b""
) -> ConflictView:
    stem, dot, extension = path.rpartition(".")
    copy = f"{stem} (shelver conflict 2026-11-16 121501 nas){dot}{extension}"
    versions = [each and VersionView(*each) for each in (mine, theirs)]  # type: ignore[arg-type]
    exact = b64encode(name).decode() if name else None
    told = shown(name) if name else copy
    return ConflictView(path=path, copy=told, mine=versions[0], theirs=versions[1], copy_b64=exact)


def with_transfers(agent: FakeAgent) -> FakeAgent:
    """Have a sync run, with files on their way."""
    counts = Counts(planned=31, done=12, bytes=48_000_000)
    running = operation("scansync", 91, kind="sync", folder="scans", state="running", counts=counts)
    running.created = running.started = at(16, 14, 8)
    agent.put(running, moves(31))
    agent.progress.clear()
    agent.operations.pop("cam2runs", None)
    agent.progress["scansync"] = Progress(
        operation="scansync",
        phase="executing",
        done=12,
        total=31,
        bytes_done=61_400_000,
        bytes_total=240_000_000,
        rate=2.1,
        bytes_rate=3_400_000,
        remaining=52,
        transfers=[
            Transfer("upload", "film of the garden, spring.mkv", 61_000_000, 180_000_000),
            Transfer("upload", "Letters/bank.odt", 48_211, 48_211),
            Transfer("download", "Documents/Insurance/2026/household contents insurance.pdf", 1_000_000, 3_145_728),
            Transfer("download", "budget 2026.ods", 0, 131_072),
        ],
    )
    return agent


__all__ = ["BUCKET", "HOME", "conflict", "conflicts", "with_pair", "with_transfers"]
