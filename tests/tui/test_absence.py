"""The agent goes away, or hangs, and comes back: what is shown has an age, and nothing is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from core.model import Counts, Event
from tests.tui.fake_agent import FakeAgent
from tests.tui.home_server import NOW, operation, progress, surroundings
from tests.tui.looking import looking
from tests.tui.stalling_line import StallingLine
from tui import client


async def test_what_ran_for_long_is_not_forgotten_after_an_absence(agent: FakeAgent) -> None:
    """More came meanwhile than is asked for: what was under way is asked for by name."""
    async with looking(agent.socket) as look:
        await look.sees("61 %")
        look.face.show_operation(look.face.live.operations["cam2runs"])
        await look.sees("organize camera", "running")
        await agent.stop()
        await look.sees("out of reach")
        for number in range(200):
            agent.put(operation(f"new{number:05}", 200 + number, folder="scans", counts=Counts(planned=1, done=1)))
        del agent.progress["cam2runs"]
        agent.put(msgspec.structs.replace(agent.operations["cam2runs"], state="completed", counts=Counts(done=2118)))
        await agent.start()
        await look.sees("organize camera", "done", "2,118 moved")


async def test_a_list_of_operations_has_no_gap_after_an_absence(agent: FakeAgent) -> None:
    async with looking(agent.socket) as look:
        await look.press("l")
        await look.goes("Operations")
        await look.sees("99,900")
        await agent.stop()
        await look.sees("out of reach")
        for number in range(250):
            agent.put(operation(f"new{number:05}", 200 + number, folder="scans", counts=Counts(planned=1, done=1)))
        await agent.start()
        await look.until(lambda: "out of reach" not in look.text)
        await look.press("G")
        await look.sees(f" {len(agent.operations)} ")


async def test_an_agent_that_hangs_is_noticed_and_its_picture_gets_an_age(
    agent: FakeAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped: its socket stays open, lets others in, and says nothing."""
    monkeypatch.setattr(client, "HEARTBEAT_SECONDS", 0.2)
    time = [NOW]
    around = replace(surroundings(), now=lambda: time[0])
    async with StallingLine(tmp_path / "line.sock", agent.socket) as line, looking(line.socket, around=around) as look:
        await look.sees("48,310 files", "61 %")
        line.stall()
        await look.sees("out of reach", "what you see is from 14:10:00, 0 s ago")
        time[0] += timedelta(minutes=3)
        await look.sees("what you see is from 14:10:00, 3 min ago", "48,310 files")
        agent.put(operation("absent00", 95, folder="scans", counts=Counts(planned=88, done=88)))
        await agent.tell(Event(type="operation", operation=agent.operations["absent00"]))
        line.flow()
        await look.sees("88 moved")
        await look.until(lambda: "out of reach" not in look.text)
        await agent.tell(Event(type="progress", progress=progress(1600)))
        await look.sees("75 %")
