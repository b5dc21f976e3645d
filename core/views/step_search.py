"""Finding steps by a part of their paths, among a million: most frames need not be decoded to know."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable

from core.journal import FRAME_STEPS
from core.journal.outcome_table import OutcomeTable
from core.journal.plan_pages import PlanPages
from core.model import Step, absolute
from core.names import normalized, shown

_LIKE_ASCII = tuple(
    chr(code).encode()
    for code in (
        *(0xDF, 0x130, 0x149, 0x17F, 0x1F0, 0x37E, 0x1E96, 0x1E97, 0x1E98, 0x1E99, 0x1E9A, 0x1E9E, 0x1FEF, 0x212A),
        *range(0xFB00, 0xFB07),
    )
)
"""The characters beyond ASCII that are like ASCII once case and Unicode form are ignored: long s, ligatures, ..."""

_ASCII = bytes(range(128))


def found_steps(pages: PlanPages, table: OutcomeTable, text: str) -> array[int]:
    """Return the numbers of the steps with `text` in their source or destination, ascending.

    Case and Unicode form are ignored; a leading `!` turns it round: those without.
    """
    inverse, wanted = text.startswith("!"), text.removeprefix("!")
    matches = _matcher(pages, table, wanted)
    is_certain = _rules_out(pages, wanted)
    moved_elsewhere = {seq // FRAME_STEPS for seq in table.places}
    found = array("I")
    for frame in range(pages.frames):
        first = frame * FRAME_STEPS
        if frame not in moved_elsewhere and is_certain(pages.raw(frame)):
            if inverse:
                found.extend(range(first, min(first + FRAME_STEPS, pages.total)))
        else:
            found.extend(step.seq for step in pages.steps_of(frame) if matches(step) is not inverse)
    return found


def _matcher(pages: PlanPages, table: OutcomeTable, wanted: str) -> Callable[[Step], bool]:
    """Return what tells whether a step matches. Who types a backslash means a name as it is shown."""
    fold = _as_shown if "\\" in wanted else _as_it_is
    folded = fold(os.fsencode(wanted))

    def matches(step: Step) -> bool:
        source = absolute(pages.roots, step.source_root, step.source)
        place = absolute(pages.roots, step.destination_root, table.places.get(step.seq) or step.destination)
        return folded in fold(source) or folded in fold(place)

    return matches


def _as_it_is(path: bytes) -> str:
    return normalized(path).casefold()


def _as_shown(path: bytes) -> str:
    return normalized(shown(path).encode()).casefold()


def _rules_out(pages: PlanPages, wanted: str) -> Callable[[memoryview], bool]:
    """Return what tells whether no step of a frame, as it stands on disk, can match.

    What matches across a slash holds the longest name of it whole, in a root or in a frame.
    """
    name = max(wanted.split("/"), key=len).lower()
    if not name or not name.isascii() or "\\" in name or any(name in _as_it_is(root) for root in pages.roots):
        return lambda _: False
    sought = name.encode()

    def rules_out(frame: memoryview) -> bool:
        raw = bytes(frame)
        if sought in raw.lower():
            return False
        beyond = raw.translate(None, _ASCII)  # what is left is short, so that it is soon looked through
        return not any(like in beyond for like in _LIKE_ASCII)

    return rules_out
