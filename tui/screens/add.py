"""Adding a folder: which one, what its rules would do there, and only then into the config."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from core.errors import ShelverError
from core.model import FolderStatus
from core.names import shown
from tui import words
from tui.asking import ask_anew
from tui.outfit import Outfit
from tui.screens.confirm import Choice, Question
from tui.screens.place import Box, Dialog
from tui.widgets.journey import journey_line
from tui.widgets.line import EMPTY, Line, Lines, cut, folded, right
from tui.widgets.path_input import PathEntry, PathInput
from tui.wire_looks import Prospect

if TYPE_CHECKING:
    from tui.face import Face

FRAME = 8
"""Lines of a dialog around what it tells: border, padding, buttons."""
RULES = 5
"""Rules that are named one by one; the others are told together."""


class AddFolder(Dialog[FolderStatus]):
    """Asks for a folder's path; answers with the folder once it is watched."""

    DEFAULT_CSS = """
    AddFolder PathInput { margin: 1 0 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "cancel")]
    AUTO_FOCUS = "PathEntry"

    def compose(self) -> ComposeResult:
        """Hold a line to type into, and what will happen."""
        keys = self.hints(("complete the path", "complete"), ("take the path", "look"), ("cancel", "cancel"))
        with Box("Add a folder", keys):
            yield Lines([(("Which folder shall Shelver look after?", "text"),)])
            yield PathInput(self.around.home)
            yield Lines([(("Nothing moves yet: first you see what would move.", "dim"),), EMPTY])

    @on(PathInput.Given)
    def _given(self, event: PathInput.Given) -> None:
        def answered(folder: FolderStatus | None) -> None:
            if folder is not None:
                self.dismiss(folder)
            else:
                self.query_one(PathEntry).focus()

        self.app.push_screen(TryFolder(event.path), answered)


class TryFolder(Question[FolderStatus]):
    """What the rules would do in a folder, and whether it shall be watched."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mode", "ask before it moves, or move by itself"),
        Binding("y", "copy", "copy the lines for the config"),
    ]

    def __init__(self, path: bytes) -> None:
        super().__init__()
        self._path = path
        self._mode = "review"
        self._found: Prospect | None = None
        self._trouble = ""
        self._adding = False

    def compose(self) -> ComposeResult:
        """Hold what was found, and the two buttons."""
        with Box(f"Add {self.around.tilde(os.fsdecode(self._path))}", self.keys):
            yield Lines(id="told")
            yield from self.buttons("Watch it", ready=False)

    def on_mount(self) -> None:
        """Ask what the rules would do."""
        self._draw()
        ask_anew(self, self._look, "prospect")

    async def _look(self) -> None:
        try:
            self._found = await self.face.inquiries.prospect(self._path)
        except ShelverError as error:
            self._trouble = str(error)
        self._draw()

    # -- drawing -----------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        told, found = self.query_one("#told", Lines), self._found
        width = max(told.size.width, 40)
        room = int(self.size.height * 0.92) - FRAME
        if self._trouble:
            told.show([((part, "bad"),) for part in folded(self._trouble, width)])
        elif found is None:
            told.show([((f"Looking into {self.around.tilde(os.fsdecode(self._path))}…", "dim"),)])
        else:
            told.show(prospect_lines(found, self._mode, self.face, width, room))
        self.query_one("#yes", Choice).disabled = (
            found is None or bool(found.obstacle) or self._adding or not self.face.may_act
        )

    # -- keys --------------------------------------------------------------------------------------------

    def action_mode(self) -> None:
        """Let it ask before it moves anything, or move by itself."""
        self._mode = "auto" if self._mode == "review" else "review"
        self._draw()

    def action_copy(self) -> None:
        """Hand the lines for the config to the terminal's clipboard."""
        if self._found is not None:
            self.face.looks.copy(self._found.table.encode())

    def confirmed(self) -> None:
        """Have it written into the config, and watched."""
        if not self._adding:
            self._adding = True
            self.run_worker(self._add(), group="add", exit_on_error=False)

    async def _add(self) -> None:
        try:
            self.dismiss(await self.face.inquiries.add_folder(self._path, self._mode))
        except ShelverError as error:
            self._adding, self._trouble = False, str(error)
            self._draw()


def prospect_lines(found: Prospect, mode: str, face: Face, width: int, room: int) -> list[Line]:
    """Return what the rules would do in a folder, in at most `room` lines."""
    lines = [_counts(found, width), EMPTY]
    figures = max((len(words.count(each.files)) for each in found.rules), default=1) + 2
    lines += [_figure(each.files, figures, each.rule, "text", width) for each in found.rules[:RULES]]
    if others := sum(each.files for each in found.rules[RULES:]):
        lines.append(_figure(others, figures, "by other rules", "dim", width))
    for reason, number in list(found.refusals.items())[:2]:
        lines.append(_figure(number, figures, f"stay: {reason}", "warn", width))
    ending = _ending(found, mode, face, width)
    sample = found.sample[: max(min(room - len(lines) - len(ending) - 1, 6), 0)]
    if sample:
        lines += [EMPTY, *(journey_line(step, face.around, found.path, width) for step in sample)]
    return [*lines, *ending][: max(room, 4)]


def _figure(number: int, figures: int, said: str, role: str, width: int) -> Line:
    return ((right(words.count(number), figures), "strong"), ("  " + cut(said, width - figures - 2), role))


def _counts(found: Prospect, width: int) -> Line:
    if not found.files:
        return (("No loose files there yet; what arrives will be looked at.", "text"),)
    has = "has" if found.moves == 1 else "have"
    told = f"{words.files(found.moves)} {has} a place, {words.count(found.stays)} stay"
    some = "" if found.looked_at == found.files else f"  of the first {found.looked_at:,} of {words.files(found.files)}"
    return ((told, "strong"), (cut(some, max(width - len(told), 0)), "dim"))


def _ending(found: Prospect, mode: str, face: Face, width: int) -> list[Line]:
    if found.obstacle:
        copies = f"{face.outfit.key('copy the lines for the config')} copies them"
        told = f"The config cannot be written: {found.obstacle}. Add these lines to it ({copies}):"
        return [
            EMPTY,
            *(((part, "warn"),) for part in folded(told, width)),
            *(((f"  {cut(line, width - 2)}", "text"),) for line in found.table.splitlines()),
        ]
    where = face.around.tilde(found.config) if found.config else ""
    label = f"It becomes “{shown(found.name)}” in {where}"
    return [EMPTY, _mode_line(mode, face.outfit), ((cut(label, width), "dim"),)]


def _mode_line(mode: str, outfit: Outfit) -> Line:
    line: Line = (("New files:  ", "dim"), (outfit.key("ask before it moves, or move by itself"), "accent"))
    for each, said in (("review", "ask first"), ("auto", "move by themselves")):
        line = (*line, (f" {said}", "strong" if each == mode else "faint"), ("  ", "text"))
    return line
