"""The screens over a real agent and real files: looked at, approved, and taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.agents import AgentUnderTest
from tests.trees import build, read
from tests.tui.looking import looking
from tui.surroundings import Surroundings
from tui.widgets.paged_list import PagedList

AROUND = replace(Surroundings.real(), burst=0.0, beat=0.05, retry=0.05)


async def test_a_proposal_is_looked_at_approved_and_undone(agent: AgentUnderTest, downloads: Path) -> None:
    build(downloads, {"report [b].txt": "a", "\x1b]52;c;x\x07.json": "{}", b"\xff.zip": "z", "notes": {"in.txt": "n"}})
    before = read(downloads)
    with agent.running():
        proposal = await asyncio.to_thread(agent.newest, "proposed")
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.sees("Waiting for you", "first pass")
            await look.press("3", "enter")
            await look.goes("OperationScreen")
            await look.sees("report [b].txt", "\\x1b]52;c;x\\x07.json", "\\xff.zip", "to move")
            await look.press("a")  # all of it is in view: one key is enough
            await look.until(lambda: look.face.live.operations[proposal["id"]].state == "completed")
            await look.sees("moved", "done")
            assert not (downloads / "report [b].txt").exists()

            await look.press("slash")
            await look.types("zip")
            await look.press("enter")
            await look.until(lambda: look.one(PagedList).total == 1)
            await look.press("slash", "escape")

            await look.press("u")
            await look.goes("Undo")
            await look.sees("go back to where they were", "Undo 3 files")
            await look.press("tab", "enter")
            await look.goes("OperationScreen")
            await look.sees("undo dl", "restored")
            await look.until(lambda: look.face.live.operations[proposal["id"]].undone_by)
        assert read(downloads) == before
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.press("w")
            await look.types("report")
            await look.press("enter")
            await look.sees("report [b].txt", "1 file found")


async def test_organizing_by_hand_shows_the_plan_first(agent: AgentUnderTest, tmp_path: Path) -> None:
    mess = tmp_path / "mess"
    build(mess, {"song.mp3": "not really", "letter.txt": "dear"})
    agent.folder("mess", mess, 'mode = "review"')
    with agent.running():
        await asyncio.to_thread(agent.newest, "proposed")
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.press("o")
            await look.goes("OperationScreen")
            await look.sees("waits for you", "letter.txt", "a preview")
            assert (mess / "letter.txt").exists()
            await look.press("a")
            await look.until(lambda: not (mess / "letter.txt").exists())
            await look.press("escape")
            await look.goes("Home")
            await look.press("P")
            await look.sees("paused")
            await look.press("P")
            await look.sees("watching")


async def test_a_big_first_pass_is_reviewed_without_some_undone_in_part_and_redone(
    agent: AgentUnderTest, tmp_path: Path
) -> None:
    mess = tmp_path / "mess"
    rules = ("Music", "mp3"), ("Tables", "csv")
    build(mess, {f"{number:03}.{ending}": ending for number in range(40) for _, ending in rules})
    before = read(mess)
    agent.folder("mess", mess, *(f"[[rule]]\nname = {n!r}\nmatch = {{ ext = {e!r} }}\nto = '{n}/'" for n, e in rules))
    with agent.running():
        await asyncio.to_thread(agent.newest, "proposed")
        async with looking(agent.state.socket, around=AROUND) as look:
            await look.press("3", "enter")
            await look.goes("Review")
            await look.sees("80 files into 2 folders", "Music/", "Tables/")
            await look.press("space", "enter", "space")  # no music; and one of the tables stays
            await look.press("escape", "a")
            await look.goes("Confirm")
            await look.sees("39 of 80 files")
            await look.press("tab", "enter")
            await look.goes("OperationScreen")
            await look.sees("39 moved, 41 skipped")
            assert not (mess / "Music").exists()
            assert len(list((mess / "Tables").iterdir())) == 39

            await look.press("slash")
            await look.types("007.csv")
            await look.press("enter")
            await look.until(lambda: look.one(PagedList).total == 1)
            await look.press("space", "u")
            await look.goes("Undo")
            await look.sees("Undo 1 file", "Possible until")
            await look.press("tab", "enter")
            await look.sees("undo mess", "1 restored", "u redo")
            assert (mess / "007.csv").exists()

            await look.press("u")
            await look.goes("Undo")
            await look.sees("Redo 1 file")
            await look.press("tab", "enter")
            await look.until(lambda: not (mess / "007.csv").exists())
        assert {path for path in read(mess) if not path.startswith(b"Tables")} == {
            path for path in before if path.endswith(b".mp3") or path == b"000.csv"
        }
