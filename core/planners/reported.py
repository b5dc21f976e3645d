"""Acting on what an earlier dedupe found: as it said what stays, by other policies, or as a person chose.

Nothing is searched again. A file that changed since is left out by the executor, alone, like any other. Pictures that
only look alike are left alone unless a person chose among them; where a request is about those, copies are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from core.config import Config
from core.duplicates.keepers import Copy, Keepers
from core.duplicates.pages import DuplicatePages, FoundGroup
from core.errors import UnknownOperation, UsageError, WrongState
from core.journal import OperationFiles
from core.model import Request
from core.names import shown, wire_path
from core.planners import Ground

CHOSEN = "chosen by hand"


def keepers_of(request: Request, config: Config) -> Keepers:
    """Return the policies of a request, then the config's. Raises UsageError."""
    try:
        return Keepers(config, request.keep or ())
    except ValueError as error:
        raise UsageError(str(error), field="keep") from None


def reported(request: Request, ground: Ground, keepers: Keepers) -> list[FoundGroup]:
    """Return the groups of the earlier dedupe that are acted on. Raises UsageError as `check` does."""
    files = ground.operation(request.of or "")
    check(request, files)
    pages = DuplicatePages(files)
    choices = request.choices or {}
    groups = []
    for number, group in enumerate(pages.groups(0, len(pages))):
        if number in choices:
            groups.append(_keeping(group, _chosen(group, choices[number]), CHOSEN))
        elif not group.near and not request.similar:
            groups.append(group if request.keep is None else _by_policy(group, keepers))
    return groups


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
        group = next(pages.groups(number, number + 1))
        if _chosen(group, path) is None:
            raise UsageError(f"{shown(path)} is not in group {number}", field="choices")
        if group.near and not is_trashing:
            raise UsageError("pictures that only look alike can go to the trash, and nothing else", field="action")


def _chosen(group: FoundGroup, path: bytes) -> int | None:
    """Return the place of a file in its group; also by its name as people see it, where that is not its own."""
    for spelling in (lambda own: own, lambda own: wire_path(own)[0].encode()):
        for number, file in enumerate(group.files):
            if spelling(file.path) == path:
                return number
    return None


def _by_policy(group: FoundGroup, keepers: Keepers) -> FoundGroup:
    """Return a group with what stays by other policies; what stays anyhow comes first."""
    numbers = [number for number, file in enumerate(group.files) if file.stays] or list(range(len(group.files)))
    copies = [Copy(group.files[number].path, group.files[number].mtime_ns) for number in numbers]
    chosen, why = keepers.choose(copies)
    return _keeping(group, numbers[chosen], why)


def _keeping(group: FoundGroup, keep: int | None, why: str) -> FoundGroup:
    return group if keep is None or keep == group.keep else replace(group, keep=keep, why=why)
