"""A terminal that knows what the screens may send: where to write, how, and what. Anything else fails the test."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.strip import Strip

from tui.canvas import PLAIN, Pen

_SEQUENCE = re.compile(
    r"\x1b\[(?P<private>[?><=]?)(?P<parameters>[\d;]*)\$?(?P<kind>[A-Za-z])"
    r"|\x1b\]22;[a-z]*\x07"  # the shape of the mouse's pointer
    r"|(?P<text>[^\x1b])",
    re.DOTALL,
)
_UNFINISHED = re.compile(r"\x1b(?:\[[?><=]?[\d;]*\$?|\][^\x07]*)?$")


class Emulated:
    """The cells of a terminal."""

    def __init__(self, width: int, height: int) -> None:
        self.resize(width, height)
        self.beneath = ""
        """What was written after the screens had gone."""
        self._rest = ""
        self._pen = PLAIN
        self._is_over = False

    def resize(self, width: int, height: int) -> None:
        """Be another size; what was shown is lost."""
        self.rows = [[("?", PLAIN)] * width for _ in range(height)]
        self._x = self._y = 0

    @property
    def lines(self) -> list[str]:
        """What is shown."""
        return ["".join(text for text, _ in row) for row in self.rows]

    @property
    def text(self) -> str:
        """What is shown, and what was written after it."""
        return "\n".join(self.lines) + self.beneath

    def take(self, sent: str) -> None:
        """Take what is written."""
        sent = self._rest + sent
        unfinished = _UNFINISHED.search(sent)
        self._rest = sent[unfinished.start() :] if unfinished else ""
        end = 0
        for match in _SEQUENCE.finditer(sent, 0, len(sent) - len(self._rest)):
            assert match.start() == end, f"not understood: {sent[end : match.start()]!r}"
            end = match.end()
            self._obey(match)
        assert end == len(sent) - len(self._rest), f"not understood: {sent[end:]!r}"

    def _obey(self, match: re.Match[str]) -> None:
        private, parameters, kind, text = match.group("private", "parameters", "kind", "text")
        if text is not None:
            self._write(text)
        elif private:
            self._is_over = self._is_over or (parameters, kind) == ("1049", "l")
        elif kind == "H":
            self._y, self._x = (int(number) - 1 for number in parameters.split(";"))
        elif kind == "m":
            self._pen = dipped(self._pen, parameters.split(";"))
        else:
            assert kind in ("n", "p", None), f"not understood: {match[0]!r}"

    def _write(self, text: str) -> None:
        if self._is_over:
            self.beneath += text
            return
        assert text.isprintable() or text in "\r\n", repr(text)
        width = Strip([Segment(text)]).cell_length
        if text in "\r\n" or self._y >= len(self.rows) or self._x + width > len(self.rows[self._y]):
            return  # lines do not wrap
        row = self.rows[self._y]
        if not width:
            row[self._x - 1] = (row[self._x - 1][0] + text, self._pen)
        for extra in range(width):
            row[self._x + extra] = ("" if extra else text, self._pen)
        self._x += width


def dipped(pen: Pen, parameters: list[str]) -> Pen:
    """Return a pen after SGR parameters."""
    attributes, foreground, background = set(pen.attributes), pen.foreground, pen.background
    while parameters:
        first = parameters.pop(0)
        if first in ("0", ""):
            attributes, foreground, background = set(), PLAIN.foreground, PLAIN.background
        elif first in ("38", "48"):
            more = 2 if parameters[0] == "5" else 4
            colour = ";".join([first, *parameters[:more]])
            del parameters[:more]
            foreground, background = (colour, background) if first == "38" else (foreground, colour)
        elif len(first) > 1 and first[:-1] in ("3", "9"):
            foreground = first
        elif len(first) > 1 and first[:-1] in ("4", "10"):
            background = first
        else:
            attributes.add(first)
    return Pen(tuple(sorted(attributes, key=int)), foreground, background)
