"""Names made to harm whoever shows them."""

from __future__ import annotations

import random

from core.model import StepView

PAYLOADS = (
    "\x1b]52;c;SGVsbG8=\x07",  # writes the clipboard
    "\x1b]52;c;SGVsbG8=\x1b\\",
    "\x9d52;c;SGVsbG8=\x9c",  # the same in C1
    "\x1b[2J\x1b[H",  # clears the screen
    "\x9b2J",
    "\x1b]0;title\x07",
    "\x1bP1$r0m\x1b\\",
    "\u202egpj.exe",  # reads backwards
    "\u2066hidden\u2069",
    "[/]",
    "[/foo]",
    "[b +",
    "[@click=app.bell]x[/]",
    "[link=file:///etc/passwd]",
    "$accent",
    "{0.__class__}",
    "%s%n",
    "line\nbreak",
    "tab\there",
    "\r overwritten",
    "\x00",
    "\x7f\x08\x08",
    "a\u0301\u0302\u0303" * 20,  # many marks on one letter
    "東京都" * 20,  # twice as wide
    "👨\u200d👩\u200d👧",
    "\ufeff",
    "\U000e0041",
    " leading and trailing ",
    "-rf",
    "x" * 255,
    "",
)


def hostile_names(number: int) -> list[str]:
    """Return so many names, the same each time."""
    chance = random.Random(4242)
    return ["".join(chance.choices(PAYLOADS, k=chance.randint(1, 3))) + ".jpg" for _ in range(number)]


def hostile_steps(number: int, folder: str) -> list[StepView]:
    """Return a step for each of so many hostile names."""
    return [
        StepView(
            seq=index,
            kind="move",
            group=0,
            source=f"{folder}/{name}",
            destination=f"{folder}/Pictures/{name[::-1]}",
            outcome="failed" if index % 5 == 0 else "done",
            reason=f"not {name}" if index % 5 == 0 else None,
        )
        for index, name in enumerate(hostile_names(number))
    ]
