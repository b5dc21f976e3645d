"""A FactReader for what people look at: its decoders start when they are first needed, and end when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.facts import FactReader
from core.stores.index import Index

IDLE_SECONDS = 30.0
"""After so long without a look the decoders end."""
LOOKS_AT_ONCE = 2

T = TypeVar("T")


class Readers:
    """Lends one FactReader to whoever looks into files for a person. Belongs to the event loop's thread."""

    def __init__(self, index: Index, idle: float = IDLE_SECONDS) -> None:
        self._index = index
        self._idle = idle
        self._threads = ThreadPoolExecutor(LOOKS_AT_ONCE, "look")
        self._facts: FactReader | None = None
        self._looking = 0
        self._ending: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Future[None]] = set()

    @property
    def is_resting(self) -> bool:
        """Whether there is no decoder at all."""
        return self._facts is None

    async def use(self, act: Callable[[FactReader], T]) -> T:
        """Run something that reads files' facts, in a thread; it may raise what it likes."""
        if self._facts is None:
            self._facts = FactReader(self._index, decoders=LOOKS_AT_ONCE)
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self._looking += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, act, self._facts)
        finally:
            self._looking -= 1
            if not self._looking:
                self._ending = loop.call_later(self._idle, self._rest)

    def _rest(self) -> None:
        facts, self._facts, self._ending = self._facts, None, None
        if facts is not None:
            closing = asyncio.get_running_loop().run_in_executor(self._threads, facts.close)
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End the decoders for good."""
        if self._ending is not None:
            self._ending.cancel()
        self._rest()
        await asyncio.to_thread(self._threads.shutdown)
