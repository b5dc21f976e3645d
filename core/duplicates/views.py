"""Groups of duplicates as JSON shows them: absolute paths, `*_b64` where one is not UTF-8."""

from __future__ import annotations

from msgspec import Struct, field

from core.duplicates.pages import DuplicatePages, FoundFile, FoundGroup
from core.journal import OperationFiles
from core.names import wire_path


class FileView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of a group. `distance`: bits by which a picture differs from the group's first.

    `mtime` in seconds since 1970, `width` and `height` in pixels, `links`: its other hard-linked names. `protected`:
    nothing is ever done with it; `reason`: why that is so, or why it is not trashed.
    """

    path: str
    distance: int = field()
    size: int = field()
    mtime: float = field()
    protected: bool = False
    reason: str = ""
    width: int = 0
    height: int = 0
    taken: str = ""
    links: list[str] = []
    path_b64: str | None = None


class GroupView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Files with the same content, or pictures that look alike (`near`). `size` in bytes, of the one that stays.

    `group`: its number; `keep`: the path of the one that stays, and `why`.
    """

    group: int
    near: bool = field()
    size: int = field()
    keep: str = field()
    why: str = field()
    files: list[FileView] = field()
    keep_b64: str | None = None


class PageView(Struct, frozen=True, kw_only=True):
    """Some groups, and what all come to.

    `total`: how many groups there are of those asked for; `exact` and `near`: of each kind. `redundant`: exact copies
    that may go, `reclaimable`: their bytes. `left_out`: how many files could not be compared, by reason.
    """

    groups: list[GroupView]
    total: int = 0
    exact: int = 0
    near: int = 0
    redundant: int = 0
    reclaimable: int = 0
    left_out: dict[str, int] = {}


def page_of(files: OperationFiles, start: int, limit: int, near: bool | None = None) -> PageView:
    """Return groups `start` up to `start + limit` of an operation: of all, or only exact or near ones.

    Raises WrongState where nothing was found yet, JournalDamaged.
    """
    pages = DuplicatePages(files)
    totals = pages.totals
    return PageView(
        groups=[_group(number, group) for number, group in pages.page(start, limit, near)],
        total=len(pages) if near is None else totals.near if near else totals.groups,
        exact=totals.groups,
        near=totals.near,
        redundant=totals.redundant,
        reclaimable=totals.reclaimable,
        left_out=totals.left_out,
    )


def _group(number: int, group: FoundGroup) -> GroupView:
    keep, keep_b64 = wire_path(group.files[group.keep].path)
    return GroupView(
        group=number,
        near=group.near,
        size=group.size,
        keep=keep,
        why=group.why,
        files=[_file(file) for file in group.files],
        keep_b64=keep_b64,
    )


def _file(file: FoundFile) -> FileView:
    path, path_b64 = wire_path(file.path)
    return FileView(
        path=path,
        distance=file.distance,
        size=file.fingerprint.size,
        mtime=file.mtime_ns / 1e9,
        protected=bool(file.stays),
        reason=file.stays or file.held,
        width=file.width,
        height=file.height,
        taken=file.taken,
        links=[wire_path(other)[0] for other in file.also],
        path_b64=path_b64,
    )
