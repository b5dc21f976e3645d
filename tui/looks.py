"""Where one can look, and what follows from it: opens the screens of files, folders, the config and duplicates."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from textual.app import SuspendNotSupported

from core.errors import ShelverError
from core.model import FolderStatus, Operation, StepView
from core.names import shown
from tui.wire import exact_path
from tui.wire_looks import ConfigState

if TYPE_CHECKING:
    from tui.face import Face

T = TypeVar("T")

CLIPBOARD_BYTES = 70_000
"""More than this, and terminals silently drop it."""


class Looks:
    """Opens screens; each is loaded when it is first wanted, so that the first frame comes early."""

    def __init__(self, face: Face) -> None:
        self._face = face

    # -- files -------------------------------------------------------------------------------------------

    def explain(self, path: bytes) -> None:
        """Say what the rules would do with a file, and why."""
        from tui.screens.explain import Explain  # noqa: PLC0415

        self._face.push_screen(Explain(path))

    def ask_what_to_explain(self, start: str | bytes = "") -> None:
        """Ask for a file, and explain it."""
        from tui.screens.explain import AskFile  # noqa: PLC0415

        def given(path: bytes | None) -> None:
            if path:
                self.explain(path)

        self._face.push_screen(AskFile(self._typed(start)), given)

    def _typed(self, start: str | bytes) -> str:
        """Return a directory as a person would type it, with a slash at its end; nothing where nobody could."""
        text = os.fsdecode(start)
        typed = self._face.around.tilde(text)
        return f"{typed.rstrip('/')}/" if text and shown(text) == text else ""

    def preview(self, path: bytes) -> None:
        """Show a file."""
        from tui.screens.file import FileScreen  # noqa: PLC0415

        self._face.push_screen(FileScreen(path))

    def copy(self, path: bytes) -> None:
        """Hand a path to the terminal's clipboard, which may or may not take it."""
        if not is_text(path) or len(path) > CLIPBOARD_BYTES:
            self._face.tell("This name cannot go through the clipboard.", trouble=True)
            return
        self._face.copy_to_clipboard(path.decode())
        self._face.tell("Sent to the terminal's clipboard.")

    # -- folders and their config ------------------------------------------------------------------------

    def folder(self, name: str) -> None:
        """Show a folder, its rules and settings."""
        from tui.screens.folder import FolderScreen  # noqa: PLC0415

        self._face.push_screen(FolderScreen(name))

    def add_folder(self) -> None:
        """Ask for a folder, show what its rules would do there, and have it watched."""
        from tui.screens.add import AddFolder  # noqa: PLC0415

        def added(folder: FolderStatus | None) -> None:
            if folder is not None:
                self._face.live.folders[folder.name] = folder
                self._face.changed()
                self._face.tell(f"{self._face.around.tilde(folder.name)} is watched. Its first plan will wait for you.")

        self._face.push_screen(AddFolder(), added)

    def edit_config(self, line: int | None = None) -> None:
        """Open the config in the person's editor, have it checked, and read again if there is no mistake."""
        self._attempt(self._face.inquiries.config, lambda state: self._edit(state, line))

    def _edit(self, state: ConfigState, line: int | None) -> None:
        from tui import editor  # noqa: PLC0415

        if state.path is None:
            self._face.tell(state.obstacle or "There is no config.", trouble=True)
            return
        if not state.exists:
            self._face.tell(f"There is no {self._face.around.tilde(state.path)} yet: `a` adds a folder and makes it.")
            return
        if not os.access(state.path, os.W_OK):
            self._face.tell(f"You may not write {self._face.around.tilde(state.path)}.", trouble=True)
            return
        first = state.mistakes[0].line if state.mistakes else None
        try:
            arguments = editor.command(state.path, line or first)
            with self._face.suspend():
                editor.run(arguments)
        except SuspendNotSupported:
            self._face.tell("This terminal cannot be handed to an editor.", trouble=True)
            return
        except ShelverError as error:
            self._face.tell(str(error), trouble=True)
            return
        self._face.action_repaint()
        self._attempt(self._face.inquiries.reload_config, self._edited)

    def _edited(self, state: ConfigState) -> None:
        from tui.screens.mistakes import Mistakes  # noqa: PLC0415

        if not state.mistakes:
            self._face.tell("The config has no mistake, and is read again.")
            self._attempt(self._face.agent.folders, self._folders_are)
            return

        def answered(line: int | None) -> None:
            if line is not None:
                self.edit_config(line or None)

        self._face.push_screen(Mistakes(state), answered)

    def _folders_are(self, folders: list[FolderStatus]) -> None:
        self._face.live.folders = {folder.name: folder for folder in folders}
        self._face.changed()
        again = getattr(self._face.screen, "action_again", None)
        if again is not None:  # what is looked at may be another thing by the new rules
            again()

    # -- the whole ---------------------------------------------------------------------------------------

    def diagnostics(self) -> None:
        """Show how agent, terminal and connection are."""
        from tui.screens.diagnostics import Diagnostics  # noqa: PLC0415

        self._face.push_screen(Diagnostics())

    def conflicts(self, folder: str) -> None:
        """Show the files that a folder and its bucket both changed."""
        from tui.screens.conflicts import Conflicts  # noqa: PLC0415

        self._face.push_screen(Conflicts(folder))

    def duplicates(self, folder: str) -> None:
        """Show the duplicates of a folder, as they were last found, or have them looked for."""
        from tui.screens.duplicates import Duplicates  # noqa: PLC0415

        self._face.push_screen(Duplicates(folder))

    def duplicates_of(self, operation: Operation) -> None:
        """Show the groups that a dedupe operation found."""
        from tui.screens.duplicates import Duplicates  # noqa: PLC0415

        self._face.push_screen(Duplicates(operation.folder, operation))

    def _attempt(self, work: Callable[[], Awaitable[T]], then: Callable[[T], object]) -> None:
        self._face.attempt(work, then)


def path_now(step: StepView) -> bytes:
    """Return where a step's file is now, as far as the step tells; empty where it has none."""
    moved = step.outcome == "done" and step.destination is not None and step.kind not in ("trash", "rmdir")
    path = exact_path(step.destination, step.destination_b64) if moved else None
    return path or exact_path(step.source, step.source_b64) or b""


def is_text(path: bytes) -> bool:
    """Tell whether a path is UTF-8."""
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True
