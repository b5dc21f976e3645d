"""Two calm themes with one accent each; every other theme of Textual can be chosen in the palette."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="shelver-dark",
    primary="#7fb4ca",
    secondary="#7fb4ca",
    accent="#7fb4ca",
    success="#8fae7e",
    warning="#d9b36c",
    error="#d9737a",
    foreground="#d3d7dc",
    background="#15181c",
    surface="#1c2025",
    panel="#1c2025",
    dark=True,
    variables={"dim": "#8b939c", "faint": "#626a73", "rule": "#343b43", "cursor": "#2a3139"},
)

LIGHT = Theme(
    name="shelver-light",
    primary="#1f6f8b",
    secondary="#1f6f8b",
    accent="#1f6f8b",
    success="#4a7a34",
    warning="#8f6400",
    error="#b3363f",
    foreground="#22272e",
    background="#fbfbf9",
    surface="#f0f0ec",
    panel="#f0f0ec",
    dark=False,
    variables={"dim": "#5f6771", "faint": "#8b929b", "rule": "#d5d7d4", "cursor": "#e1e7ea"},
)

INK = """
.line--text { color: $foreground; }
.line--dim { color: $dim; }
.line--faint { color: $faint; }
.line--strong { color: $foreground; text-style: bold; }
.line--accent { color: $accent; }
.line--good { color: $success; }
.line--warn { color: $warning; }
.line--bad { color: $error; }
.line--rule { color: $rule; }
.line--chosen { color: $background; text-style: bold; }
.line--cursor { background: $cursor; }
.line--resting { background: $surface; }
"""
"""How the roles of `tui.widgets.line` look."""

FEW_COLOURS = """
Face:ansi .line--cursor { text-style: bold; }
Face:ansi .line--accent { color: ansi_cyan; }
Face:ansi Choice:focus { background: ansi_cyan; }
Face:ansi .line--chosen { color: ansi_black; }
Face:ansi Dialog { background: transparent; }
Face:nocolor .line--cursor { text-style: reverse; }
Face:nocolor Choice:focus { text-style: reverse; }
"""
"""What stands for colours where there are sixteen, and where there are none."""

FALLBACK = {"dim": "ansi_default", "faint": "ansi_bright_black", "rule": "ansi_bright_black", "cursor": "ansi_black"}
"""For themes that know nothing of these variables: the terminal's own 16 colours."""

OTHERS = {"dim": "#8b939c", "faint": "#6b737c", "rule": "#4a525a", "cursor": "#3a424a"}


def variables(theme: Theme) -> dict[str, str]:
    """Return the variables that the screens need and a theme of Textual does not define."""
    return FALLBACK if theme.ansi else OTHERS
