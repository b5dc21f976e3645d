"""A file at a glance: its picture, or how its text begins, and what is known of it."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from core.errors import ShelverError
from core.names import shown
from tui import words
from tui.asking import ask_anew
from tui.surroundings import Surroundings
from tui.widgets.line import EMPTY, Line, Lines, cut, fitted, folded
from tui.widgets.picture import Picture
from tui.wire_looks import FilePreview

if TYPE_CHECKING:
    from tui.face import Face

PAUSE = 0.2
"""Seconds that the cursor rests on a file before the agent is asked to look into it."""
KEPT = 16
FACTS = 8
"""Lines for facts, at most, beneath a picture or text."""

Asked = tuple[bytes, int, int]


class FilePane(Vertical):
    """Shows one file after another; those seen lately are kept."""

    DEFAULT_CSS = """
    FilePane { height: 1fr; padding: 0 2; }
    FilePane #picture { margin: 0 0 1 0; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._path = b""
        self._known: OrderedDict[Asked, FilePreview | str] = OrderedDict()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Hold what it is, the picture, and the text or facts."""
        yield Lines(id="what")
        yield Picture(id="picture")
        yield Lines(id="told")

    @property
    def face(self) -> Face:
        """The application."""
        return cast("Face", self.app)

    def look(self, path: bytes) -> None:
        """Show a file, in a moment; nothing for an empty path."""
        if path != self._path:
            self._path = path
            self._restart()

    def again(self) -> None:
        """Look at the file anew: it may have changed."""
        self._known.clear()
        self._restart()

    def on_resize(self) -> None:
        """Show as much as there is room for now."""
        self._restart()

    def _restart(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        known = self._known.get(self._asked)
        if known is not None or not self._path:
            self._draw(known)
        elif self._room:
            self._timer = self.set_timer(min(PAUSE, self.face.around.beat), self._ask)

    @property
    def _room(self) -> int:
        return self.content_size.width

    @property
    def _asked(self) -> Asked:
        return self._path, self._room, max(self.content_size.height - FACTS - 3, 4)

    def _ask(self) -> None:
        ask_anew(self, self._fetch, "preview")

    async def _fetch(self) -> None:
        asked = self._asked
        try:
            found: FilePreview | str = await self.face.inquiries.preview(*asked)
        except ShelverError as error:
            found = str(error)
        self._known[asked] = found
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        if asked == self._asked:
            self._draw(found)

    # -- drawing -----------------------------------------------------------------------------------------

    def _draw(self, found: FilePreview | str | None) -> None:
        what, picture, told = self.query_one("#what", Lines), self.query_one(Picture), self.query_one("#told", Lines)
        width = max(self._room, 20)
        if not isinstance(found, FilePreview):
            picture.show(None)
            what.show([((cut(shown(os.path.basename(self._path)), width), "strong"),)] if self._path else [])
            told.show([((part, "dim"),) for part in folded(found, width)] if found else [])
            return
        what.show([*heading(found, self.face.around, width), EMPTY])
        picture.show(found.picture)
        lines, facts = text_lines(found, width), fact_lines(found, width)
        room = self.content_size.height - 4 - picture.rows - len(facts)
        kept = lines[: max(room, 1)]
        told.show([*kept, *([EMPTY] if kept and facts else []), *facts])


def heading(found: FilePreview, around: Surroundings, width: int) -> list[Line]:
    """Return a file's name, and what it is."""
    parts = [found.kind, words.size(found.size)]
    if found.modified is not None:
        parts.append(words.moment(found.modified, around.now()))
    return [
        ((fitted(os.path.basename(found.path), width), "strong"),),
        ((cut(" · ".join(filter(None, parts)), width), "dim"),),
    ]


def text_lines(found: FilePreview, width: int) -> list[Line]:
    """Return how a text begins, or why nothing of the file can be shown."""
    if found.text is not None:
        return [((cut(line.expandtabs(4), width), "text"),) for line in found.text.split("\n")]
    if found.why_not:
        return [((part, "dim"),) for part in folded(found.why_not, width)]
    return []


_OF_HEADING = frozenset({"kind", "size", "modified", "name", "stem", "ext", "text"})


def _told(name: str, value: str | float) -> str:
    return str(value).replace("T", " ")[:16] if name == "taken" else str(value)


def fact_lines(found: FilePreview, width: int) -> list[Line]:
    """Return what is known of a file, besides what its heading says."""
    facts: list[Line] = [
        ((f"{name.replace('_', ' '):<12} ", "dim"), (cut(_told(name, value), max(width - 13, 4)), "text"))
        for name, value in found.facts.items()
        if value is not None and name not in _OF_HEADING
    ]
    return facts[:FACTS]
