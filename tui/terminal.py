"""What the terminal can show, told from the environment. It is never asked: over SSH an answer may not come."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.choices import Colors

_SYSTEMS = {"true": "truecolor", "256": "256", "16": "standard"}
_FEW_GLYPHS = ("linux", "vt", "cons", "sun", "wy")
"""Terminals whose font has no lines, arrows and bars: the console of a server, and real ones."""


def is_dumb(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the terminal knows no cursor."""
    return environment.get("TERM", "dumb") in ("dumb", "unknown", "")


def can_draw() -> bool:
    """Tell whether screens can be drawn at all: there is a terminal at both ends, and it knows a cursor."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb()


def is_ascii(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the terminal should be sent ASCII alone: by its kind, or because the locale is not UTF-8.

    Where no locale is set at all, UTF-8 is taken for granted: ssh often forwards none.
    """
    if environment.get("TERM", "").startswith(_FEW_GLYPHS):
        return True
    locale = next(filter(None, (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))), "UTF-8")
    return "utf8" not in locale.lower().replace("-", "")


def is_light(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the terminal says that its background is light."""
    return environment.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def has_few_colours(colors: Colors) -> bool:
    """Tell whether there are no more colours than the terminal's own sixteen, or none are wanted."""
    from rich.console import Console  # noqa: PLC0415

    if "NO_COLOR" in os.environ or colors == "16":
        return True
    return colors == "auto" and Console(force_terminal=True).color_system in ("standard", None)


def settle(colors: Colors) -> None:
    """Set what Textual reads when it is imported: how many colours, no animations, and few frames over a network.

    What a person set in the environment stays.
    """
    wanted = {"TEXTUAL_ANIMATIONS": "none"}
    if "SSH_CONNECTION" in os.environ:
        wanted |= {"TEXTUAL_FPS": "40", "TEXTUAL_SMOOTH_SCROLL": "0"}
    if colors != "auto":
        wanted["TEXTUAL_COLOR_SYSTEM"] = _SYSTEMS[colors]
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
