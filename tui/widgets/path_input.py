"""A line to type a path into, with what it could become beneath it. `tab` completes as far as there is one way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from core.names import shown
from tui.asking import ask_anew
from tui.keys import Named
from tui.widgets.filter_bar import QuietInput
from tui.widgets.line import EMPTY, Line, Lines, cut

OFFERED = 6
"""Names shown beneath the line."""


def typed_path(text: str, home: str) -> bytes:
    """Return the absolute path that a person typed, `~` expanded; empty where there is none."""
    text = text.strip()
    if not text:
        return b""
    expanded = home + text[1:] if text == "~" or text.startswith("~/") else text
    try:
        return os.path.abspath(expanded).encode()
    except UnicodeEncodeError:  # half a character, which was pasted
        return b""


@dataclass(frozen=True)
class Offers:
    """What a directory holds that begins as was typed. `typed`: for which text this is so."""

    typed: str
    names: Sequence[str] = ()

    @property
    def common(self) -> str:
        """The beginning that all names share."""
        first, last = min(self.names, default=""), max(self.names, default="")
        same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        return first[:same]


def offers(typed: str, home: str, *, files: bool) -> Offers:
    """Look what a typed path could become; directories end with a slash. What cannot be looked into offers nothing."""
    directory, _, start = typed.rpartition("/")
    if "/" not in typed:
        return Offers(typed, ["~/"] if typed in ("", "~") else [])
    place = typed_path(directory or "/", home) or b"/"
    found = []
    try:
        with os.scandir(os.fsdecode(place)) as listing:
            for entry in listing:
                is_folder = entry.is_dir()
                if entry.name.startswith(start) and (is_folder or files) and (start or not entry.name.startswith(".")):
                    found.append(entry.name + "/" if is_folder else entry.name)
    except OSError:
        return Offers(typed)
    return Offers(typed, sorted(found, key=lambda name: (not name.endswith("/"), name)))


class PathEntry(Named, QuietInput):
    """The line itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete the path", show=False),
        Binding("enter", "submit", "take the path", show=False),
    ]

    class Completing(Message):
        """A person wants the rest of the name."""

    def action_complete(self) -> None:
        """Ask for the rest of the name."""
        self.post_message(self.Completing())


class PathInput(Vertical):
    """The line and what it could become."""

    DEFAULT_CSS = """
    PathInput { height: auto; }
    PathInput Lines { margin: 0 1; }
    """

    class Given(Message):
        """A person pressed enter."""

        def __init__(self, path: bytes) -> None:
            super().__init__()
            self.path = path

    def __init__(self, home: str, *, value: str = "", hint: str = "~/Downloads", files: bool = False) -> None:
        super().__init__()
        self._home = home
        self._value = value
        self._hint = hint
        self._files = files
        self._offers = Offers("")

    def compose(self) -> ComposeResult:
        """Hold the line and the offers."""
        yield PathEntry(self._value, placeholder=self._hint, select_on_focus=False)
        yield Lines([EMPTY] * OFFERED)

    @property
    def entry(self) -> PathEntry:
        """The line."""
        return self.query_one(PathEntry)

    @on(Input.Changed)
    def _typed(self) -> None:
        ask_anew(self, self._look, "offers")

    async def _look(self) -> None:
        typed = self.entry.value
        self._offers = await asyncio.to_thread(offers, typed, self._home, files=self._files)
        names = list(self._offers.names)
        lines: list[Line] = [((cut(name, max(self.size.width - 4, 10)), "dim"),) for name in names[:OFFERED]]
        if len(names) > OFFERED:
            lines[-1] = ((f"… {len(names) - OFFERED + 1:,} more", "faint"),)
        self.query_one(Lines).show([*lines, *[EMPTY] * (OFFERED - len(lines))])

    @on(PathEntry.Completing)
    async def _complete(self) -> None:
        entry = self.entry
        if self._offers.typed != entry.value:
            await self._look()
        common = self._offers.common
        if not common or shown(common) != common:  # a name that a terminal would act on is typed by nobody
            return
        directory, slash, _ = entry.value.rpartition("/")
        entry.value = common if not slash else f"{directory}/{common}"
        entry.cursor_position = len(entry.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if path := typed_path(self.entry.value, self._home):
            self.post_message(self.Given(path))
