"""What a person chose for the screens, in `tui.toml`: theme, colours, glyphs, mouse and keys.

    theme = "nord"              # written when a theme is chosen in the palette
    colors = "auto"             # or "true", "256", "16"
    ascii = false               # left out: told from the terminal
    mouse = true

    [keys]                      # the names are those that `?` shows
    undo = "U"
    "next line" = "down,n"

Everything is optional. The file is the person's own: only the line of the theme is ever rewritten.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from core.errors import UsageError
from core.names import shown
from core.state import write_durably

Colors = Literal["auto", "true", "256", "16"]

_TABLE = re.compile(r"^\s*\[", re.MULTILINE)
_THEME = re.compile(r"^\s*theme\s*=.*$", re.MULTILINE)


class Choices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The choices. `ascii`: None means that the terminal decides."""

    theme: str = ""
    colors: Colors = "auto"
    ascii: bool | None = None
    mouse: bool = True
    keys: dict[str, str] = {}


def choices_path(state: Path | None) -> Path:
    """Return where the choices are kept: in a separate Shelver's state directory, else beside the user's config."""
    if state is not None:
        return state / "tui.toml"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "shelver/tui.toml"


def read_choices(path: Path) -> Choices:
    """Return the choices, or none where there is no file. Raises UsageError with the first mistake."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Choices)
    except FileNotFoundError:
        return Choices()
    except OSError as error:
        raise UsageError(f"{shown(str(path))} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(str(path))}: {shown(str(error))}") from None


def remember_theme(path: Path, name: str) -> None:
    """Write the theme into the choices, and leave the rest of the file as it is. Raises OSError."""
    path = path.resolve()  # a link into somebody's dotfiles stays a link
    text = path.read_text() if path.exists() else ""
    line = f"theme = {msgspec.json.encode(name).decode()}"
    table = _TABLE.search(text)
    head, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    head = _THEME.sub(lambda _: line, head, count=1) if _THEME.search(head) else f"{line}\n{head}"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, (head + rest).encode())
