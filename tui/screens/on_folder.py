"""What can be done with a folder, wherever one has it before oneself."""

from __future__ import annotations

from typing import ClassVar

from core.model import FolderStatus
from tui import words
from tui.screens.place import Place


class OnFolder(Place):
    """A place whose keys are about a folder: the one it shows, or the one under its cursor."""

    CHANGES: ClassVar[frozenset[str]] = frozenset({"organize", "sync", "pause", "resume"})

    @property
    def folder(self) -> FolderStatus | None:
        """The folder that the keys are about, if there is one."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the folder's state allows."""
        folder = self.folder
        rests = folder is not None and folder.state in ("paused", "halted")
        has_pair = folder is not None and words.has_pair(folder)
        offered = {
            "organize": folder is not None,
            "duplicates": folder is not None,
            "sync": has_pair,
            "conflicts": has_pair,
            "pause": folder is not None and not rests,
            "resume": rests,
        }
        return super().check_action(action, parameters) if offered.get(action, True) else False

    def action_organize(self) -> None:
        """Plan it, and show the plan."""
        if self.folder is not None:
            self.face.acts.plan(self.folder.name)

    def action_sync(self) -> None:
        """Compare it with its bucket, and show the plan."""
        if self.folder is not None:
            self.face.acts.plan_sync(self.folder.name)

    def action_pause(self) -> None:
        """Start nothing there any more."""
        if self.folder is not None:
            self.face.acts.pause(self.folder)

    def action_resume(self) -> None:
        """Go on there; a halted folder says why it halted, and asks."""
        if self.folder is not None:
            self.face.acts.resume(self.folder)

    def action_duplicates(self) -> None:
        """Show its duplicates."""
        if self.folder is not None:
            self.face.looks.duplicates(self.folder.name)

    def action_explain(self) -> None:
        """Ask what the rules would do with a file, one of its own to begin with."""
        self.face.looks.ask_what_to_explain(self.folder.path if self.folder is not None else "")
