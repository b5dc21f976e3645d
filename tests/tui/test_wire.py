"""Bytes on the wire: what a key, a page and a beat of something that runs may cost, on a line of 64 kbit/s.

The sizes are of a terminal of 80x24 with 256 colours. Over such a line 700 bytes take a tenth of a second.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.model import Counts, Event, Progress
from tests.tui.fake_agent import FakeAgent, moves
from tests.tui.home_server import CAMERA, operation, progress
from tests.tui.pseudo_terminal import PseudoTerminal, terminal

BEATS_A_SECOND = 2
BUSY_BYTES_A_SECOND = 3000
KEY_BYTES = 1200
PAGE_BYTES = 5000
FIRST_SCREEN_BYTES = 9000


def at(done: int) -> Progress:
    """Return the progress of a large operation, its newest moves other ones each time."""
    recent = [
        (f"IMG_{done + number}.HEIC", f"Pictures/2026/2026-{done % 12 + 1:02}/IMG_{done + number}.HEIC")
        for number in range(4)
    ]
    return replace(progress(done, 100_000), rate=3000.0 + done % 977, remaining=(100_000 - done) / 3000, recent=recent)


async def beats(agent: FakeAgent, there: PseudoTerminal, number: int) -> int:
    """Let something run for so many beats; return the bytes of all of them."""
    before = len(there.bytes)
    for beat in range(1, number + 1):
        await agent.tell(Event(type="progress", progress=at(beat * 1531)))
        assert await there.speaks()
    await there.rests()
    return len(there.bytes) - before


async def test_something_that_runs_costs_little(agent: FakeAgent) -> None:
    agent.put(operation("cam2runs", 90, state="running", counts=Counts(planned=100_000)), moves(100_000, CAMERA))
    async with terminal(agent.socket, beat=0.02) as there:
        await there.shows("watching", "organize camera")
        await there.rests()
        home = await beats(agent, there, 20) / 20
        assert 0 < home * BEATS_A_SECOND <= BUSY_BYTES_A_SECOND, f"{home:.0f} bytes a beat at home"
        await there.answers(b"2\r", "100,000")
        alone = await beats(agent, there, 20) / 20
        assert 0 < alone * BEATS_A_SECOND <= BUSY_BYTES_A_SECOND, f"{alone:.0f} bytes a beat in the operation"
        await there.answers(b"f", "follow")
        followed = await beats(agent, there, 20) / 20
        assert followed * BEATS_A_SECOND <= 2 * BUSY_BYTES_A_SECOND, f"{followed:.0f} bytes a beat while followed"


async def test_keys_and_pages_come_soon_over_a_slow_line(agent: FakeAgent) -> None:
    del agent.progress["cam2runs"], agent.operations["cam2runs"]
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        await there.rests()
        assert len(there.bytes) <= FIRST_SCREEN_BYTES
        cost = {key: await there.answers(key, "▸") for key in (b"j", b"j", b"k", b"4")}
        assert max(cost.values()) <= KEY_BYTES, cost
        there.type(b"\x1b[B\x1b[B\x1b[B")
        await there.rests()
        assert await there.answers(b"\r", "100,000") <= PAGE_BYTES
        cost = {key: await there.answers(key, "▸") for key in (b"j", b"\x1b[B", b"k")}
        assert max(cost.values()) <= KEY_BYTES, cost
        pages = {key: await there.answers(key, "IMG_") for key in (b"\x1b[6~", b"\x04", b"G", b"g")}
        assert max(pages.values()) <= PAGE_BYTES, pages


@pytest.mark.parametrize(
    "keys", [b"", *(pytest.param(keys, marks=pytest.mark.heavy) for keys in (b"l", b"?", b"w", b"4\r"))]
)
async def test_while_nothing_happens_nothing_is_sent(agent: FakeAgent, keys: bytes) -> None:
    del agent.progress["cam2runs"], agent.operations["cam2runs"]
    async with terminal(agent.socket) as there:
        await there.shows("watching")
        await there.rests()
        if keys:
            there.type(keys)
            await there.rests()
        assert not await there.speaks(2.5)  # longer than any beat, blink or tick
