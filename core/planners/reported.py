"""Acting on what an earlier dedupe found: its groups, or those that a person chose what stays of.

Nothing is searched again. A file that changed since is left out by the executor, alone, like any other.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from core.duplicate_pages import DuplicatePages, FoundGroup
from core.errors import UnknownOperation, UsageError, WrongState
from core.journal import OperationFiles
from core.model import Request
from core.names import shown
from core.planners import Ground

CHOSEN = "chosen by hand"


def reported(request: Request, ground: Ground) -> list[FoundGroup]:
    """Return the groups of the earlier dedupe that are acted on. Raises UsageError as `check` does."""
    files = ground.operation(request.of or "")
    check(request, files)
    pages = DuplicatePages(files)
    if request.choices is None:
        return list(pages.groups(0, pages.totals.groups))
    numbers = sorted(request.choices)
    return [_chosen(_group(pages, number), request.choices[number]) for number in numbers]


def check(request: Request, earlier: OperationFiles) -> None:
    """Raise UsageError, telling the field, where an earlier dedupe cannot be acted on as a request wants it.

    Raises JournalDamaged too.
    """
    try:
        before = earlier.request()
        pages = DuplicatePages(earlier)
    except (UnknownOperation, WrongState):
        raise UsageError(f"no dedupe {shown(earlier.directory.name)} has found anything", field="of") from None
    if before.kind != "dedupe" or before.folder != request.folder:
        raise UsageError(f"{shown(before.id)} is no dedupe of {shown(request.folder)}", field="of")
    if request.action in (None, "report"):
        raise UsageError("what is to be done with them? trash, hardlink or reflink", field="action")
    _check_choices(request.choices or {}, pages, is_trashing=request.action == "trash")


def _check_choices(choices: Mapping[int, bytes], pages: DuplicatePages, *, is_trashing: bool) -> None:
    for number, path in choices.items():
        if not 0 <= number < len(pages):
            raise UsageError(f"there is no group {number}", field="choices")
        group = _group(pages, number)
        if all(file.path != path for file in group.files):
            raise UsageError(f"{shown(path)} is not in group {number}", field="choices")
        if group.near and not is_trashing:
            raise UsageError("pictures that only look alike can go to the trash, and nothing else", field="action")


def _group(pages: DuplicatePages, number: int) -> FoundGroup:
    return next(pages.groups(number, number + 1))


def _chosen(group: FoundGroup, path: bytes) -> FoundGroup:
    keep = next(number for number, file in enumerate(group.files) if file.path == path)
    return group if keep == group.keep else replace(group, keep=keep, why=CHOSEN)
