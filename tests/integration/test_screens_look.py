"""Looking and deciding over a real agent: a first folder, a config edited by hand, duplicates cleared and back."""

from __future__ import annotations

import asyncio
import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from core.config import load_config
from tests.agents import AgentUnderTest
from tests.trees import build, read
from tests.tui.looking import Look, looking
from tests.tui.pseudo_terminal import terminal
from tui.surroundings import Surroundings
from tui.widgets.picture import UPPER
from tui.widgets.picture_card import PictureCards

AROUND = replace(Surroundings.real(), burst=0.0, beat=0.05, retry=0.05)


@pytest.mark.heavy
async def test_a_newcomer_adds_a_folder_and_approves_its_first_plan(agent: AgentUnderTest) -> None:
    mess = agent.home / "mess"
    build(mess, {"letter.txt": "dear", "song.mp3": "not really", "plain.bin": "\0"})
    agent.config.unlink()
    agent.environment["XDG_CONFIG_HOME"] = str(agent.home / "xdg")
    with agent.running():
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.sees("Nothing is watched yet.")
            await look.press("a")
            await look.goes("AddFolder")
            await look.types(f"{agent.home}/me")
            await look.press("tab")
            await look.until(lambda: str(mess) + "/" in look.text or "mess/" in look.text)
            await look.press("enter")
            await look.goes("TryFolder")
            await look.sees("2 files have a place, 1 stay", "Watch it")
            assert not (agent.home / "xdg").exists() and (mess / "letter.txt").exists()
            await look.press("enter")  # the button at hand changes nothing
            await look.goes("AddFolder")
            await look.press("enter")
            await look.goes("TryFolder")
            await look.sees("2 files have a place")
            await look.press("m", "tab", "enter")
            await look.goes("Home")
            await look.sees("mess", "Waiting for you", "first pass")
            made = load_config(agent.home / "xdg/shelver/config.toml").folders
            assert [(folder.path, folder.mode) for folder in made] == [(bytes(mess), "auto")]
            await look.press("e")
            await look.goes("AskFile")
            await look.press("ctrl+u")
            await look.types(f"{mess}/letter.txt")
            await look.press("enter")
            await look.goes("Explain")
            await look.sees("goes to", "documents", "letter.txt")
            await look.press("p")
            await look.goes("FileScreen")
            await look.sees("dear")


async def test_a_config_is_edited_its_mistakes_are_told_and_the_agent_reads_it_again(agent: AgentUnderTest) -> None:
    build(agent.home / "dl", {})
    agent.folder("dl", agent.home / "dl")
    marks = agent.home / "seen"
    editor = agent.home / "editor"
    editor.write_text(
        f"#!{sys.executable}\n"
        "import sys, pathlib\n"
        "config, seen = pathlib.Path(sys.argv[-1]), pathlib.Path(sys.argv[1])\n"
        "turn = len(seen.read_text().splitlines()) if seen.exists() else 0\n"
        "seen.open('a').write(' '.join(sys.argv[2:-1]) + '\\n')\n"
        "text = config.read_text().replace('colour = 1\\n', '')\n"
        "print('THE EDITOR')\n"
        "config.write_text(text + 'colour = 1\\n' if not turn else text.replace('\"dl\"', '\"renamed\"', 1))\n"
    )
    editor.chmod(0o700)
    around = {"VISUAL": "", "EDITOR": f"{editor} {marks}"}
    with agent.running():
        async with terminal(agent.state.socket, beat=0.05, environment=around) as there:
            await there.shows("dl")
            there.type(b"r")
            await there.shows("pictures and videos")
            there.type(b"E")
            await there.shows("1 mistake in", "The agent goes on with the config as it was before.", "colour = 1")
            await there.rests()
            there.type(b"\r")
            await there.shows("dl is in the config no more")
            there.type(b"\x1b")
            await there.shows("renamed")
            there.type(b"q")
            assert await there.ends() == 0
    assert marks.read_text() == "\n\n"
    assert [folder.name for folder in load_config(agent.config).folders] == ["renamed"]


def jpeg(size: tuple[int, int], quality: int) -> bytes:
    """Return a picture of a hill before a sky, as it is at any size."""
    width, height = size
    picture = Image.new("RGB", size)
    for y in range(height):
        for x in range(width):
            hill = y > height * (0.5 + 0.3 * ((x / width) - 0.5) ** 2 + 0.1 * (x > width * 0.7))
            picture.putpixel((x, y), (40, 90 + 80 * x // width, 40) if hill else (120, 160 + 60 * y // height, 230))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


async def planned_and_approved(look: Look) -> None:
    await look.press("enter")
    await look.goes("OperationScreen")
    await look.sees("waits for you")
    await look.press("a")
    await look.until(lambda: look.place == "Confirm" or "trashed" in look.text)  # a few in view are approved at once
    if look.place == "Confirm":
        await look.press("tab", "enter")
    await look.until(lambda: look.place == "OperationScreen" and "trashed" in look.text)


async def test_duplicates_are_looked_for_cleared_and_brought_back(agent: AgentUnderTest) -> None:
    pictures = agent.home / "pictures"
    hill = jpeg((320, 240), 95)
    build(pictures, {"deep": {"hill.jpg": hill}, "hill-copy.jpg": hill, "small.jpg": jpeg((160, 120), 70)})
    agent.folder("pictures", pictures, "[[rule]]", 'name = "none"', 'match = { ext = "x" }', 'to = "x/"')
    before = read(pictures)
    with agent.running():
        await asyncio.to_thread(agent.passed, "pictures")
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.press("d")
            await look.goes("Duplicates")
            await look.sees("1 group, 1 file too many", "2 alike 1", "can be freed", "stays", "goes")
            await planned_and_approved(look)
            left = [path for path in read(pictures) if path.endswith(b".jpg") and b".shelver-trash" not in path]
            assert len(left) == 2
            await look.sees("u undo")
            await look.press("u")
            await look.goes("Undo")
            await look.sees("Undo 1 file")
            await look.press("tab", "enter")
            await look.until(lambda: read(pictures) == before)
            await look.press("escape", "escape")
            await look.goes("Duplicates")
            await look.press("2")
            await look.sees("1 group of pictures that look alike", "320x240", "160x120", UPPER * 4)
            await look.press("tab", "right", "space")
            await look.until(lambda: look.one(PictureCards).cursor == 1)
            await look.sees("1 chosen")
            await look.press("escape")
            await planned_and_approved(look)
            assert (pictures / "small.jpg").exists()


async def test_where_puts_one_file_back(agent: AgentUnderTest, downloads: Path) -> None:
    build(downloads, {"one.txt": "1", "two.txt": "2"})
    before = read(downloads)
    with agent.running():
        proposal = await asyncio.to_thread(agent.newest, "proposed")
        await asyncio.to_thread(agent.post, f"/api/v1/operations/{proposal['id']}/approve")
        await asyncio.to_thread(agent.rested, proposal["id"])
        await asyncio.to_thread(agent.newest, "completed")
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.press("w")
            await look.types("one")
            await look.press("enter")
            await look.sees("1 file found", "last seen in", "moved")
            await look.press("u")
            await look.goes("Undo")
            await look.sees("Undo 1 file")
            await look.press("tab", "enter")
            await look.goes("OperationScreen")
            await look.until((downloads / "one.txt").exists)
        after = read(downloads)
        assert after[b"one.txt"] == before[b"one.txt"] and b"two.txt" not in after
