"""The config as frozen models: what stands in each table, and which folder owns a path."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from core.errors import UnknownFolder
from core.globs import PathGlob, fits_any, ignore_glob
from core.names import is_beneath, normalized, shown
from core.rules import Rule, RuleSet
from core.rules.built_in import built_in_rules

Mode = Literal["review", "auto"]
Duplicates = Literal["report", "off", "trash", "hardlink", "reflink"]
Direction = Literal["both", "push", "pull"]

MODES = ("review", "auto")
DUPLICATES = ("report", "off", "trash", "hardlink", "reflink")
DIRECTIONS = ("both", "push", "pull")
NOTICES = ("failed", "halted", "proposed", "completed", "partial")


@dataclass(frozen=True)
class AgentSettings:
    """`[agent]`. `settle` and `rescan` in seconds; `destinations` are absolute."""

    mode: Mode = "review"
    settle: float = 5.0
    rescan: float = 600.0
    socket: Path | None = None
    destinations: tuple[bytes, ...] = ()
    admins: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()


@dataclass(frozen=True)
class QueueSettings:
    """`[queue]`."""

    url: str = "sqlite:"
    workers: int = 4


@dataclass(frozen=True)
class HistorySettings:
    """`[history]`: how long plans and journals are kept, in seconds."""

    keep: float = 365 * 86400.0


@dataclass(frozen=True)
class TrashSettings:
    """`[trash]`: how long what was trashed is kept, in seconds."""

    keep: float = 30 * 86400.0


FARTHEST_ALIKE = 16
"""Bits by which two hashes of pictures may differ at most: from there on most pictures look like some other one.

Measured among 100,000 random hashes: 2 pairs within 8 bits, 1,137 within 12, 193,160 within 16, 9 million within 20.
"""


@dataclass(frozen=True)
class DuplicateSettings:
    """`[duplicates]`. `keep`: see core.duplicates.keepers; `min_size` in bytes; `similar_distance` in bits."""

    keep: tuple[str, ...] = ("oldest", "shortest")
    min_size: int = 1
    similar_distance: int = 8


@dataclass(frozen=True)
class NotifySettings:
    """`[notify]`: a program and its arguments, and the news it is started for."""

    command: tuple[str, ...] = ()
    on: tuple[str, ...] = ("failed", "halted", "proposed")


@dataclass(frozen=True)
class Remote:
    """One `[[remote]]`: an S3 endpoint. Keys and secrets never stand here."""

    name: str
    endpoint: str = ""
    region: str = ""
    profile: str = ""
    path_style: bool = False
    requests_per_month: int = 100_000


@dataclass(frozen=True)
class Folder:
    """One `[[folder]]`. `path` is absolute, or an `s3://` URI; `settle` and `rescan` in seconds."""

    name: str
    path: bytes
    mode: Mode = "review"
    settle: float = 5.0
    rescan: float = 600.0
    subfolders: bool = False
    rules: RuleSet = field(default_factory=built_in_rules, compare=False)
    duplicates: Duplicates = "report"
    ignore: tuple[str, ...] = ()
    sync: str = ""
    direction: Direction = "both"
    remote: str = ""
    configured: bool = True
    """False for a folder that only a command named."""

    @property
    def is_local(self) -> bool:
        """Whether it is a directory of this machine."""
        return not self.path.startswith(b"s3://")

    def absolute(self, path: bytes) -> bytes:
        """Return where a path lies that is relative to the folder; an absolute one is returned as it is."""
        return path if path.startswith(b"/") else (self.path if self.path != b"/" else b"") + b"/" + path

    @cached_property
    def _ignored(self) -> tuple[PathGlob, ...]:
        return tuple(ignore_glob(pattern) for pattern in self.ignore)

    def ignores(self, path: bytes) -> bool:
        """Tell whether `ignore` names a file, by its path beneath the folder."""
        return bool(self._ignored) and fits_any(self._ignored, normalized(path))


@dataclass(frozen=True)
class Config:
    """All of it. `path`: the file it came from."""

    agent: AgentSettings = AgentSettings()
    queue: QueueSettings = QueueSettings()
    history: HistorySettings = HistorySettings()
    trash: TrashSettings = TrashSettings()
    duplicates: DuplicateSettings = DuplicateSettings()
    notify: NotifySettings = NotifySettings()
    remotes: tuple[Remote, ...] = ()
    folders: tuple[Folder, ...] = ()
    rules: tuple[Rule, ...] = ()
    path: Path | None = None

    def folder(self, text: str, *, allow_path: bool = True) -> Folder:
        """Return the folder with a name, or the one that owns a path: the innermost configured one that it is or
        lies beneath; else, for any other directory, that directory with the built-in rules. Raises UnknownFolder.
        """  # fmt: skip
        for folder in self.folders:
            if folder.name == text:
                return folder
        path = _given_path(text) if allow_path else None
        if path is None:
            raise UnknownFolder(shown(text))
        owner = self.owner(path) or self.owner(os.path.realpath(path))
        if owner is None and not os.path.isdir(path):
            raise UnknownFolder(shown(text))
        return owner or unconfigured(path, os.fsdecode(path), self.agent)

    def requests_per_month(self, folder: Folder) -> int:
        """Return the requests that a folder's remote allows a month: of the one it names, or of the first."""
        named = [remote for remote in self.remotes if remote.name == folder.remote] or [*self.remotes, Remote("")]
        return named[0].requests_per_month

    def owner(self, path: bytes) -> Folder | None:
        """Return the innermost configured folder that an absolute path is or lies beneath."""
        return owner_of(path, self.folders)

    def nested_in(self, folder: Folder) -> tuple[bytes, ...]:
        """Return the configured folders strictly beneath another: those own their files themselves."""
        return tuple(f.path for f in self.folders if f.path != folder.path and is_beneath(f.path, folder.path))


def _given_path(text: str) -> bytes | None:
    """Return the absolute path that a person gave instead of a name; None for what is neither a path nor there."""
    try:
        path = os.fsencode(os.path.abspath(os.path.expanduser(text)))
    except UnicodeEncodeError:  # half a character, which no path holds
        return None
    is_path = "/" in text or text in {".", "..", "~"}
    return path if text and b"\0" not in path and (is_path or os.path.isdir(path)) else None


def owner_of(path: bytes, folders: Iterable[Folder]) -> Folder | None:
    """Return the innermost of some folders that an absolute path is or lies beneath."""
    owners = [folder for folder in folders if is_beneath(path, folder.path)]
    return max(owners, key=lambda folder: len(folder.path), default=None)


def unconfigured(path: bytes, name: str, agent: AgentSettings) -> Folder:
    """Return a folder that no config names, with the built-in rules."""
    return Folder(name, path, agent.mode, agent.settle, agent.rescan, configured=False)
