"""`python -m tests.tui.pictures`: takes the pictures of the README anew, from those that the tests hold.

They name no font that would have to be fetched; a browser draws them with one of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / ".github/pictures"
KEPT = Path(__file__).with_name("__snapshots__")
SOURCES = {
    "home": KEPT / "test_snapshots/test_picture[home-80].svg",
    "undo": KEPT / "test_snapshots_main/test_picture[undo-80].svg",
    "duplicates": KEPT / "test_snapshots_look/test_picture[alike-80].svg",
}
_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def picture(name: str) -> str:
    """Return a picture as the README shows it."""
    return _FONT.sub("", SOURCES[name].read_text()).replace("Fira Code, monospace", "ui-monospace, monospace")


def main() -> None:
    """Write them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in SOURCES:
        (PICTURES / f"{name}.svg").write_text(picture(name))


if __name__ == "__main__":
    main()
