"""Folders as verbs name and print them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from core.errors import UnknownFolder, UsageError
from core.model import FolderStatus
from core.names import shown
from tui import words
from tui.commands.desk import NOT_WATCHED, Desk
from tui.commands.output import Output, Piece
from tui.commands.records import home_short

STYLES = {"watching": "good", "degraded": "warn", "paused": "warn", "halted": "bad", "starting": "dim"}


def place(desk: Desk, text: str) -> str:
    """Return a folder as requests name it: a configured name, else an absolute path, for an agent stands elsewhere.

    A path within a configured folder stays a path: only that part is meant. Raises UsageError.
    """
    path = os.path.abspath(os.path.expanduser(text))
    for folder in desk.folders():
        if folder.name == text or folder.path == shown(path):
            return folder.name
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the path {shown(path)} is not UTF-8; organize the folder above it") from None
    return path


def chosen(desk: Desk, text: str | None) -> list[FolderStatus]:
    """Return the configured folder meant, or all. Raises UnknownFolder, and UsageError where there is none."""
    folders = desk.folders()
    if text is not None:
        name = place(desk, text)
        folders = [folder for folder in folders if folder.name == name]
        if not folders:
            raise UnknownFolder(shown(text))
    if not folders:
        raise UsageError("no folder is configured; `shelver config init` starts a config")
    return folders


def _state(folder: FolderStatus) -> Piece:
    if folder.state == "starting" and folder.reason == NOT_WATCHED:
        return "not watched", "warn"
    return folder.state, STYLES[folder.state]


def print_folders(out: Output, folders: Sequence[FolderStatus]) -> None:
    """Print folders as records: name, state, files, path, how it stands with its bucket where one has any, why."""
    out.records(folders)
    has_pairs = any(map(words.has_pair, folders))
    out.rows(
        [
            (
                (folder.name, "strong"),
                _state(folder),
                f"{folder.files:,} files" if out.terminal else str(folder.files),
                home_short(folder.path) if out.terminal else folder.path,
                *([_pair(folder)] if has_pairs else []),
                folder.reason,
            )
            for folder in folders
        ]
    )


def _pair(folder: FolderStatus) -> Piece:
    told = words.pair(folder)
    if folder.sync_paused and folder.sync_paused != NOT_WATCHED:
        return f"{told}, sync paused" if told else "sync paused", "warn"
    return told, "good" if told == "in step" else "accent"
