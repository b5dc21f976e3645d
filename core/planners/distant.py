"""What is different where the files of a plan are objects of a bucket: no folder is made or removed, times are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from core.model import DIRECTORY_KINDS, Attributes, Plan, Step
from core.planners.scope import PROJECT_MARKS, marked_by
from core.storage.s3.bucket import MTIME, Head
from core.storage.s3.listing import Listing
from core.storage.s3.objects import seconds_of


def project_mark_of(listing: Listing) -> Callable[[bytes], str]:
    """Return what says of an absolute directory of a bucket what makes it a project's, or nothing."""
    start = len(listing.root.rstrip(b"/")) + 1

    def mark_in(directory: bytes) -> str:
        names = frozenset(listing.list_directory(directory[start:]))
        return next((marked_by(mark) for mark in PROJECT_MARKS if mark in names), "")

    return mark_in


def among_objects(plan: Plan, listing: Listing, *, are_dated: bool, told: bool) -> Plan:
    """Return a plan's steps as they are among objects.

    `are_dated`: rules ask for times. `told`: with those that are no files, each with the reason. Raises StorageError.
    """
    steps = [step for step in plan.steps if step.kind not in DIRECTORY_KINDS]
    heads = _heads([step for step in steps if not step.refused], listing) if are_dated else {}
    steps = [_among_objects(step, listing, heads.get(step.source)) for step in steps]
    if told:
        steps += [Step(0, "move", path, path, refused=why) for path, why in listing.untouched]
    return Plan(plan.operation, plan.roots, [replace(s, seq=number) for number, s in enumerate(steps)], plan.rules)


def _heads(steps: Sequence[Step], listing: Listing) -> dict[bytes, Head | None]:
    sources = [step.source for step in steps]
    return dict(zip(sources, listing.bucket.each(listing.bucket.head, sources), strict=True))


def _among_objects(step: Step, listing: Listing, head: Head | None) -> Step:
    entry = listing.entry(step.source)
    fingerprint = entry.fingerprint if entry else step.fingerprint
    return replace(step, fingerprint=fingerprint, attributes=_dated(head) if head else None)


def _dated(head: Head) -> Attributes | None:
    """Return what an object remembers from now on whose time a rule asked for, and which has none noted beside it.

    A copy is written anew: without that the object would be new, and a rule by its time would move it again.
    """
    if MTIME in head.metadata:
        return None
    noted = head.metadata | {MTIME: seconds_of(head.entry.mtime_ns)}
    return Attributes(0, 0, 0, 0, {name: value.encode() for name, value in noted.items()})
