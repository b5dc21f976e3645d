"""Adding a folder: the path, what the rules would do there, and only then the config."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.tui.fake_agent import FakeAgent
from tests.tui.looking import Look, looking
from tests.tui.looks_server import MESS, MESSY, furnished_to_look
from tests.tui.test_hostile import assert_clean
from tui.screens.confirm import Choice
from tui.widgets.path_input import PathEntry, offers, typed_path


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[FakeAgent]:
    async with furnished_to_look(tmp_path / "agent.sock") as agent:
        yield agent


async def tried(look: Look) -> None:
    await look.press("a")
    await look.goes("AddFolder")
    await look.types("~/Mess")
    await look.press("enter")
    await look.goes("TryFolder")


async def test_what_the_rules_would_do_is_seen_before_anything_is_written(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await tried(look)
        await look.sees("1,893 files have a place, 107 stay", "of the first 2,000 of 4,212 files")
        await look.sees("stay: open in another program", "IMG_2041.HEIC", "Pictures/2026/2026-11/")
        await look.sees("It becomes “mess” in ~/.config/shelver/config.toml")
        await look.press("enter")  # Cancel is at hand
        await look.goes("AddFolder")
        assert [path for _, path, _ in agent.acts()] == ["/folders/preview"]
        assert look.one(PathEntry).value == "~/Mess"
        await look.press("escape")
        await look.goes("Home")


async def test_a_folder_that_is_wanted_is_watched(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await tried(look)
        await look.sees("Watch it", "ask first")
        await look.press("m", "tab", "enter")
        await look.goes("Home")
        await look.sees("mess", "~/Mess")
    assert agent.acts()[-1] == ("POST", "/folders", {"path": MESS, "mode": "auto"})


async def test_a_pasted_burst_confirms_nothing(agent: FakeAgent) -> None:
    async with looking(agent.socket, burst=60.0) as look:
        look.face.looks.add_folder()
        await look.goes("AddFolder")
        look.one(PathEntry).value = "~/Mess"
        await look.press("enter")
        await look.goes("TryFolder")
        await look.sees("have a place")
        await look.press("tab", "enter", "enter")
        await look.pilot.pause()
        assert look.place == "TryFolder"
    assert all(path != "/folders" for _, path, _ in agent.acts())


async def test_a_config_that_cannot_be_written_shows_the_lines_to_paste(agent: FakeAgent) -> None:
    agent.looks.prospects[MESS] = MESSY | {"obstacle": "/etc/shelver cannot be written by the agent"}
    async with looking(agent.socket) as look:
        await tried(look)
        await look.sees("/etc/shelver cannot be written", "[[folder]]", 'path = "~/Mess"')
        assert look.face.screen.query_one("#yes", Choice).disabled
        await look.press("y")
        await look.sees("Sent to the terminal's clipboard.")


async def test_what_is_no_folder_is_told_and_can_be_mended(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("a")
        await look.goes("AddFolder")
        await look.types("~/Nowhere")
        await look.press("enter")
        await look.goes("TryFolder")
        await look.sees("/home/lena/Nowhere is not a folder")
        await look.press("escape")
        await look.goes("AddFolder")
        assert look.one(PathEntry).has_focus


async def test_tab_completes_a_path_as_far_as_there_is_one_way(agent: FakeAgent, tmp_path: Path) -> None:
    for name in ("downloads", "documents", "music", ".hidden"):
        (tmp_path / "here" / name).mkdir(parents=True)
    (tmp_path / "here" / "a file").write_text("")
    async with looking(agent.socket) as look:
        await look.press("a")
        await look.goes("AddFolder")
        entry = look.one(PathEntry)
        entry.value = f"{tmp_path}/he"
        await look.press("tab")
        await look.until(lambda: entry.value == f"{tmp_path}/here/")
        await look.sees("documents/", "downloads/", "music/")
        assert ".hidden" not in look.text and "a file" not in look.text
        entry.value += "do"
        await look.press("tab")
        await look.until(lambda: entry.value == f"{tmp_path}/here/do")
        await look.press("w", "tab")
        await look.until(lambda: entry.value == f"{tmp_path}/here/downloads/")


async def test_hostile_names_are_offered_harmlessly_and_never_typed(agent: FakeAgent, tmp_path: Path) -> None:
    for name in (b"\x1b]52;c;x\x07", b"[b +", b"\xff\xfe", "\u202egpj".encode(), b"line\nbreak"):
        (tmp_path / "bad").mkdir(exist_ok=True)
        (tmp_path / "bad" / name.decode("utf-8", "surrogateescape")).mkdir()
    async with looking(agent.socket) as look:
        await look.press("a")
        await look.goes("AddFolder")
        entry = look.one(PathEntry)
        entry.value = f"{tmp_path}/bad/"
        await look.sees("\\x1b]52;c;x\\x07/", "\\xff\\xfe/", "\\u202egpj/", "line\\nbreak/")
        assert_clean(look)
        entry.value = f"{tmp_path}/bad/\x1b"
        await look.press("tab")
        await look.pilot.pause()
        assert entry.value == f"{tmp_path}/bad/\x1b"


def test_what_was_typed_becomes_an_absolute_path(tmp_path: Path) -> None:
    assert typed_path(" ~/Mess/ ", "/home/lena") == b"/home/lena/Mess"
    assert typed_path("~", "/home/lena") == b"/home/lena"
    assert typed_path("/a/../b", "/home/lena") == b"/b"
    assert typed_path("  ", "/home/lena") == typed_path("\udcff", "/home/lena") == b""
    (tmp_path / "one").mkdir()
    (tmp_path / "only.txt").write_text("")
    assert offers(f"{tmp_path}/on", "/x", files=True).names == ["one/", "only.txt"]
    assert offers(f"{tmp_path}/on", "/x", files=True).common == "on"
    assert offers(f"{tmp_path}/nowhere/x", "/x", files=True).names == ()
