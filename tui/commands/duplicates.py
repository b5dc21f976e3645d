"""Groups of duplicates: a table on a terminal, one file a line in a pipe, one group a line as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct, field

from core.duplicates.views import FileView, GroupView, PageView
from core.model import Operation
from tui import words
from tui.commands import acting
from tui.commands.desk import Desk
from tui.commands.output import Output, Piece, is_interactive
from tui.commands.records import home_short

PAGE = 1000
SHOWN_GROUPS = 20
"""Groups that a terminal shows; a pipe gets all."""
SHOWN_FILES = 10
"""Files that a terminal shows of a group."""


def show_groups(desk: Desk, out: Output, operation: Operation, *, acts: bool) -> None:
    """Print what an operation found, and what it comes to; with `--json` as the contract has it."""
    totals = desk.duplicates(operation.id, start=0, limit=1)
    groups = _all_groups(desk, operation.id)
    if out.json:
        out.records(map(_record, groups))
        last = {"groups": totals.total, "redundant": totals.redundant, "reclaimable": totals.reclaimable}
        out.record(last | ({"operation": operation.id} if acts else {}))
    elif not out.terminal:
        for group in groups:
            out.rows([_fields(group, file) for file in group.files])
    else:
        _show_table(out, list(islice(groups, SHOWN_GROUPS)), totals, operation)
    for reason, count in sorted(totals.left_out.items()):
        out.note(f"{words.files(count)} could not be compared: {reason}")


def conclude(desk: Desk, out: Output, operation: Operation) -> int:
    """Print what was found, if that was all, and what became of the operation. Returns the exit code."""
    acts = bool(operation.counts.planned)
    if operation.state != "proposed" and (out.json or not out.terminal or not acts):
        show_groups(desk, out, operation, acts=acts)
    if out.json:
        if operation.error:
            out.note(operation.error)
        acting.explain_gaps(desk, out, operation)
        return acting.exit_code(operation)
    if operation.state == "completed" and out.terminal and not acts:
        return 0
    return acting.conclude(desk, out, operation)


def _all_groups(desk: Desk, id: str) -> Iterator[GroupView]:
    start = 0
    while groups := desk.duplicates(id, start=start, limit=PAGE).groups:
        yield from groups
        start += len(groups)


class _FileRecord(Struct, omit_defaults=True):
    path: str
    distance: int = field()
    path_b64: str | None = None


class _GroupRecord(Struct, omit_defaults=True):
    """A group as scripts read it."""

    group: int
    near: bool = field()
    size: int = field()
    keep: str = field()
    files: list[_FileRecord] = field()
    keep_b64: str | None = None


def _record(group: GroupView) -> _GroupRecord:
    files = [_FileRecord(file.path, file.distance, file.path_b64) for file in group.files]
    return _GroupRecord(group.group, group.near, group.size, group.keep, files, group.keep_b64)


def _fields(group: GroupView, file: FileView) -> list[Piece]:
    kind = "similar" if group.near else "same"
    return [str(group.group), kind, str(file.size), _fate(group, file), file.path, _remark(group, file)]


def _fate(group: GroupView, file: FileView) -> str:
    if _is_kept(group, file):
        return "keep"
    return "stay" if file.reason or group.near else "extra"


def _is_kept(group: GroupView, file: FileView) -> bool:
    return (file.path, file.path_b64) == (group.keep, group.keep_b64)


def _remark(group: GroupView, file: FileView) -> str:
    if _is_kept(group, file):
        return group.why
    if group.near:
        return f"{file.width} x {file.height}, {file.distance} of 64 bits differ"
    return file.reason


# -- on a terminal


def _show_table(out: Output, groups: list[GroupView], totals: PageView, operation: Operation) -> None:
    for group in groups:
        _show_group(out, group)
    if totals.total > len(groups):
        out.line((f"  … {totals.total - len(groups):,} more groups: --json, or a pipe, has them all", "dim"))
    if totals.exact:
        what = "1 group" if totals.exact == 1 else f"{totals.exact:,} groups"
        found = f", {words.files(totals.redundant)} too many: "
        out.line((what, "strong"), found, (words.size(totals.reclaimable), "strong"), " to win")
    else:
        out.line("No file is there more than once.")
    if totals.near:
        what = "1 group" if totals.near == 1 else f"{totals.near:,} groups"
        out.line(f"{what} of pictures that look alike; they are only reported, and the screens show them side by side")
    if totals.redundant and not operation.counts.planned and is_interactive():
        out.note(f"Remove them: shelver dedupe {home_short(operation.folder)} --action trash")


def _show_group(out: Output, group: GroupView) -> None:
    count = len(group.files)
    kind = "pictures that look alike" if group.near else "times the same"
    out.line((f"{words.size(group.size)}", "strong"), (f"  {count} {kind}", "dim"))
    rows: list[list[Piece]] = []
    for file in group.files[:SHOWN_FILES]:
        fate = _fate(group, file)
        style = {"keep": "good", "extra": "warn", "stay": "dim"}[fate]
        rows.append([(f"  {fate}", style), home_short(file.path), (_remark(group, file), "dim")])
    out.rows(rows)
    if count > SHOWN_FILES:
        out.line((f"  … {count - SHOWN_FILES:,} more", "dim"))
