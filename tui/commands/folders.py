"""Folders as verbs name and print them."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import UsageError
from core.model import FolderStatus
from tui.commands.desk import NOT_WATCHED, Desk
from tui.commands.output import Output, Piece
from tui.commands.records import home_short

STYLES = {"watching": "good", "degraded": "warn", "paused": "warn", "halted": "bad", "starting": "dim"}


def chosen(desk: Desk, folder: str | None) -> list[str]:
    """Return the names of the folder meant, or of all. Raises UsageError where there is none."""
    if folder is not None:
        return [desk.folder(folder)]
    names = [status.name for status in desk.status().folders]
    if not names:
        raise UsageError("no folder is configured; `shelver config init` starts a config")
    return names


def _state(folder: FolderStatus) -> Piece:
    if folder.state == "starting" and folder.reason == NOT_WATCHED:
        return "not watched", "warn"
    return folder.state, STYLES[folder.state]


def print_folders(out: Output, folders: Sequence[FolderStatus]) -> None:
    """Print folders as records: name, state, why, files, path."""
    out.records(folders)
    out.rows(
        [
            (
                (folder.name, "strong"),
                _state(folder),
                f"{folder.files:,} files" if out.terminal else str(folder.files),
                home_short(folder.path) if out.terminal else folder.path,
                folder.reason,
            )
            for folder in folders
        ]
    )
