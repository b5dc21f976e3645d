"""The command palette: everything that can be done, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.command import CommandList, DiscoveryHit, Hit, Hits, Provider
from textual.command import CommandPalette as TextualPalette
from textual.content import Content
from textual.widgets import Input, OptionList

from core.model import FolderStatus
from core.names import shown
from tui import words
from tui.closing import ClosesOnce
from tui.screens.place import TooSmall, operation_title
from tui.widgets.line import shortened

if TYPE_CHECKING:
    from tui.face import Face

NAME_CELLS = 40
"""Cells that a folder's name takes at most."""
UNDOABLE = 10
"""Operations that are offered to be undone, the latest of all."""

Command = tuple[str, str, Callable[[], object]]


class CommandPalette(TextualPalette, ClosesOnce[None]):
    """Textual's, that also bears to be paged through before it was ever laid out, and a key that is held down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page(1)", "next page", show=False),
        Binding("pageup", "page(-1)", "page before", show=False),
    ]

    def on_mount(self) -> None:
        """Hold what covers it when there is too little room."""
        self.mount(TooSmall())

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _chosen(self, event: OptionList.OptionSelected | Input.Submitted) -> None:
        """Do what was chosen first, once: a key that is held down chooses again before that is acted on."""
        if self not in self.app.screen_stack:
            event.stop()
            event.prevent_default()

    def action_page(self, by: int) -> None:
        """Go a page down or up."""
        found = self.query_one(CommandList)
        with suppress(LookupError):  # no line has a place yet
            if by > 0:
                found.action_page_down()  # type: ignore[no-untyped-call]
            else:
                found.action_page_up()  # type: ignore[no-untyped-call]


class Commands(Provider):
    """What can be done with the folders and operations that are known."""

    async def discover(self) -> Hits:
        """Offer all, before anything is typed."""
        for name, told, command in commands(cast("Face", self.app)):
            yield DiscoveryHit(Content(name), command, text=name, help=cast("str", Content(told)))

    async def search(self, query: str) -> Hits:
        """Offer what resembles the query. Names are content, never markup."""
        matcher = self.matcher(query)
        for name, told, command in commands(cast("Face", self.app)):
            if (score := matcher.match(name)) > 0:
                yield Hit(score, Content(name), command, text=name, help=cast("str", Content(told)))


def commands(face: Face) -> Iterator[Command]:
    """Yield what can be done now: what is going on first, then the places, folders, what can be undone, the screens."""
    for operation in (*face.live.waiting(), *face.live.running()):
        title = f"Open {operation_title(operation, face.around)}"
        yield title, words.state(operation)[0], partial(face.show_operation, operation)
    yield "Operations", "all that was ever done", face.show_operations
    yield "Where did it go", "search a file's names", face.show_where
    yield "Explain a file", "what the rules would do with it, and why", face.looks.ask_what_to_explain
    if face.may_act:
        yield "Add a folder", "see what would move there", face.acts.add_folder
        yield "Edit the config", "in your editor, then it is checked", face.looks.edit_config
    for folder in face.live.folders.values():
        yield from _with_folder(face, folder)
    if face.may_act:
        yield from _undoable(face)
    yield "Diagnostics", "agent, terminal, connection, findings", face.looks.diagnostics
    yield "Theme", "other colours", face.action_change_theme
    yield "Draw again", "when the terminal got confused", face.action_repaint
    yield "Quit", "the agent goes on working", face.action_leave


def _with_folder(face: Face, folder: FolderStatus) -> Iterator[Command]:
    name = shortened(face.around.tilde(folder.name), NAME_CELLS)
    if face.may_act:
        yield f"Organize {name}", "plan it, and show the plan", partial(face.acts.plan, folder.name)
        if folder.state in ("paused", "halted"):
            yield f"Resume {name}", shown(folder.reason) or "go on there", partial(face.acts.resume, folder)
        else:
            yield f"Pause {name}", "start nothing there", partial(face.acts.pause, folder)
    if words.has_pair(folder):
        if face.may_act:
            yield f"Sync {name}", words.pair(folder) or folder.bucket, partial(face.acts.plan_sync, folder.name)
        told = words.conflicts(folder.conflicts) if folder.conflicts else "none just now"
        yield f"Conflicts in {name}", told, partial(face.looks.conflicts, folder.name)
    yield f"Rules of {name}", "the folder, its rules and settings", partial(face.looks.folder, folder.name)
    alike = "copies, and pictures that look alike"
    yield f"Duplicates in {name}", alike, partial(face.looks.duplicates, folder.name)


def _undoable(face: Face) -> Iterator[Command]:
    for operation in [each for each in face.live.ended() if words.can_undo(each)][:UNDOABLE]:
        undone = face.around.tilde(operation.folder)
        title = f"Redo {undone}" if words.can_redo(operation) else f"Undo {operation_title(operation, face.around)}"
        time = words.moment(operation.finished or operation.created, face.around.now())
        yield title, f"{time}, {words.outcome(operation)}", partial(face.acts.show_undo, operation)
