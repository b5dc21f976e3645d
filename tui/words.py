"""Numbers, times and states as people say them. Times are shown in the zone of the clock that is handed in."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.model import FolderStatus, Operation, Outcome, Pending, StepView
from core.names import shown

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# -- numbers -------------------------------------------------------------------------------------------


def count(number: int) -> str:
    """1204 → 1,204."""
    return f"{number:,}"


def files(number: int) -> str:
    """1204 → 1,204 files."""
    return f"{number:,} file" if number == 1 else f"{number:,} files"


def size(number: float) -> str:
    """Bytes: 1288490188 → 1.2 GB (decimal, as disks are sold)."""
    if number < 1000:
        return f"{number:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.1f} {unit}" if number < 99.95 else f"{number:.0f} {unit}"
    return f"{number / 1000:.1f} PB"


def conflicts(number: int) -> str:
    """1 → 1 conflict."""
    return f"{number:,} conflict" if number == 1 else f"{number:,} conflicts"


def carried(pending: Pending) -> str:
    """Return what a sync carries: 2 to push (1.2 MB), 3 to pull (40 kB), 1 conflict."""
    sides = ((pending.push, "push", pending.push_bytes), (pending.pull, "pull", pending.pull_bytes))
    parts = [f"{count(n)} to {verb}" + (f" ({size(amount)})" if amount else "") for n, verb, amount in sides if n]
    if pending.conflicts:
        parts.append(conflicts(pending.conflicts))
    return ", ".join(parts) or "nothing to push or pull"


def has_pair(folder: FolderStatus) -> bool:
    """Tell whether a folder is kept in step with a bucket."""
    return folder.bucket not in ("", folder.path)


def pair(folder: FolderStatus) -> str:
    """Return how a folder and its bucket stand: in step; 2 to push, 1 conflict; nothing for a folder without one."""
    if not has_pair(folder):
        return ""
    sides = ((folder.to_push, "push"), (folder.to_pull, "pull"))
    parts = [f"{count(number)} to {verb}" for number, verb in sides if number]
    if folder.conflicts:
        parts.append(conflicts(folder.conflicts))
    if parts or folder.sync_paused:
        return ", ".join(parts)
    return "in step" if folder.in_step else ""


# -- times ---------------------------------------------------------------------------------------------


def when(moment: datetime, now: datetime) -> str:
    """Return a moment as briefly as it is clear: 14:02, Mon, 12 Nov, Nov 2024."""
    here = moment.astimezone(now.tzinfo)
    days = (now.date() - here.date()).days
    if days == 0:
        return f"{here:%H:%M}"
    if 0 < days < 7:
        return _DAYS[here.weekday()]
    if here.year == now.year:
        return f"{here.day} {_MONTHS[here.month - 1]}"
    return f"{_MONTHS[here.month - 1]} {here.year}"


def moment(time: datetime, now: datetime) -> str:
    """Return a moment with its time of day: 14:02, Mon 09:14, 12 Nov 09:14, 12 Nov 2024 09:14."""
    here = time.astimezone(now.tzinfo)
    if here.date() == now.date():
        return f"{here:%H:%M}"
    if 0 < (now.date() - here.date()).days < 7:
        return f"{_DAYS[here.weekday()]} {here:%H:%M}"
    year = "" if here.year == now.year else f" {here.year}"
    return f"{here.day} {_MONTHS[here.month - 1]}{year} {here:%H:%M}"


def since(time: datetime, now: datetime) -> str:
    """Return when something began: 14:02 today, else its day: 12 Nov."""
    here = time.astimezone(now.tzinfo)
    return f"{here:%H:%M}" if here.date() == now.date() else f"{here.day} {_MONTHS[here.month - 1]}"


def day(date: date, now: datetime) -> str:
    """Return a day: today, yesterday, Sat 14 Nov, Tue 12 Nov 2024."""
    days = (now.date() - date).days
    if days in (0, 1):
        return "yesterday" if days else "today"
    year = "" if date.year == now.year else f" {date.year}"
    return f"{_DAYS[date.weekday()]} {date.day} {_MONTHS[date.month - 1]}{year}"


def took(span: timedelta) -> str:
    """Return how long something took: 5.2 s, 3 min, 2 h 5 min."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 10:
        return f"{seconds:.1f} s"
    return lasting(seconds)


def lasting(seconds: float) -> str:
    """Return a rough span: 12 s, 3 min, 2 h 5 min, 4 days."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def left(seconds: float) -> str:
    """Return the time left: 0:38 left, 1:02:03 left."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


# -- operations ----------------------------------------------------------------------------------------

_KINDS = {"organize": "organize", "dedupe": "dedupe", "sync": "sync", "rollback": "undo"}

_STATES = {
    "queued": ("queued", "dim"),
    "planning": ("planning", "accent"),
    "proposed": ("waits for you", "accent"),
    "running": ("running", "accent"),
    "cancelling": ("stopping", "warn"),
    "completed": ("done", "good"),
    "partial": ("done with notes", "warn"),
    "failed": ("failed", "bad"),
    "cancelled": ("stopped", "warn"),
    "rejected": ("rejected", "dim"),
    "superseded": ("replaced", "dim"),
    "interrupted": ("interrupted", "warn"),
}

UNDERWAY = frozenset({"queued", "planning", "running", "cancelling", "interrupted"})
UNDOABLE = frozenset({"completed", "partial", "failed", "cancelled"})
STOPPABLE = frozenset({"queued", "planning", "running", "interrupted"})


def kind(operation: Operation) -> str:
    """Return what kind of operation it is, in a word."""
    return "resolve" if operation.resolve else _KINDS[operation.kind]


def state(operation: Operation) -> tuple[str, str]:
    """Return an operation's state as a word and its role."""
    if operation.undone_by and operation.state in UNDOABLE:
        return "undone", "dim"
    return _STATES[operation.state]


def can_undo(operation: Operation) -> bool:
    """Tell whether there is something to take back."""
    return operation.state in UNDOABLE and operation.undone_by is None and operation.counts.done > 0


def outcomes(operation: Operation) -> list[Outcome]:
    """Return the outcomes that steps of an operation have, what needs a look first."""
    counts = operation.counts
    numbers: list[tuple[Outcome, int]] = [
        ("failed", counts.failed),
        ("skipped", counts.skipped),
        ("done", counts.done),
        ("pending", counts.pending),
    ]
    return [outcome for outcome, number in numbers if number > 0]


def can_redo(operation: Operation) -> bool:
    """Tell whether something that was taken back can be done again: by undoing the undo."""
    return operation.undone_by is not None or (operation.kind == "rollback" and can_undo(operation))


def advice(operation: Operation) -> list[tuple[str, str]]:
    """Return what a person can do in an operation that did not simply go well: what it is called, and what it does."""
    done, stayed, failed = operation.counts.done, operation.counts.skipped, operation.counts.failed
    back = [("undo", f"takes back the {count(done)} that {'was' if done == 1 else 'were'} done")] if done else []
    if operation.state == "proposed":
        return [("approve", "approves"), ("reject", "rejects")]
    if operation.undone_by:
        return [("redo", "does it again")]
    if operation.state == "failed":
        return [("approve", "tries what is left again"), *back]
    if operation.state == "interrupted":
        return [("approve", "goes on with the rest")]
    if operation.state == "cancelled":
        return back
    if operation.state == "partial" and failed:
        return [("outcome", f"shows the {count(failed)} that failed, and why"), *back]
    if operation.state == "partial" and stayed:
        return [
            ("outcome", f"shows the {count(stayed)} that stayed as {'it was' if stayed == 1 else 'they were'}, and why")
        ]
    return []


def is_worth_telling(operation: Operation) -> bool:
    """Tell whether something came of it: not a preview put away, a plan replaced, or a look that found nothing."""
    if operation.counts.done > 0:
        return True
    put_away = operation.kind == "rollback" and operation.state in ("rejected", "cancelled")
    idle = operation.automatic and operation.state == "completed" and operation.counts.planned == 0
    return not (put_away or idle or operation.state == "superseded")


_DONE = {"organize": "moved", "dedupe": "cleared", "sync": "synced", "rollback": "restored"}


def done(operation: Operation) -> str:
    """Return what was done to the files of an operation, in a word."""
    return "settled" if operation.resolve else _DONE[operation.kind]


def outcome(operation: Operation) -> str:
    """Return what became of an operation's files: 2,116 moved, 2 skipped."""
    counts = operation.counts
    if operation.state == "proposed":
        if operation.kind == "sync":
            return f"{files(counts.planned)} to {'settle' if operation.resolve else 'carry'}"
        return f"{files(counts.planned)} have a place" if counts.planned != 1 else "1 file has a place"
    parts = []
    if counts.done or not (counts.skipped or counts.failed):
        parts.append(f"{count(counts.done)} {done(operation)}")
    if counts.skipped:
        parts.append(f"{count(counts.skipped)} {'kept aside' if operation.kind == 'rollback' else 'skipped'}")
    if counts.failed:
        parts.append(f"{count(counts.failed)} failed")
    return ", ".join(parts)


def is_report(operation: Operation) -> bool:
    """Tell whether an operation looked for duplicates in all of a folder, and meant to do nothing about them."""
    return (
        operation.kind == "dedupe"
        and operation.state == "completed"
        and not operation.automatic
        and not operation.counts.planned
    )


def summary(operation: Operation) -> str:
    """Return one line on what became of an operation, or why nothing did."""
    if operation.state == "failed" and operation.error:
        return shown(operation.error)
    if operation.state in ("queued", "planning", "rejected", "superseded") and not operation.counts.done:
        planned = operation.counts.planned
        return files(planned) if planned else ""
    if is_report(operation) and operation.note:
        return shown(operation.note)
    return outcome(operation)


# -- steps ---------------------------------------------------------------------------------------------

_STEP_DONE = {
    "move": "moved",
    "copy": "copied",
    "link": "linked",
    "trash": "trashed",
    "replace": "replaced",
    "upload": "uploaded",
    "download": "fetched",
    "mkdir": "made",
    "rmdir": "removed",
}
_STEP_PLANNED = {
    "move": "to move",
    "copy": "to copy",
    "link": "to link",
    "trash": "to trash",
    "replace": "to replace",
    "upload": "to upload",
    "download": "to fetch",
    "mkdir": "to make",
    "rmdir": "to remove",
}
OUTCOME_WIDTH = 10


def step_outcome(step: StepView, operation: Operation) -> tuple[str, str]:
    """Return what became of a step, or would, as a word and its role."""
    if step.outcome == "done":
        if operation.kind == "rollback" and step.kind in ("move", "replace"):
            return "restored", "good"
        return _STEP_DONE[step.kind], "good"
    if step.outcome == "skipped":
        return "skipped", "warn"
    if step.outcome == "failed":
        return "failed", "bad"
    if operation.state in UNDERWAY:
        return "waiting", "faint"
    return (_STEP_PLANNED[step.kind], "accent") if operation.state == "proposed" else ("not done", "dim")


def trace(kind: str, outcome: str) -> str:
    """Return what once happened to a file, in a word."""
    return _STEP_DONE.get(kind, kind) if outcome == "done" else outcome
