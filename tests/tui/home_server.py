"""The home server that the tests look at: one state of affairs, with fixed ids and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.model import Counts, FolderStatus, Operation, Preview, Progress, StepView
from tests.tui.fake_agent import FakeAgent, moves
from tui.surroundings import Surroundings
from tui.wire import Day

NOW = datetime(2026, 11, 16, 14, 10, tzinfo=UTC)
HOME = "/home/lena"
CAMERA = f"{HOME}/Camera"


def surroundings(*, burst: float = 0.0, beat: float = 0.01, retry: float = 0.01) -> Surroundings:
    """Return a fixed place and time; keys count as typed, and nothing is waited for."""
    return Surroundings("nas", HOME, lambda: NOW, burst=burst, beat=beat, retry=retry)


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def folder(name: str, **more: object) -> FolderStatus:
    fields: dict[str, object] = {"path": f"{HOME}/{name.title()}", "state": "watching"}
    return FolderStatus(name=name, **(fields | more))  # type: ignore[arg-type]


def operation(id: str, sequence: int, **more: object) -> Operation:
    fields: dict[str, object] = {
        "kind": "organize",
        "folder": "camera",
        "state": "completed",
        "created": NOW - timedelta(hours=100 - sequence),
        "requested_by": "lena",
    }
    return Operation(id=id, sequence=sequence, **(fields | more))  # type: ignore[arg-type]


def furnished(socket: Path) -> FakeAgent:
    """Return an agent with four folders, something under way, something that waits, and a past."""
    agent = FakeAgent(socket)
    for status in (
        folder("downloads", files=1204, new_today=3, last_reconcile=at(16, 14, 2)),
        folder("camera", files=48310, new_today=212, mode="auto", last_reconcile=at(16, 14, 8)),
        folder("scans", files=880, waiting=4, last_reconcile=at(16, 13, 55)),
        folder("archive", path="/mnt/archive", state="halted", reason="the disk is not mounted"),
    ):
        agent.folders[status.name] = status
    agent.put(
        operation("cam2runs", 90, state="running", counts=Counts(planned=2118, done=1292), created=at(16, 14, 9)),
        moves(2118),
    )
    agent.progress["cam2runs"] = progress(1292)
    agent.put(
        operation(
            "scanwait",
            89,
            folder="scans",
            state="proposed",
            counts=Counts(planned=4),
            created=at(16, 13, 55),
            requested_by="",
            automatic=True,
            note="the folder's first pass",
        ),
        [
            StepView(
                seq=number,
                kind="move",
                group=0,
                source=f"{HOME}/Scans/{name}",
                destination=f"{HOME}/Scans/Documents/2026/{name}",
                outcome="pending",
                reason=None,
            )
            for number, name in enumerate(("invoice 17.pdf", "letter.pdf", "scan (3).pdf", "tax.pdf"))
        ],
    )
    for sequence, minute in ((86, 58), (87, 59), (88, 2)):
        agent.put(
            operation(
                f"down00{sequence}",
                sequence,
                folder="downloads",
                counts=Counts(planned=1, done=1, bytes=1_200_000),
                created=at(16, 14 if minute == 2 else 13, minute),
                finished=at(16, 14 if minute == 2 else 13, minute),
                requested_by="",
                automatic=True,
            )
        )
    agent.put(
        operation(
            "backback",
            80,
            kind="rollback",
            state="partial",
            counts=Counts(planned=2116, done=2114, skipped=2),
            undo_of="cam1done",
            created=at(16, 9, 15),
            started=at(16, 9, 15),
            finished=at(16, 9, 15),
        )
    )
    agent.put(
        operation(
            "cam1done",
            70,
            counts=Counts(planned=2116, done=2116, bytes=9_400_000_000),
            undone_by="backback",
            created=at(14, 9, 14),
            started=at(14, 9, 14),
            finished=at(14, 9, 14) + timedelta(seconds=5.2),
        )
    )
    agent.put(
        operation(
            "cam0big0",
            60,
            state="partial",
            counts=Counts(planned=100_000, done=99_900, skipped=100, bytes=412_000_000_000),
            created=at(13, 9, 14),
            started=at(13, 9, 14),
            finished=at(13, 9, 14) + timedelta(seconds=95),
        ),
        moves(100_000),
    )
    agent.put(operation("failed00", 50, folder="archive", state="failed", error="the disk is not mounted"))
    agent.days = month()
    agent.previews["cam0big0"] = preview(agent.operations["cam0big0"])
    agent.results = [
        {
            "operation": "cam0big0",
            "kind": "move",
            "source": f"{CAMERA}/IMG_000042.JPG",
            "destination": f"{CAMERA}/Pictures/2026/2026-07/IMG_000042.JPG",
            "outcome": "done",
            "when": at(13, 9, 14),
        },
        {
            "operation": "old00001",
            "kind": "move",
            "source": f"{HOME}/Downloads/IMG_000042.JPG",
            "destination": f"{CAMERA}/IMG_000042.JPG",
            "outcome": "done",
            "when": at(2, 20, 1),
        },
    ]
    return agent


def month() -> list[Day]:
    """Return what was done on each day of four weeks: now and then a card of pictures, often a few files."""
    few = [0, 3, 12, 0, 7, 1, 4]
    many = {4: 1800, 11: 412, 17: 2900, 24: 99_900, 25: 2116}
    days = [
        Day(day=(NOW - timedelta(days=27 - number)).date(), operations=1, files=many.get(number, few[number % 7]))
        for number in range(27)
    ]
    return [*days, Day(day=NOW.date(), operations=4, files=215, restored=2114, bytes=1_240_000_000)]


def mixed_operation(agent: FakeAgent) -> Operation:
    """Put an operation of which some went well and some did not; some of its files belong together."""
    long = "a rather long name of a document that goes on and on.docx"
    told = (
        (7, "IMG_2000.JPG", "Pictures/2026/2026-10/IMG_2000.JPG", "done"),
        (7, "IMG_2000.AAE", "Pictures/2026/2026-10/IMG_2000.AAE", "done"),
        (7, "IMG_2000.MOV", "Pictures/2026/2026-10/IMG_2000.MOV", "done"),
        (0, "scan (3).pdf", "Documents/2026/scan (3) (1).pdf", "done"),
        (0, "film.mkv", "Videos/film.mkv", "open in another program"),
        (0, f"old/notes/2019/{long}", f"Documents/2019/{long}", "done"),
        (0, "more.iso", "Images/more.iso", "no space is left for it"),
    )
    steps = [
        StepView(
            seq=number,
            kind="move",
            group=group,
            source=f"{CAMERA}/{name}",
            destination=f"{CAMERA}/{place}",
            outcome="done" if said == "done" else "failed" if name == "more.iso" else "skipped",
            reason=None if said == "done" else said,
        )
        for number, (group, name, place, said) in enumerate(told)
    ]
    ended = operation(
        "mixed000",
        88,
        state="partial",
        counts=Counts(planned=7, done=5, skipped=1, failed=1, bytes=24_000_000),
        created=at(16, 13, 0),
        started=at(16, 13, 0),
        finished=at(16, 13, 1),
    )
    return agent.put(ended, steps)


def big_proposal(agent: FakeAgent) -> Operation:
    """Put a first pass of 4,000 files into many folders; five files stay."""
    months = [f"Pictures/2026/2026-{month:02}" for month in range(1, 12)]
    folders = ["Documents/Invoices/ACME", *months, "Pictures"]
    steps = [
        StepView(
            seq=number,
            kind="move",
            group=0,
            source=f"{HOME}/Downloads/IMG_{number:04}.JPG",
            destination=f"{HOME}/Downloads/{folders[number * (number + 1) // 2 % len(folders)]}/IMG_{number:04}.JPG",
            outcome="pending",
            reason=None,
        )
        for number in range(3994)
    ]
    steps += [
        StepView(
            seq=3994 + number,
            kind="trash" if number == 5 else "move",
            group=0,
            source=f"{HOME}/Downloads/part {number}.tmp",
            destination=f"{HOME}/Downloads/.shelver-trash/part {number}.tmp" if number == 5 else None,
            outcome="pending",
            reason=None if number == 5 else "open in another program",
        )
        for number in range(6)
    ]
    return agent.put(
        operation(
            "firstbig",
            91,
            folder="downloads",
            state="proposed",
            counts=Counts(planned=4000),
            created=at(16, 14, 8),
            requested_by="",
            automatic=True,
            note="the first pass with these rules: look it over once",
        ),
        steps,
    )


def progress(done: int, total: int = 2118) -> Progress:
    """Return how far the camera's operation is."""
    recent = [
        (f"IMG_{2040 + number}.HEIC", f"Pictures/2026/2026-11/IMG_{2040 + number}.HEIC") for number in range(1, 5)
    ]
    return Progress(
        operation="cam2runs",
        phase="executing",
        done=done,
        total=total,
        rate=412.0,
        remaining=(total - done) / 22,
        current="IMG_2044.HEIC",
        recent=recent,
    )


def preview(of: Operation) -> Preview:
    """Return what undoing a big operation would do."""
    return Preview(
        operation=of,
        files=99_900,
        bytes=412_000_000_000,
        notes={
            "edited since: they go back as they are now": 3,
            "original place is taken: restored under a number": 1,
        },
        refusals={"it is no longer there": 2},
        until=at(13, 9, 15).replace(year=2027),
        sample=[
            StepView(
                seq=number,
                kind="move",
                group=0,
                source=f"{CAMERA}/Pictures/2026/2026-10/IMG_{1999 + number}.JPG",
                destination=f"{CAMERA}/IMG_{1999 + number}.JPG",
                outcome="pending",
                reason=None,
            )
            for number in range(20)
        ],
    )
