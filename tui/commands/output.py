"""What a verb prints: records for people on a terminal, plain lines for pipes, JSON for scripts.

Everything passes here, and every piece of text is made harmless here, so that no file name ever acts on a terminal.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import click
import msgspec

from core.names import shown

Piece: TypeAlias = "str | tuple[str, str]"
"""Text, or text and its style."""

STYLES: dict[str, dict[str, Any]] = {
    "good": {"fg": "green"},
    "warn": {"fg": "yellow"},
    "bad": {"fg": "red"},
    "strong": {"bold": True},
    "dim": {"dim": True},
    "accent": {"fg": "cyan"},
}
WIDEST_COLUMN = 56
"""Cells that a column is padded to at most: one long name must not push all others away."""
NARROWEST_COLUMN = 12
GAP = 2
"""Cells between two columns."""
_NOT_PLAIN = re.compile(r"[^ -~]")


class Output:
    """Standard output in one of three forms; notes and questions go to standard error."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.terminal = sys.stdout.isatty()
        self.colours = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    # -- for people and pipes

    def line(self, *pieces: Piece) -> None:
        """Print one line, at once. With `--json` nothing: sentences are not for scripts."""
        if not self.json:
            self._write(self._joined(pieces))
            sys.stdout.flush()

    def rows(self, rows: Iterable[Sequence[Piece]]) -> None:
        """Print records: columns on a terminal, else fields parted by tabs."""
        if self.json:
            return
        if not self.terminal:
            for row in rows:
                self._write("\t".join(shown(_text(piece)) for piece in row))
            return
        table = [list(row) for row in rows]
        widths = [
            min(max(width(_text(piece)) for piece in column), WIDEST_COLUMN) for column in zip(*table, strict=True)
        ]
        widths = _fitting(widths, shutil.get_terminal_size().columns)
        for row in table:
            cells = []
            for piece, cells_wide in zip(row, widths, strict=True):
                cells += [piece, " " * (max(cells_wide - width(_text(piece)), 0) + GAP)]
            self._write(self._joined(cells).rstrip())

    def note(self, text: str) -> None:
        """Tell a person something on standard error, whatever the form of the output."""
        for line in text.splitlines():
            print(shown(line), file=sys.stderr, flush=True)

    # -- for scripts

    def record(self, value: Any) -> None:
        """Print one JSON object on a line of its own, only with `--json`."""
        if self.json:
            self._write(as_json(value))

    def records(self, values: Iterable[Any]) -> None:
        """Print JSON lines, only with `--json`."""
        for value in values:
            self.record(value)

    # -- how

    def _joined(self, pieces: Iterable[Piece]) -> str:
        return "".join(self._styled(piece) for piece in pieces)

    def _styled(self, piece: Piece) -> str:
        if isinstance(piece, str):
            return shown(piece)
        text, style = piece
        return click.style(shown(text), **STYLES[style]) if self.colours and style else shown(text)

    def _write(self, line: str) -> None:
        sys.stdout.write(line + "\n")


def _text(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece[0]


def _fitting(widths: list[int], room: int) -> list[int]:
    """Return widths of columns that leave a line room, the widest made narrower; a longer text then pushes its line."""
    narrowed = list(widths)
    while sum(narrowed) + GAP * len(narrowed) > room and max(narrowed) > NARROWEST_COLUMN:
        narrowed[narrowed.index(max(narrowed))] -= 1
    return narrowed


def width(text: str) -> int:
    """Return how many cells of a terminal a text takes, once it is shown."""
    text = shown(text)
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def as_json(value: Any) -> str:
    """Return JSON on one line that says exactly what the value says, and that a terminal can show unharmed."""
    return _NOT_PLAIN.sub(_escaped, msgspec.json.encode(value).decode())


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if shown(character) == character:
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def is_interactive() -> bool:
    """Tell whether a person can be asked: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirmed(question: str, *, default: bool = False) -> bool:
    """Ask a person on standard error. Ctrl-C and the end of input raise click.Abort."""
    return click.confirm(shown(question), default=default, err=True)
