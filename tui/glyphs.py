# ruff: noqa: RUF001  (glyphs are what this is about)
"""The last look at what goes to a terminal that shows ASCII alone: every glyph has a stand-in as wide as itself."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_STAND_INS = str.maketrans(
    {
        **dict.fromkeys("─╌┄▔‾", "-"),
        "━": "=",
        **dict.fromkeys("│┃▌▐▎▊▍▏▕", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("▁▂", "_"),
        **dict.fromkeys("▃▄▅", "="),
        **dict.fromkeys("▆▇█■", "#"),
        **dict.fromkeys("→▸▶╸›", ">"),
        **dict.fromkeys("←◂◀‹", "<"),
        **dict.fromkeys("•●◆★✓", "*"),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("“”", '"'),
        "·": ".",
        "…": "~",
        "⇄": "=",
        "↑": "^",
        "↓": "v",
        "▾": "v",
        "⌫": "<",
        "×": "x",
        "–": "-",
        "—": "-",
        "▀": '"',
        "░": ".",
        "▒": ":",
        "▓": "%",
        "\N{NO-BREAK SPACE}": " ",
    }
)
"""For what Shelver and Textual draw themselves. Whatever else there is came out of a name: it becomes `?`."""


@lru_cache(4096)
def in_ascii(text: str) -> str:
    """Return text in ASCII, in as many cells."""
    if text.isascii():
        return text
    plain = "".join(
        character if character.isascii() else "?" * cell_len(character) for character in text.translate(_STAND_INS)
    )
    width = cell_len(text)
    return plain[:width].ljust(width)


class Ascii(LineFilter):
    """Lets nothing but ASCII through."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with their stand-ins."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
