"""Which of several copies stays: the policies of `[duplicates] keep`, in their order, each among those that are left.

    oldest newest shortest longest     by the time of the last change, by the length of the path
    in:FOLDER not-in:FOLDER            a configured folder's name, or a path
    name:REGEX                         found in the file's name

Where they do not decide it, the first path does, in the order of bytes: the same files always give the same answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from core.names import is_beneath, normalized, shown
from core.rules.conditions import PATIENCE_SECONDS
from core.toml.sections import absolute_path

if TYPE_CHECKING:
    from core.config.models import Config

PLAIN = ("oldest", "newest", "shortest", "longest")
WITH_FOLDER = ("in", "not-in")
WORDS = (*PLAIN, *(f"{word}:FOLDER" for word in WITH_FOLDER), "name:REGEX")


class Copy(NamedTuple):
    """One of several copies: its absolute path, and the time of its last change in nanoseconds."""

    path: bytes
    mtime_ns: int


Rank: TypeAlias = "Callable[[Copy], Any]"
"""What orders copies; the lowest stay."""


class Keeper:
    """One policy. `text` as the config has it."""

    def __init__(self, text: str, rank: Rank, reason: Callable[[Copy], str]) -> None:
        self.text = text
        self.rank = rank
        self.reason = reason


def check_keeper(text: str) -> str:
    """Return a policy as it is. Raises ValueError for what is none."""
    word, colon, argument = text.partition(":")
    if text in PLAIN:
        return text
    if word in WITH_FOLDER and colon:
        if not argument:
            raise ValueError(f"{text!r} names no folder: write {word}:FOLDER")
        return text
    if word == "name" and colon:
        _pattern(argument)
        return text
    if word in PLAIN:
        raise ValueError(f"{text!r} takes nothing: write {word!r}")
    raise ValueError(f"knows no {text!r}")


def folder_named(text: str) -> str | None:
    """Return the folder that a policy names, or None for one that names none."""
    word, colon, argument = text.partition(":")
    return argument if colon and word in WITH_FOLDER else None


class Keepers:
    """The policies of a config, ready to choose."""

    def __init__(self, config: Config, first: Sequence[str] = ()) -> None:
        """`first`: policies asked before the config's. Raises ValueError for what is none, or names no folder."""
        policies = [*map(check_keeper, first), *config.duplicates.keep]
        self._keepers = [_keeper(text, config) for text in policies]

    def choose(self, copies: Sequence[Copy]) -> tuple[int, str]:
        """Return the number of the copy that stays, and why, in words."""
        left = list(range(len(copies)))
        reasons = []
        for keeper in self._keepers:
            if len(left) == 1:
                break
            ranks = [keeper.rank(copies[number]) for number in left]
            best = min(ranks)
            if ranks.count(best) < len(left):
                left = [number for number, rank in zip(left, ranks, strict=True) if rank == best]
                reasons.append(keeper.reason(copies[left[0]]))
        if len(left) > 1:
            left = [min(left, key=lambda number: copies[number].path)]
            reasons.append("first by its path")
        return left[0], ", ".join(reasons)


def _keeper(text: str, config: Config) -> Keeper:
    word, _, argument = text.partition(":")
    match word:
        case "oldest":
            return Keeper(text, lambda copy: copy.mtime_ns, lambda copy: f"oldest: {_day(copy.mtime_ns)}")
        case "newest":
            return Keeper(text, lambda copy: -copy.mtime_ns, lambda copy: f"newest: {_day(copy.mtime_ns)}")
        case "shortest":
            return Keeper(text, lambda copy: len(os.fsdecode(copy.path)), lambda copy: "shortest path")
        case "longest":
            return Keeper(text, lambda copy: -len(os.fsdecode(copy.path)), lambda copy: "longest path")
        case "name":
            return Keeper(text, _named(argument), lambda copy: f"its name has {shown(argument)}")
    folder = _folder(argument, config)
    if word == "in":
        return Keeper(text, lambda copy: not is_beneath(copy.path, folder), lambda copy: f"in {shown(argument)}")
    return Keeper(text, lambda copy: is_beneath(copy.path, folder), lambda copy: f"not in {shown(argument)}")


def _folder(text: str, config: Config) -> bytes:
    for folder in config.folders:
        if folder.name == text:
            return folder.path
    return absolute_path(text)


def _named(pattern: str) -> Rank:
    compiled = _pattern(pattern)

    def rank(copy: Copy) -> bool:
        try:
            return compiled.search(normalized(os.path.basename(copy.path)), timeout=PATIENCE_SECONDS) is None
        except TimeoutError:  # it finds nothing in this name
            return True

    return rank


def _pattern(text: str) -> Any:
    import regex  # noqa: PLC0415  # costs 20 ms, and hardly any config has one

    try:
        return regex.compile(text)
    except regex.error as error:
        raise ValueError(f"{text!r} is no regex: {error}") from None


def _day(mtime_ns: int) -> str:
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9).astimezone().date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "long ago" if mtime_ns < 0 else "far from now"
