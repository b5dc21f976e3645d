"""How the screens are dressed on this terminal, for this person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tui.keys import USUAL, key_name


def _forget(theme: str) -> None:
    """Keep a theme for as long as the screens are open."""


@dataclass(frozen=True)
class Outfit:
    """What does not change while the screens are open, but for the theme.

    `theme`: its name, or nothing for Shelver's own. `keys`: a keymap of Textual's, checked already (`tui.keymap`).
    `remember`: called with the name of a theme that was chosen; may raise OSError.
    """

    theme: str = ""
    ascii: bool = False
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    remember: Callable[[str], None] = _forget

    def key(self, name: str) -> str:
        """Return the key of what is called `name`, as people call it: a person's own, or the usual one (`USUAL`)."""
        return key_name((self.keys.get(name) or USUAL[name]).partition(",")[0])


PLAIN = Outfit()
"""Shelver's own theme on a terminal that shows everything."""
