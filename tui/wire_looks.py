"""What comes over the socket for the screens by which one looks and decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from core.model import StepView

# -- why a file goes where it goes ---------------------------------------------------------------------


class RuleReason(Struct, frozen=True):
    """Whether one rule matches, and why."""

    name: str
    matches: bool
    why: str


class Explanation(Struct, frozen=True, kw_only=True):
    """What is known and decided about one file; paths are absolute, `follows` is relative to the folder."""

    path: str
    folder: str
    facts: dict[str, str | int | None]
    rules: list[RuleReason]
    action: str | None = None
    destination: str | None = None
    left_alone: str | None = None
    follows: str | None = None
    path_b64: str | None = None
    destination_b64: str | None = None


class Raster(Struct, frozen=True):
    """A small picture: rows of pixels, three bytes each."""

    width: int
    height: int
    rgb: bytes


class FilePreview(Struct, frozen=True, kw_only=True):
    """A file at a glance: a picture, or how its text begins, or why neither. `size` in bytes."""

    path: str
    kind: str = ""
    size: int = 0
    modified: datetime | None = None
    facts: dict[str, str | int | float | None] = {}
    text: str | None = None
    picture: Raster | None = None
    why_not: str | None = None


# -- folders, their rules, and the config --------------------------------------------------------------


class RuleView(Struct, frozen=True, kw_only=True):
    """One rule as the config has it, and how many files it took lately."""

    name: str
    match: dict[str, Any] = {}
    action: str = "move"
    to: str = ""
    on_conflict: str = "number"
    moved: int = 0


class FolderSettings(Struct, frozen=True, kw_only=True):
    """What the config says of a folder; `settle` and `rescan` in seconds."""

    mode: str = "review"
    settle: float = 5.0
    rescan: float = 600.0
    subfolders: bool = False
    duplicates: str = "report"
    ignore: list[str] = []
    sync: str = ""
    direction: str = "both"


class FolderRules(Struct, frozen=True, kw_only=True):
    """A folder's rules in order. `days`: what counts as lately. `built_in`: the config has none of its own."""

    folder: str
    rules: list[RuleView]
    days: int = 30
    built_in: bool = False
    settings: FolderSettings = FolderSettings()


class Wrong(Struct, frozen=True, kw_only=True):
    """One mistake in the config, with the line that it stands in."""

    line: int | None = None
    where: str
    message: str
    hint: str = ""
    text: str = ""


class ConfigState(Struct, frozen=True, kw_only=True):
    """The config's file. `obstacle`: why the agent cannot write it. No `path`: an agent that has none."""

    path: str | None = None
    exists: bool = False
    obstacle: str | None = None
    mistakes: list[Wrong] = []


class RuleShare(Struct, frozen=True):
    """How many files one rule would take."""

    rule: str
    files: int


class Prospect(Struct, frozen=True, kw_only=True):
    """What would become of a new folder's files. `table`: the lines that the config gets, or should."""

    name: str
    path: str
    table: str
    files: int
    looked_at: int
    moves: int
    stays: int
    rules: list[RuleShare] = []
    refusals: dict[str, int] = {}
    sample: list[StepView] = []
    config: str | None = None
    obstacle: str | None = None


class Finding(Struct, frozen=True):
    """One thing that was looked at. A `problem` wants something done, a `note` is good to know."""

    check: str
    level: Literal["ok", "note", "problem"]
    message: str
    hint: str = ""


class Findings(Struct, frozen=True):
    """All that was looked at."""

    findings: list[Finding]


# -- duplicates ----------------------------------------------------------------------------------------


class Duplicate(Struct, frozen=True, kw_only=True):
    """One file of a group. `distance`: bits by which a picture differs from the first; `links`: its other names.

    `mtime` in seconds since 1970. `protected`: never touched; `reason`: why, or why it cannot go to the trash.
    """

    path: str
    size: int = 0
    mtime: float = 0.0
    distance: int = 0
    width: int = 0
    height: int = 0
    taken: str | None = None
    protected: bool = False
    reason: str = ""
    links: list[str] = []
    path_b64: str | None = None


class DuplicateGroup(Struct, frozen=True, kw_only=True):
    """Files with the same content, or pictures that look alike. `size` in bytes, of one; `keep`: which stays."""

    group: int
    near: bool = False
    size: int = 0
    keep: str | None = None
    why: str = ""
    files: list[Duplicate] = []


class DuplicatePage(Struct, frozen=True, kw_only=True):
    """Some groups, and how many there are in all; how many copies may go, and the bytes that they take."""

    groups: list[DuplicateGroup]
    total: int = 0
    redundant: int = 0
    reclaimable: int = 0
    left_out: dict[str, int] = {}
