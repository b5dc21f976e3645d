"""Opening the screens, and closing them: what the terminal needs before Textual is imported, and after."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from core.errors import UsageError
from core.names import shown
from tui import terminal
from tui.choices import Choices, read_choices, remember_theme
from tui.commands.frame import Look
from tui.hangup import end_with_the_terminal
from tui.outfit import Outfit
from tui.surroundings import Surroundings

AS_CHOSEN = Look()
_MOUSE_OFF = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l"


def run(socket: Path, look: Look = AS_CHOSEN) -> int:
    """Show the agent behind a socket until a person leaves, and say that it goes on; return 0.

    Raises UsageError where there is no terminal that could show it, or a choice is a mistake.
    """
    code, parting = show(socket, look)
    print(parting)
    return code


def show(socket: Path, look: Look = AS_CHOSEN) -> tuple[int, str]:
    """Show the agent behind a socket until a person leaves; return 0, and what to say if the agent goes on.

    Raises UsageError where there is no terminal that could show it, or a choice is a mistake.
    """
    refuse_what_cannot_show()
    with uncollected():
        choices = chosen(look)
        terminal.settle(choices.colors)
        from tui.face import Face  # noqa: PLC0415  (reads the environment that was just settled)

        face = Face(socket, Surroundings.real(), read_only=look.read_only, outfit=dressed(choices, look.choices))
        end_with_the_terminal()
        if not choices.mouse:  # an earlier connection that broke may have left it on
            print(_MOUSE_OFF, end="", flush=True)
        face.run(mouse=choices.mouse)
    return face.return_code or 0, farewell(len(face.live.running()), connected=face.live.connected)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look through no memory until the first frame, which begins to again (`Face.on_ready`), or until all has failed.

    What is loaded for the first frame stays, so that looking through it finds nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def refuse_what_cannot_show() -> None:
    """Raise UsageError when input or output is no terminal, or one that knows no cursor."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the screens need a terminal; `shelver status` works without one")
    if terminal.is_dumb():
        raise UsageError("this terminal (TERM=dumb) cannot show the screens; `shelver status --watch` works here")
    if not sys.stderr.isatty():  # Textual draws there
        raise UsageError("the screens need standard error, too; do not send it elsewhere")


def chosen(look: Look) -> Choices:
    """Return what the person chose, and what the command line says over it. Raises UsageError."""
    choices = read_choices(look.choices) if look.choices is not None else Choices()
    return replace(
        choices,
        mouse=choices.mouse and look.mouse,
        ascii=True if look.ascii else choices.ascii,
        colors=look.colors or choices.colors,
    )


def dressed(choices: Choices, file: Path | None) -> Outfit:
    """Return the outfit that suits choices and terminal. Raises UsageError for keys that cannot be."""
    from tui.keymap import keymap  # noqa: PLC0415

    try:
        keys = keymap(choices.keys)
    except UsageError as error:
        raise UsageError("\n".join(f"{shown(str(file))}: {line}" for line in str(error).splitlines())) from None
    return Outfit(
        theme=theme(choices),
        ascii=terminal.is_ascii() if choices.ascii is None else choices.ascii,
        mouse=choices.mouse,
        keys=keys,
        remember=partial(remember_theme, file) if file is not None else Outfit.remember,
    )


def theme(choices: Choices) -> str:
    """Return the theme to begin with: one of the terminal's own colours where there are no more than sixteen."""
    chosen = os.environ.get("TEXTUAL_THEME") or choices.theme
    light = terminal.is_light()
    if terminal.has_few_colours(choices.colors) and not chosen.startswith("ansi-"):
        return "ansi-light" if light else "ansi-dark"
    return chosen or ("shelver-light" if light else "")


def farewell(running: int, *, connected: bool) -> str:
    """Return the line that a person reads after leaving."""
    if not connected:
        return "Shelver's agent could not be reached."
    if running:
        what = "1 operation" if running == 1 else f"{running} operations"
        return f"Shelver's agent goes on: {what} under way. `shelver` shows them again."
    return "Shelver's agent goes on watching. `shelver` shows it again."
