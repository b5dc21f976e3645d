"""Diagnostics: the agent, this terminal, what goes over the wire between them, and what doctor finds."""

from __future__ import annotations

import os
import platform
from functools import partial
from importlib.metadata import version
from typing import ClassVar

from textual import constants
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from core.errors import ShelverError
from core.names import shown
from tui import words
from tui.asking import ask_anew
from tui.screens.place import Banner, Place
from tui.traffic import Traffic
from tui.widgets.board import Board, Row
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import EMPTY, Ends, Line, cut, fitted, folded, rule
from tui.widgets.still_board import StillBoard
from tui.wire import Status
from tui.wire_looks import Finding

NAME = 14
LEVEL = 9
"""Cells of a fact's name, and of how bad it is."""
LOOK_SECONDS = 2.0
"""Between two looks at how much goes over the wire."""

_LEVELS = {"ok": ("ok", "good"), "note": ("note", "accent"), "problem": ("problem", "bad")}
_SHOWN_OF_ENVIRONMENT = ("TERM", "COLORTERM", "TMUX", "SSH_CONNECTION", "LANG", "LC_ALL", "NO_COLOR")


class Diagnostics(Place):
    """What to look at, and to send along, when something is odd."""

    DEFAULT_CSS = """
    Diagnostics Ends { background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "again", "look again"),
        Binding("y", "copy", "copy all"),
        Binding("f12", "back", "back", show=False),
    ]
    AUTO_FOCUS = "StillBoard"

    def __init__(self, traffic: Traffic | None = None) -> None:
        super().__init__()
        self._traffic = traffic or Traffic()
        self._status: Status | None = None
        self._findings: list[Finding] | None = None
        self._trouble = ""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Hold one list of everything."""
        yield from super().compose()
        yield Ends(((" Diagnostics", "strong"),), id="title")
        yield Banner(id="banner")
        yield StillBoard(id="facts")
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask, and begin to count."""
        self._traffic.look(self.around.now())
        self.action_again()
        self._timer = self.set_interval(max(LOOK_SECONDS, self.around.beat), self._count)

    def on_screen_suspend(self) -> None:
        """Count nothing while nobody looks."""
        if self._timer is not None:
            self._timer.pause()

    def on_screen_resume(self) -> None:
        """Go on counting."""
        if self._timer is not None:
            self._timer.resume()
        super().on_screen_resume()

    def _count(self) -> None:
        self._traffic.look(self.around.now())
        self._draw()

    def action_again(self) -> None:
        """Have everything looked at anew."""
        self._findings, self._trouble = None, ""
        ask_anew(self, self._ask, "diagnostics")

    async def _ask(self) -> None:
        try:
            self._status = await self.face.agent.status()
            self._draw()
            self._findings = await self.face.inquiries.doctor()
        except ShelverError as error:
            self._trouble = str(error)
        self._draw()

    # -- drawing -----------------------------------------------------------------------------------------

    def live_changed(self) -> None:
        """Tell whether the agent is there."""
        self.tell_age(self.query_one(Banner))
        self._draw()

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        board = self.query_one(Board)
        width = max(board.scrollable_content_region.width - 2, 40)
        rows: list[Row] = []
        parts = {"Agent": self._agent(), "This terminal": self._terminal(), "Screens": self._screens()}
        for title, facts in parts.items():
            rows.append(_title(title))
            rows += [row for name, value in facts for row in _fact(title, name, value, width)]
            rows.append(_still(f"{title} gap", EMPTY))
        rows.append(_title("What doctor finds"))
        rows += self._found(width)
        board.show(rows)

    def _agent(self) -> list[tuple[str, str]]:
        status, live = self._status, self.live
        facts = [("socket", self.around.tilde(str(self.face.agent.socket)))]
        facts.append(("connection", "open" if live.connected else live.lost or "none yet"))
        if status is None:
            return facts
        started = status.agent.started
        since = f", up since {words.since(started, self.around.now())}" if started else ""
        workers = ", ".join(f"{worker.pid} {'at work' if worker.alive else 'starting'}" for worker in status.workers)
        return [
            *facts,
            ("agent", f"Shelver {status.version}, process {status.agent.pid}{since}"),
            ("worker", f"process {workers}" if workers else "none"),
            ("queue", f"{status.queue.interactive} in front, {status.queue.bulk} in bulk"),
            ("state", self.around.tilde(status.agent.state_dir)),
            ("you may", " and ".join(live.me.may) + (" (but --read-only)" if self.face.read_only else "")),
        ]

    def _terminal(self) -> list[tuple[str, str]]:
        face = self.face
        size = face.size
        colours = "none" if face.no_color else face.console.color_system or "none that can be told"
        return [
            ("size", f"{size.width}x{size.height} cells"),
            ("colours", f"{colours}, theme {face.theme}"),
            ("glyphs", "ASCII alone" if face.outfit.ascii else "all"),
            ("mouse", "taken" if face.outfit.mouse else "left to the terminal"),
            *around_told(),
        ]

    def _screens(self) -> list[tuple[str, str]]:
        return [
            ("versions", versions_told()),
            ("drawn", f"at most {constants.MAX_FPS} times a second"),
            ("written", self._traffic.told()),
        ]

    def _found(self, width: int) -> list[Row]:
        if self._trouble:
            return [_still(f"trouble {part}", ((f"  {part}", "bad"),)) for part in folded(self._trouble, width)]
        if self._findings is None:
            return [_still("looking", (("  Looking…", "dim"),))]
        names = min(max((len(shown(each.check)) for each in self._findings), default=0), width // 4)
        rows = []
        for number, each in enumerate(self._findings):
            rows += finding_rows(number, each, names, width)
        return rows

    # -- keys --------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Hand all of it to the terminal's clipboard, to send along."""
        board = self.query_one(Board)
        lines = ("".join(text for text, _ in row.draw(100)).rstrip() for row in board.rows)
        self.face.looks.copy("\n".join(map(shown, lines)).encode())


def versions_told() -> str:
    """Return what draws these screens, and in which version."""
    return f"Python {platform.python_version()}, Textual {version('textual')}, Rich {version('rich')}"


def around_told() -> list[tuple[str, str]]:
    """Return what the environment says of the terminal."""
    return [(name, shown(os.environ[name])) for name in _SHOWN_OF_ENVIRONMENT if name in os.environ]


def _title(title: str) -> Row:
    return Row(title, lambda width: rule(width, title), title, selectable=False)


def _still(key: str, line: Line) -> Row:
    return Row(key, partial(_drawn, line), line, selectable=False)


def _fact(title: str, name: str, value: str, width: int) -> list[Row]:
    first, *more = folded(value, max(width - NAME, 10))
    line: Line = ((f"{cut(name, NAME - 1):<{NAME}}", "dim"), (first, "text"))
    rows = [Row(f"{title} {name}", partial(_drawn, line), line)]
    return rows + [
        _still(f"{title} {name} {number}", ((" " * (NAME + 2), "text"), (part, "text")))
        for number, part in enumerate(more)
    ]


def finding_rows(number: int, found: Finding, names: int, width: int) -> list[Row]:
    """Return what was found, and what would help; `names`: the cells of what was looked at."""
    word, role = _LEVELS[found.level]
    room = max(width - LEVEL - names - 2, 10)
    first, *more = folded(found.message, room)
    line: Line = (
        (f"{word:<{LEVEL}}", role),
        (fitted(cut(found.check, names), names) + "  ", "dim"),
        (first, "text" if found.level != "ok" else "dim"),
    )
    indent = " " * (LEVEL + names + 4)
    rows = [Row(f"found {number}", partial(_drawn, line), line)]
    rows += [_still(f"found {number} {place}", ((indent, "text"), (part, "text"))) for place, part in enumerate(more)]
    if found.hint and found.level != "ok":
        hints = enumerate(folded(found.hint, room))
        rows += [_still(f"found {number} hint {place}", ((indent, "text"), (part, "accent"))) for place, part in hints]
    return rows


def _drawn(line: Line, width: int) -> Line:
    return line
