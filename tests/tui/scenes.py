"""Every screen and dialog, opened: for what must hold on each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from tests.tui.copies_server import REPORT, with_duplicates
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import big_proposal
from tests.tui.looking import Look
from tests.tui.looks_server import INVOICE, MISTAKEN, PHOTO, furnished_to_look
from tests.tui.pair_server import conflicts
from tui.screens.mistakes import Mistakes
from tui.selection import Selection
from tui.wire_looks import ConfigState

Said = Callable[[str], str]
"""How a name or path of the tests is said in this world: as it is, or made harmful."""
Scene = Callable[[Look, Said], Awaitable[None]]


def as_it_is(name: str) -> str:
    return name


def furnish(agent: FakeAgent) -> FakeAgent:
    """Put everything there that any screen shows."""
    with_duplicates(agent)
    big_proposal(agent)
    agent.looks.conflicts["scans"] = conflicts()
    return agent


def furnished_for_all(socket: Path) -> FakeAgent:
    """Return an agent that has something for every screen."""
    return furnish(furnished_to_look(socket))


async def home(look: Look, said: Said) -> None:
    await look.goes("Home")


async def operations(look: Look, said: Said) -> None:
    look.face.show_operations()
    await look.goes("Operations")


async def operation(look: Look, said: Said) -> None:
    look.face.show_operation(look.face.live.operations["cam0big0"])
    await look.goes("OperationScreen")
    await look.sees("1 of 100,000")


async def step(look: Look, said: Said) -> None:
    await operation(look, said)
    await look.press("enter")
    await look.goes("StepDetail")


async def review(look: Look, said: Said) -> None:
    await look.press("3", "enter")
    await look.goes("Review")


async def undo(look: Look, said: Said) -> None:
    look.face.acts.show_undo(look.face.live.operations["cam0big0"])
    await look.goes("Undo")
    await look.sees("99,896")


async def confirm(look: Look, said: Said) -> None:
    look.face.acts.approve(look.face.live.operations["firstbig"], Selection())
    await look.goes("Confirm")


async def where(look: Look, said: Said) -> None:
    await look.press("w")
    await look.goes("Where")
    await look.types("0042")
    await look.press("enter")
    await look.sees("found")


async def add(look: Look, said: Said) -> None:
    await look.press("a")
    await look.goes("AddFolder")


async def help_(look: Look, said: Said) -> None:
    await look.press("question_mark")
    await look.goes("Help")


async def palette(look: Look, said: Said) -> None:
    await look.press("ctrl+p")
    await look.goes("CommandPalette")


async def explain(look: Look, said: Said) -> None:
    look.face.looks.explain(said(INVOICE).encode("utf-8", "surrogateescape"))
    await look.goes("Explain")


async def folder(look: Look, said: Said) -> None:
    look.face.looks.folder(said("scans"))
    await look.goes("FolderScreen")


async def file(look: Look, said: Said) -> None:
    look.face.looks.preview(said(PHOTO).encode("utf-8", "surrogateescape"))
    await look.goes("FileScreen")


async def mistakes(look: Look, said: Said) -> None:
    look.face.push_screen(Mistakes(msgspec.convert(MISTAKEN, ConfigState)))
    await look.goes("Mistakes")


async def duplicates(look: Look, said: Said) -> None:
    look.face.looks.duplicates(said("camera"))
    await look.goes("Duplicates")
    await look.sees("212")


async def alike(look: Look, said: Said) -> None:
    await duplicates(look, said)
    await look.press("2", "down")


async def conflicting(look: Look, said: Said) -> None:
    look.face.looks.conflicts(said("scans"))
    await look.goes("Conflicts")
    await look.sees("4 conflicts")


async def diagnostics(look: Look, said: Said) -> None:
    await look.press("f12")
    await look.goes("Diagnostics")


SCENES: tuple[Scene, ...] = (
    home,
    operations,
    operation,
    step,
    review,
    undo,
    confirm,
    where,
    add,
    help_,
    palette,
    explain,
    folder,
    file,
    mistakes,
    duplicates,
    alike,
    conflicting,
    diagnostics,
)

__all__ = ["REPORT", "SCENES", "Said", "Scene", "as_it_is", "furnish", "furnished_for_all"]
