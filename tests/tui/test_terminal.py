"""The bytes on a real terminal: nothing harmful, nothing while idle, and an end when the terminal is gone."""

from __future__ import annotations

import gc
import os
import random
import signal
from pathlib import Path

import pytest

from core.errors import UsageError
from core.model import Counts
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import CAMERA, operation
from tests.tui.hostile import hostile_steps
from tests.tui.looking import looking
from tests.tui.pseudo_terminal import terminal
from tui import app
from tui import terminal as terminal_settings


async def test_no_name_acts_on_the_terminal_and_an_idle_screen_is_silent(agent: FakeAgent) -> None:
    del agent.progress["cam2runs"], agent.operations["cam2runs"]
    agent.put(operation("hostile0", 99, counts=Counts(planned=500, done=500)), hostile_steps(500, CAMERA))
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        await there.rests()
        assert not await there.speaks()
        for keys in (b"w", b"\x1b", b"\x10"):  # a line to type into, and the palette: no cursor blinks
            there.type(keys)
            await there.rests()
            assert not await there.speaks()
        there.type(b"\x1b")
        await there.rests()
        there.type(b"4")
        there.type(b"\r")
        await there.shows("of 500")
        for _ in range(12):
            there.type(b"\x1b[6~")
        await there.rests()
        there.type(b"q")
        assert await there.ends() == 0
        await there.shows("Shelver's agent goes on watching.")
        written = there.bytes.replace(b"\x1b]22;default\x07", b"")  # Textual's own: the shape of the pointer
        assert b"\x1b]" not in written and b"\x07" not in written  # no title, no clipboard, nothing of the kind
        text = there.bytes.decode("utf-8")
        assert not set(text) & set("\u202e\u2066\u009b\u009d\u009c\ufeff\x00\x7f\x08")


@pytest.mark.parametrize("through", [(), ("sh", "-c", "trap '' HUP; exec \"$@\"", "sh")])
async def test_a_terminal_that_is_gone_ends_the_screens(agent: FakeAgent, through: tuple[str, ...]) -> None:
    async with terminal(agent.socket, through=through) as there:
        await there.shows("watching")
        there.hang_up()
        assert await there.ends() != 0
    assert agent.acts() == []


@pytest.mark.parametrize("stalled", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_whoever_ends_them_gets_a_tidy_terminal(agent: FakeAgent, number: signal.Signals, stalled: bool) -> None:
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        await there.gets("\x1b[?1003h")
        await there.rests()
        if stalled:
            there.stall()
            for _ in range(200):  # each draws the whole screen: soon nothing more fits in between
                there.type(b"\x0c")
        before = len(there.bytes)
        there.process.send_signal(number)
        assert await there.ends() == 128 + number
        if not stalled:
            await there.gets("\x1b[?1003l", "\x1b[?1006l", "\x1b[?25h", "\x1b[?1049l", since=before)


async def test_quitting_leaves_a_tidy_terminal_and_says_that_the_work_goes_on(agent: FakeAgent) -> None:
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        before = len(there.bytes)
        there.type(b"q")
        assert await there.ends() == 0
        await there.gets("\x1b[?1003l", "\x1b[?1006l", "\x1b[?25h", "\x1b[?1049l", since=before)
        await there.shows("Shelver's agent goes on: 1 operation under way.")
    assert agent.acts() == []


async def test_without_the_mouse_the_terminal_is_told_so_and_never_asked_for_it(agent: FakeAgent) -> None:
    async with terminal(agent.socket, mouse=False) as there:
        await there.shows("watching")
        await there.rests()
        assert b"\x1b[?1003l" in there.bytes
        assert b"\x1b[?1000h" not in there.bytes and b"\x1b[?1003h" not in there.bytes


async def test_a_confused_terminal_is_drawn_again(agent: FakeAgent) -> None:
    del agent.progress["cam2runs"], agent.operations["cam2runs"]
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        await there.rests()
        drawn = there.screen.text
        there.screen.resize(80, 24)
        assert await there.answers(b"\x0c", "Shelver", "help") > 1500
        assert there.screen.text == drawn


async def test_a_terminal_that_changes_its_size_all_the_time_is_followed(agent: FakeAgent) -> None:
    chance = random.Random(22)
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        for _ in range(60):
            there.resize(chance.randint(1, 300), chance.randint(1, 100))
            there.type(chance.choice([b"j", b"l", b"\x1b[B", b"?", b"w", b"\x10", b"\r", b"u", b"\x1b[6~"]))
            await there.speaks(0.02)
        there.resize(80, 24)
        before = len(there.bytes)
        there.type(b"\x03")
        assert await there.ends() == 0, there.bytes[before:].decode(errors="replace")
        await there.shows("Shelver's agent goes on")


def test_where_there_is_no_terminal_it_says_what_works_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shelver status"):
        app.run(tmp_path / "agent.sock")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(UsageError, match="TERM=dumb"):
        app.run(tmp_path / "agent.sock")


@pytest.mark.parametrize("fails", ["chosen", "dressed", "end_with_the_terminal"])
def test_screens_that_fail_before_their_first_frame_leave_memory_looked_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fails: str
) -> None:
    def fail(*_: object) -> None:
        assert not gc.isenabled()
        raise UsageError("nothing comes of it")

    monkeypatch.setattr(app, "refuse_what_cannot_show", lambda: None)
    monkeypatch.setattr(terminal_settings, "settle", lambda _: None)
    monkeypatch.setattr(app, fails, fail)
    with pytest.raises(UsageError, match="nothing comes of it"):
        app.run(tmp_path / "agent.sock")
    assert gc.isenabled()


async def test_with_the_first_frame_memory_is_looked_through_again(bare: FakeAgent) -> None:
    gc.disable()
    try:
        async with looking(bare.socket) as look:
            await look.until(gc.isenabled)
    finally:
        gc.enable()
        gc.unfreeze()


def test_a_network_gets_few_frames_and_what_a_person_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTUAL_FPS", "TEXTUAL_SMOOTH_SCROLL", "TEXTUAL_ANIMATIONS"):
        monkeypatch.setenv(name, "")  # so that what is set here is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("SSH_CONNECTION", "::1 1 ::1 22")
    monkeypatch.setenv("TEXTUAL_FPS", "15")
    terminal_settings.settle("auto")
    assert (os.environ["TEXTUAL_FPS"], os.environ["TEXTUAL_SMOOTH_SCROLL"]) == ("15", "0")
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"


def test_the_last_line_says_that_the_work_goes_on() -> None:
    assert app.farewell(2, connected=True).startswith("Shelver's agent goes on: 2 operations under way.")
    assert app.farewell(0, connected=True) == "Shelver's agent goes on watching. `shelver` shows it again."
    assert "could not be reached" in app.farewell(0, connected=False)
