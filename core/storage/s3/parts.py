"""Objects made of parts, and what is kept of an upload while it is under way, so that it can be gone on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct


class Upload(Struct, frozen=True):
    """An upload by parts that was begun. `digest`: of the whole content, in hexadecimal; `part_bytes`: of each part."""

    id: str
    digest: str
    part_bytes: int


class Begun:
    """Where it is noted which upload a content is sent by. This one keeps nothing: what breaks off is sent anew."""

    keeps = False

    def known(self) -> Upload | None:
        """Return what was noted, or None."""
        return None

    def note(self, upload: Upload) -> None:
        """Note an upload, before its first part is sent."""

    def forget(self) -> None:
        """Forget it: it is completed or given up."""


@dataclass(frozen=True)
class Parts:
    """What an object is made of.

    `kept`: what it remembers, as arguments of a request. `condition`: under which it is completed. `send`: sends the
    part of a number (from 1) within an upload, and returns its ETag. `size`: bytes of a part, for those that may be
    there already, by an earlier attempt. `digest`: of the whole content.
    """

    kept: dict[str, Any]
    condition: dict[str, str]
    count: int
    send: Callable[[int, dict[str, Any]], str]
    size: Callable[[int], int] = lambda number: 0
    digest: str = ""
    part_bytes: int = 0
    begun: Begun = field(default_factory=Begun)
