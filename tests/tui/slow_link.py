"""A terminal at the end of a slow line: so many bits a second, and so long until they arrive."""

from __future__ import annotations

import asyncio
import os

from tests.tui.pseudo_terminal import PseudoTerminal

TICK = 0.02


class SlowTerminal(PseudoTerminal):
    """Takes no more than a line carries, late; keys leave late, too. What is too much waits at its sender.

    `bits`: a second, each way. `delay`: one way, in seconds.
    """

    bits = 64_000
    delay = 0.04

    def read(self) -> None:
        self._reading = True
        self._line = asyncio.create_task(self._carry())

    def stall(self) -> None:
        self._reading = False
        if hasattr(self, "_line"):
            self._line.cancel()

    async def _carry(self) -> None:
        loop = asyncio.get_running_loop()
        os.set_blocking(self.master, False)
        carried, began = 0.0, loop.time()
        while self._reading:
            await asyncio.sleep(TICK)
            room = int((loop.time() - began) * self.bits / 8 - carried)
            try:
                data = os.read(self.master, room) if room > 0 else b""
            except BlockingIOError:
                carried, began = 0.0, loop.time()  # an idle line saves nothing up
                continue
            except OSError:
                return
            carried += len(data)
            loop.call_later(self.delay, self.arrived, data)

    def type(self, keys: bytes) -> None:
        asyncio.get_running_loop().call_later(self.delay, os.write, self.master, keys)
